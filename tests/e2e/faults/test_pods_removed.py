"""A stage's Pod is removed, politely or by force: another attempt follows, never beside it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import is_missed_or_again, stage_in, stage_is
from tests.support.cluster.witness import Witness

RECOVERED_SECONDS = 240.0
DRAIN = ("--force", "--delete-emptydir-data", "--timeout=90s")


def delete(space: Space, pod: str) -> None:
    space.kubectl("delete", "pod", pod, "--wait=false")


def delete_by_force(space: Space, pod: str) -> None:
    space.kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")


def evict(space: Space, pod: str) -> None:
    eviction: Document = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": space.namespace},
    }
    path = f"/api/v1/namespaces/{space.namespace}/pods/{pod}/eviction"
    space.commands.must("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def removed(
    space: Space,
    witness: Witness,
    measured: Measured,
    name: str,
    remove: Callable[[Space, str], None],
    **fields: Any,
) -> Document:
    """The stage after a Pod of its was removed and all went on."""
    space.apply(run_of(name, witness.stage("one", 20, **fields)))
    witness.wait_until_heard(name)
    pod = space.pod_of(name, "one")["metadata"]["name"]
    measured.begins()
    remove(space, pod)
    measured.seen(space, name, is_missed_or_again("one"), 60)
    space.wait_for(name, stage_is("one", state="Running", attempt=2), RECOVERED_SECONDS)
    measured.goes_on()
    stage = stage_in(space.wait_for_end(name, "Completed"), "one")
    assert (stage["attempt"], stage.get("failures", 0)) == (2, 0)
    assert witness.copies(name) == 1
    measured.ended("Completed, attempt 2", witness.copies(name))
    return stage


LONG = pytest.mark.long("its short one removes by force")


@pytest.mark.fault("Pod removed:")
@pytest.mark.parametrize(
    "remove",
    [
        pytest.param(delete_by_force, id="by force"),
        pytest.param(delete, id="deleted", marks=LONG),
        pytest.param(evict, id="evicted", marks=LONG),
    ],
)
def test_another_attempt_follows_that_costs_none(
    space: Space,
    witness: Witness,
    measured: Measured,
    remove: Callable[[Space, str], None],
) -> None:
    name = remove.__name__.replace("_", "-")
    stage = removed(space, witness, measured, name, remove)
    assert stage["earlier"][0]["reason"] in {"StageInterrupted", "Orphaned"}


@pytest.mark.fault("node drained, recovery: Fail")
@pytest.mark.alone("it drains a node", touches="nodes")
@LONG
def test_what_a_drain_removes_is_no_loss(
    space: Space, witness: Witness, server: Machine, home: str, measured: Measured
) -> None:
    def drain(of: Space, pod: str) -> None:
        selected = f"--pod-selector=job-name={pod.rpartition('-')[0]}"
        of.commands.must("drain", server.node, selected, *DRAIN)

    pool = falling_back(server.key, home)
    try:
        removed(space, witness, measured, "drained", drain, recovery="Fail", **pool)
    finally:
        space.commands.must("uncordon", server.node)
