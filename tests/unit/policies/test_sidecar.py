"""What have our own containers of a Files stage said?"""

import pytest

from stagework.api.observed import PodView, Terminated
from stagework.policies.sidecar import (
    AtWork,
    Fenced,
    Kept,
    NotSaid,
    Said,
    fetch_lost_contact,
    fetched,
    is_without_sidecar,
    kept,
)
from tests.support.builders import files, make_job, make_pod, running, terminated

POD = terminated(make_pod(make_job()))
KILLED = Terminated(137, "Error")


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(files.keeping(POD), AtWork(), id="at work"),
        pytest.param(files.kept(POD, "{}"), Said("{}"), id="done"),
        pytest.param(files.kept(POD, "{}", 1), Said("{}"), id="failed, and says why"),
        pytest.param(
            files.keeping(POD, Terminated(0, "Completed", "{}")),
            Said("{}"),
            id="done, and started again since others live on",
        ),
        pytest.param(files.keeping(POD, KILLED), AtWork(), id="started again after a crash"),
        pytest.param(
            files.keeping(POD, Terminated(1, "Error", "cannot start: address in use")),
            AtWork(),
            id="started again after it could not start",
        ),
        pytest.param(files.kept(POD, exit_code=75), Fenced(), id="fenced"),
        pytest.param(files.keeping(POD, Terminated(75)), Fenced(), id="fenced, and started again"),
        pytest.param(
            files.kept(POD, exit_code=137),
            NotSaid("stagework-keep was killed before it was done"),
            id="killed",
        ),
        pytest.param(
            files.kept(POD, exit_code=137, reason="OOMKilled"),
            NotSaid(
                "stagework-keep was killed for its memory use: raise"
                " settings.files.resources.limits.memory"
            ),
            id="killed for its memory",
        ),
        pytest.param(
            files.kept(POD, exit_code=1),
            NotSaid("stagework-keep ended with exit code 1 and said nothing"),
            id="failed",
        ),
        pytest.param(POD, NotSaid("its container has left no report"), id="not there"),
    ],
)
def test_the_container_beside_the_stage(pod: PodView, expected: Kept) -> None:
    assert kept(pod) == expected


def test_in_a_pod_that_has_ended_nothing_is_at_work_any_more() -> None:
    waiting = files.not_fetched(POD, 0)

    assert kept(waiting) == NotSaid("its container has left no report")


def test_a_pod_from_before_there_were_helpers_speaks_for_itself() -> None:
    assert is_without_sidecar(running(make_pod(make_job())))
    assert not is_without_sidecar(files.keeping(POD))
    assert not is_without_sidecar(make_pod(make_job())), "no kubelet has reported anything"


def test_the_container_before_the_stage() -> None:
    pod = make_pod(make_job())

    assert fetched(files.not_fetched(pod, 2, "{}")) == "{}"
    assert fetched(files.fetching(pod)) == ""
    assert fetched(pod) == ""
    assert fetch_lost_contact(files.not_fetched(pod, 75))
    assert not fetch_lost_contact(files.not_fetched(pod, 1))
    assert not fetch_lost_contact(files.fetching(pod))
    assert not fetch_lost_contact(pod)
