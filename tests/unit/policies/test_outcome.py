"""Has the Pod ended, and how? A table of what the kubelet may report."""

from collections.abc import Callable

import msgspec
import pytest

from stagework.api.observed import PodView
from stagework.policies.outcome import (
    Deferred,
    Done,
    Ended,
    Failed,
    Interrupted,
    MarkSeen,
    NotEnded,
    finished_at,
    judge_end,
    judge_mark,
)
from tests.support.builders import (
    after,
    deleting,
    disrupted,
    make_job,
    make_pod,
    running,
    scheduled,
    terminated,
    ungated,
    unscheduled,
    waiting_for,
)

NOTHING = MarkSeen()
SUCCEEDED = MarkSeen("Succeeded")
BAD = MarkSeen(reason="BadCompletionMark", message="not JSON", bad=True)


def _pod() -> PodView:
    return make_pod(make_job())


def _undisturbed(pod: PodView) -> PodView:
    return pod


def _preempted(pod: PodView) -> PodView:
    return disrupted(pod, "PreemptionByScheduler")


def _drained(pod: PodView) -> PodView:
    return disrupted(pod, "EvictionByEvictionAPI", "drained")


def _tainted(pod: PodView) -> PodView:
    return disrupted(pod, "DeletionByTaintManager")


def _judge(pod: PodView, mark: MarkSeen = NOTHING, *, exit_code: bool = False) -> Ended | NotEnded:
    return judge_end(pod, mark, exit_code_decides=exit_code)


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(_pod(), id="held"),
        pytest.param(ungated(_pod()), id="waits for the scheduler"),
        pytest.param(unscheduled(_pod()), id="cannot be scheduled"),
        pytest.param(waiting_for(_pod(), "ImagePullBackOff"), id="image cannot be pulled"),
        pytest.param(running(_pod()), id="runs"),
        pytest.param(deleting(running(_pod())), id="runs and is being deleted"),
        pytest.param(deleting(scheduled(_pod())), id="has a node and is being deleted"),
        pytest.param(disrupted(running(_pod()), "EvictionByEvictionAPI"), id="runs, to be evicted"),
    ],
)
@pytest.mark.parametrize("mark", [NOTHING, SUCCEEDED], ids=["no mark", "mark"])
@pytest.mark.parametrize("exit_code", [False, True], ids=["Mark", "ExitCode"])
def test_nothing_has_ended_before_a_kubelet_says_so(
    pod: PodView, mark: MarkSeen, *, exit_code: bool
) -> None:
    assert _judge(pod, mark, exit_code=exit_code) == NotEnded()


def test_killed_by_nobody_we_know_says_what_is_most_often_the_cause() -> None:
    end = _judge(terminated(_pod(), 137))

    assert isinstance(end, Failed)
    assert end.reason == "NonZeroExit"
    assert end.message == (
        "exit code 137: killed, and nobody deleted its Pod; most often this is for its memory use:"
        " raise resources.limits"
    )


@pytest.mark.parametrize("exit_code", [0, 1, 137])
@pytest.mark.parametrize(
    "around",
    [
        pytest.param(_undisturbed, id="undisturbed"),
        pytest.param(deleting, id="deleted meanwhile"),
        pytest.param(_preempted, id="disrupted"),
    ],
)
def test_a_valid_mark_counts_whatever_else_happened(
    exit_code: int, around: Callable[[PodView], PodView]
) -> None:
    pod = around(terminated(_pod(), exit_code))

    assert _judge(pod, MarkSeen("Succeeded", "Fine", "ok")) == Done(reason="Fine", message="ok")
    assert _judge(pod, MarkSeen("Skipped", "NoAudio")) == Done(skipped=True, reason="NoAudio")


