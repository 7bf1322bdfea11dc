"""Is anybody behind an attempt? The 28 causes of lost work, row by row, and what follows."""

from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from stagework.policies.orphans import (
    Again,
    Evidence,
    GiveUp,
    Healthy,
    Orphan,
    Recovery,
    Rules,
    Suspected,
    Verdict,
    Wait,
    classify,
    recovery,
    sentence_of,
)
from tests.support.builders import T0, after

DEFAULT = Rules(timeout=timedelta(minutes=30))


def seen(pod: Any = "There", node: Any = "Ready", **changes: Any) -> Evidence:
    """An attempt as it is seen at T0; quiet unless told otherwise."""
    return Evidence(pod, node, T0, **changes)


class Case(NamedTuple):
    """One thing that can happen: what is seen of the attempt, and what it means."""

    what: str
    seen: Evidence
    verdict: Verdict
    follows: Recovery | None = None
    """Some minutes later; None: the engine goes on as ever."""


LOST, DELETED = Suspected("NodeLost", T0), Suspected("NodeDeleted", T0)
WAITS, AGAIN = Wait(after(1800)), Again(proved=True)

ATLAS: dict[str, Case] = {
    "1": Case("a node has lost its power", seen(node="NotReady"), LOST, WAITS),
    "1, an administrator says so": Case(
        "out-of-service taint",
        seen(node="NotReady", out_of_service=True),
        Orphan("NodeLost", "OutOfService"),
        AGAIN,
    ),
    "1, it is on again": Case(
        "another boot id",
        seen("Missing", booted=True),
        Orphan("NodeBooted", "NodeBooted"),
        AGAIN,
    ),
    "2": Case("the network is cut, the Pod still works", seen(node="NotReady"), LOST, WAITS),
    "2, the fence has fallen": Case(
        "90 s of silence",
        seen(node="NotReady", fenced=True),
        Orphan("NodeLost", "SelfFence"),
        AGAIN,
    ),
    "2, healed": Case("the node is ready again", seen(), Healthy()),
    "3": Case("the kubelet is stopped, containers live", seen(node="NotReady"), LOST, WAITS),
    "4": Case("the Node object is deleted, and its Pods", seen("Missing", "Gone"), DELETED, WAITS),
    "4, before its Pods": Case("the Node object is deleted", seen(node="Gone"), DELETED, WAITS),
    "5, the kubelet lives": Case(
        "a Pod is removed by force, its kubelet has heard of it",
        seen("Missing", kubelet_acted=True),
        Orphan("PodRemoved", "KubeletActed"),
        AGAIN,
    ),
    "5, just now": Case(
        "a Pod is removed by force", seen("Missing"), Suspected("PodRemoved", T0), WAITS
    ),
    "5, the kubelet is frozen": Case("likewise", seen("Missing", "NotReady"), LOST, WAITS),
    "6": Case(
        "deleted by hand, drained, preempted",
        seen("EndedFromOutside"),
        Orphan("Interrupted", "KubeletReport"),
        AGAIN,
    ),
    "6, drained, its Pod gone before anybody saw its end": Case(
        "the node is cordoned and ready, its kubelet has ended what was on it",
        seen("Missing", drained=True, kubelet_acted=True),
        Orphan("Interrupted", "KubeletActed"),
        AGAIN,
    ),
    "6, just now": Case(
        "likewise, and its kubelet may not have heard of it",
        seen("Missing", drained=True),
        Suspected("PodRemoved", T0),
        WAITS,
    ),
    "6, its Pod is there": Case(
        "cordoned, and not ready since",
        seen(node="NotReady", drained=True, kubelet_acted=True),
        LOST,
        WAITS,
    ),
    "6, the node has booted": Case(
        "cordoned, and off under it",
        seen("Missing", drained=True, kubelet_acted=True, booted=True),
        Orphan("NodeBooted", "NodeBooted"),
        AGAIN,
    ),
    "7, evicted by its node": Case(
        "the node is short of memory",
        seen("EndedFromOutside"),
        Orphan("Interrupted", "KubeletReport"),
        AGAIN,
    ),
    "7, out of memory": Case("a limit of its own: a failure", seen("Ended"), Healthy()),
    "8": Case(
        "graceful shutdown, exit 0 without a mark",
        seen("EndedFromOutside"),
        Orphan("Interrupted", "KubeletReport"),
        AGAIN,
    ),
    "9": Case(
        "a Job is deleted, its Pod too",
        seen("Missing", job_there=False, kubelet_acted=True),
        Orphan("JobRemoved", "KubeletActed"),
        AGAIN,
    ),
    "9, just now": Case(
        "a Job is deleted", seen("Missing", job_there=False), Suspected("JobRemoved", T0), WAITS
    ),
    "10": Case("a Job is deleted without its Pod", seen(job_there=False), Healthy()),
    "11": Case("the run is deleted: its Pods are ended first", seen(), Healthy()),
    "12": Case("the run is gone: nothing says to be at work", seen("None"), Healthy()),
    "13": Case("the Job was made, the status not written: adopted", seen("None"), Healthy()),
    "14": Case(
        "no Job and no Pod are there",
        seen("Missing", job_there=False, kubelet_acted=True),
        Orphan("JobRemoved", "KubeletActed"),
        AGAIN,
    ),
    "14, counted": Case(
        "the Job had counted its Pod",
        seen("Missing", counted=True),
        Orphan("PodRemoved", "KubeletReport"),
        AGAIN,
    ),
    "15": Case("the process hangs: timeoutSeconds ends it", seen(), Healthy()),
    "16": Case("no heartbeat ever came: likewise", seen(), Healthy()),
    "17": Case("it cannot start: startDeadlineSeconds ends that", seen(), Healthy()),
    "18": Case("it ends for ever on a dead node", seen(node="NotReady"), LOST, WAITS),
    "18, on a living node": Case("a finalizer of others", seen(), Healthy()),
    "19": Case("its namespace is ending", seen(), Healthy()),
    "20": Case("the operator was away for an hour", seen(), Healthy()),
    "21": Case("the API server is down: nothing new is seen", seen(), Healthy()),
    "22": Case("a watch is silent: what it showed last", seen(), Healthy()),
    "23": Case("a stale cache: likewise", seen(), Healthy()),
    "24": Case("etcd was restored, no Pod is on record", seen("None"), Healthy()),
    "25": Case("two operators: both see the same", seen(), Healthy()),
    "26": Case("clocks are wrong: none is needed", seen(), Healthy()),
    "27": Case("made again under its name: another uid", seen("None"), Healthy()),
    "28": Case(
        "alerts fail: the verdict is the same",
        seen(node="NotReady", out_of_service=True),
        Orphan("NodeLost", "OutOfService"),
        AGAIN,
    ),
}


