"""A program that hears no signal keeps a deleted run's machine no longer than any other."""

import pytest

from tests.e2e.test_files import script
from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of
from tests.support.cluster.waiting import eventually

pytestmark = pytest.mark.alone(
    "the operator asks before the garbage collector does, which an operator with many runs may not",
    touches="operator",
)


def test_a_deleted_run_frees_its_machine_soon_though_its_program_hears_no_signal(
    space: Space,
) -> None:
    space.apply(run_of("deaf", script("sleeps", "trap '' TERM; sleep 900")))
    space.wait_for_container("deaf", "sleeps", "running")
    pod = space.pod_of("deaf", "sleeps")["metadata"]
    space.kubectl("delete", "pipelinejob", "deaf")

    def stands() -> Document:
        return space.kubectl("get", "pod", pod["name"], "-o", "json").document()["metadata"]

    leaving = eventually(
        stands,
        lambda meta: "deletionTimestamp" in meta,
        seconds=30,
        otherwise=lambda: "its Pod is not being ended",
    )
    assert leaving["deletionGracePeriodSeconds"] <= 30