@pytest.mark.parametrize(
    ("mark", "end"),
    [
        pytest.param(
            MarkSeen("Failed", "FontMissing", "no Noto"),
            Failed("FontMissing", "no Noto"),
            id="its own reason",
        ),
        pytest.param(
            MarkSeen("Failed"), Failed("StageReportedFailure", ""), id="failed without a reason"
        ),
        pytest.param(
            MarkSeen("Refused", "EmptyImage", "give a PNG"),
            Failed("EmptyImage", "give a PNG", final=True),
            id="refused: no further attempt",
        ),
        pytest.param(
            MarkSeen("Refused"), Failed("InputRefused", "", final=True), id="refused without words"
        ),
    ],
)
def test_a_stage_may_report_its_own_failure(mark: MarkSeen, end: Failed) -> None:
    assert _judge(terminated(_pod(), 1), mark) == end


@pytest.mark.parametrize("exit_code", [False, True], ids=["Mark", "ExitCode"])
@pytest.mark.parametrize(
    ("pod", "end"),
    [
        pytest.param(
            terminated(_pod(), 137, reason="OOMKilled"),
            Failed("OutOfMemory", "killed for its memory use: raise resources.limits"),
            id="killed for its memory",
        ),
        pytest.param(terminated(_pod(), 1), Failed("NonZeroExit", "exit code 1"), id="exit 1"),
        pytest.param(
            terminated(_pod(), 139), Failed("NonZeroExit", "exit code 139 (signal 11)"), id="crash"
        ),
        pytest.param(
            terminated(_pod(), 128), Failed("NonZeroExit", "exit code 128"), id="exit 128"
        ),
        pytest.param(
            terminated(_pod(), 143),
            Failed("NonZeroExit", "exit code 143 (signal 15)"),
            id="SIGTERM from inside is no interruption",
        ),
    ],
)
def test_the_exit_code_tells_failures(pod: PodView, end: Failed, *, exit_code: bool) -> None:
    assert _judge(pod, exit_code=exit_code) == end


@pytest.mark.parametrize("exit_code", [False, True], ids=["Mark", "ExitCode"])
@pytest.mark.parametrize("code", [0, 1, 143])
@pytest.mark.parametrize(
    ("around", "message"),
    [
        pytest.param(deleting, "the Pod was deleted while it ran", id="deleted"),
        pytest.param(_drained, "drained", id="drained"),
        pytest.param(
            _tainted,
            "DeletionByTaintManager",
            id="tainted, without a message",
        ),
    ],
)
def test_an_end_from_outside_is_an_interruption(
    code: int, around: Callable[[PodView], PodView], message: str, *, exit_code: bool
) -> None:
    """Also with exit code 0: a process that handles SIGTERM and exits 0 has not finished."""
    pod = around(terminated(_pod(), code))

    assert _judge(pod, exit_code=exit_code) == Interrupted(message)


@pytest.mark.parametrize(
    ("pod_reason", "pod_message", "message"),
    [
        ("NodeShutdown", "", "NodeShutdown"),
        (
            "Terminated",
            "in response to imminent node shutdown",
            "in response to imminent node shutdown",
        ),
        ("Evicted", "The node was low on resource: memory", "The node was low on resource: memory"),
        ("Preempting", "", "Preempting"),
    ],
)
def test_a_kubelet_that_ends_a_pod_for_its_node_interrupts_it(
    pod_reason: str, pod_message: str, message: str
) -> None:
    pod = terminated(_pod(), 0, pod_reason=pod_reason, pod_message=pod_message)

    assert _judge(pod) == Interrupted(message)
    assert _judge(pod, exit_code=True) == Interrupted(message)


def test_a_container_that_the_node_lost_sight_of_was_interrupted() -> None:
    pod = terminated(_pod(), 137, reason="ContainerStatusUnknown")

    assert _judge(pod) == Interrupted("the node lost sight of the container")


def test_a_self_fenced_stage_was_interrupted() -> None:
    message = "it had lost contact with the API service and ended itself"

    assert _judge(terminated(_pod(), 75)) == Interrupted(message)