@pytest.mark.parametrize("case", ATLAS.values(), ids=ATLAS)
def test_what_is_seen_is_told_by_its_name(case: Case) -> None:
    verdict = classify(case.seen)

    assert verdict == case.verdict
    if isinstance(verdict, Suspected | Orphan):
        assert recovery(verdict, DEFAULT, after(1799)) == case.follows


def test_every_cause_of_the_atlas_has_its_row() -> None:
    assert {int(row.split(",")[0]) for row in ATLAS} == set(range(1, 29))


@pytest.mark.parametrize("fenced", [False, True])
def test_a_machine_that_may_sleep_is_never_dead_by_silence(*, fenced: bool) -> None:
    verdict = classify(seen(node="NotReady", fenced=fenced, may_be_away=True))

    assert verdict == LOST
    rules = Rules(DEFAULT.timeout, replace=True, may_be_away=True)
    assert recovery(LOST, rules, after(10**6)) == Wait(None)


@pytest.mark.parametrize(
    ("evidence", "proof"),
    [
        ({"out_of_service": True}, "OutOfService"),
        ({"booted": True, "node": "Ready", "pod": "Missing"}, "NodeBooted"),
        ({"kubelet_acted": True, "node": "Ready", "pod": "Missing"}, "KubeletActed"),
    ],
)
def test_but_every_other_proof_counts_there_too(evidence: dict[str, Any], proof: str) -> None:
    verdict = classify(seen(**{"node": "NotReady", "may_be_away": True, **evidence}))

    assert isinstance(verdict, Orphan)
    assert verdict.proof == proof


def test_a_fence_proves_nothing_of_a_node_that_is_ready() -> None:
    """It has had an answer since."""
    assert classify(seen("Missing", fenced=True)) == Suspected("PodRemoved", T0)


def test_a_kubelet_that_has_acted_proves_nothing_of_a_pod_that_is_there() -> None:
    assert classify(seen(node="NotReady", kubelet_acted=True)) == LOST


@pytest.mark.parametrize(
    ("rules", "seconds", "follows"),
    [
        pytest.param(DEFAULT, 0, WAITS, id="at first"),
        pytest.param(DEFAULT, 1800, GiveUp(proved=False), id="it is given up, not replaced"),
        pytest.param(
            Rules(DEFAULT.timeout, fail=True), 1799, WAITS, id="a stage that shall fail waits too"
        ),
        pytest.param(Rules(timedelta(minutes=1)), 60, GiveUp(proved=False), id="its own limit"),
        pytest.param(Rules(DEFAULT.timeout, replace=True), 89, Wait(after(90)), id="replace waits"),
        pytest.param(
            Rules(DEFAULT.timeout, replace=True), 90, Again(proved=False), id="replace acts"
        ),
        pytest.param(
            Rules(timedelta(seconds=30), replace=True), 30, Again(proved=False), id="or earlier"
        ),
    ],
)
def test_without_proof_time_alone_begins_no_other_attempt(
    rules: Rules, seconds: int, follows: Recovery
) -> None:
    assert recovery(LOST, rules, after(seconds)) == follows


def test_what_is_proved_may_fail_if_the_stage_wants_that() -> None:
    verdict = Orphan("NodeLost", "OutOfService")

    assert recovery(verdict, Rules(DEFAULT.timeout, fail=True), T0) == GiveUp(proved=True)


def test_what_a_drain_has_ended_follows_again_all_the_same() -> None:
    verdict = Orphan("Interrupted", "KubeletReport")

    assert recovery(verdict, Rules(DEFAULT.timeout, fail=True), T0) == Again(proved=True)


def test_every_proof_has_a_sentence() -> None:
    proofs = ("KubeletReport", "KubeletActed", "NodeBooted", "OutOfService", "SelfFence")
    assert len({sentence_of(proof) for proof in proofs}) == len(proofs)