def test_a_disruption_that_did_not_happen_is_no_evidence() -> None:
    pod = disrupted(terminated(_pod(), 1), "PreemptionByScheduler")
    (only,) = pod.status.conditions
    calmed = msgspec.structs.replace(only, status="False")
    status = msgspec.structs.replace(pod.status, conditions=(calmed,))

    assert isinstance(_judge(msgspec.structs.replace(pod, status=status)), Failed)


def test_exit_0_without_a_mark_is_a_failure_but_for_exit_code_stages() -> None:
    pod = terminated(_pod(), 0)

    assert _judge(pod) == Failed(
        "NoCompletionMark", "exit code 0, but no completion mark was written"
    )
    assert _judge(pod, exit_code=True) == Done()


@pytest.mark.parametrize(
    ("code", "end"),
    [
        (0, Failed("BadCompletionMark", "not JSON")),
        (3, Failed("NonZeroExit", "exit code 3")),
    ],
)
def test_a_bad_mark_is_named_where_nothing_else_explains_the_end(code: int, end: Failed) -> None:
    assert _judge(terminated(_pod(), code), BAD) == end


def _failed(pod: PodView, reason: str = "", message: str = "") -> PodView:
    status = msgspec.structs.replace(pod.status, phase="Failed", reason=reason, message=message)
    return msgspec.structs.replace(pod, status=status)


@pytest.mark.parametrize(
    ("pod", "end"),
    [
        pytest.param(
            _failed(scheduled(_pod()), "OutOfcpu", "not enough cpu"),
            Interrupted("not enough cpu"),
            id="refused by the kubelet",
        ),
        pytest.param(
            _failed(scheduled(_pod())),
            Interrupted("the kubelet ended the Pod"),
            id="ended without a word",
        ),
        pytest.param(
            _failed(running(_pod()), "DeadlineExceeded"),
            Failed("TimedOut", "the Pod's own deadline ended it"),
            id="the backstop's deadline",
        ),
        pytest.param(
            disrupted(_failed(running(_pod())), "DeletionByPodGC"),
            NotEnded(),
            id="Pod GC is no proof: the process may live",
        ),
        pytest.param(_failed(ungated(_pod())), NotEnded(), id="failed without a node: no kubelet"),
        pytest.param(
            deleting(ungated(_pod())),
            Interrupted("the Pod was deleted before it had a node"),
            id="deleted before it had a node: it can get none any more",
        ),
    ],
)
def test_without_a_container_report_only_proofs_count(pod: PodView, end: Ended | NotEnded) -> None:
    assert _judge(pod) == end


def test_the_end_is_dated_by_the_kubelet() -> None:
    assert finished_at(terminated(_pod(), 0, finished=after(42))) == after(42)
    assert finished_at(running(_pod())) is None


@pytest.mark.parametrize(
    ("mark", "end"),
    [
        (MarkSeen("Succeeded", "Fine", "done"), Done(reason="Fine", message="done")),
        (MarkSeen("Skipped", "NoAudio"), Done(skipped=True, reason="NoAudio")),
        (MarkSeen("Failed", message="m"), Failed("StageReportedFailure", "m")),
        (MarkSeen("Failed", "NoFace", "m"), Failed("NoFace", "m")),
        (MarkSeen("Refused", message="m"), Failed("InputRefused", "m", final=True)),
        (MarkSeen("Refused", "EmptyImage", "m"), Failed("EmptyImage", "m", final=True)),
        (MarkSeen("Deferred", message="m"), Deferred("Deferred", "m")),
        (MarkSeen("Deferred", "EndpointUnavailable", "m"), Deferred("EndpointUnavailable", "m")),
        (MarkSeen("", message="m"), Failed("StageReportedFailure", "m")),
    ],
    ids=[
        "succeeded",
        "skipped itself",
        "failed",
        "failed for its own reason",
        "refused",
        "refused for its own reason",
        "deferred",
        "deferred for its own reason",
        "a stored result without an outcome",
    ],
)
def test_a_mark_or_a_stored_result_says_how_it_ended(mark: MarkSeen, end: Ended) -> None:
    assert judge_mark(mark) == end
