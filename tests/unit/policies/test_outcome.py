"""Has the Pod ended, and how? A table of what the kubelet may report."""

from collections.abc import Callable

import msgspec
import pytest

from stagework.api.observed import ContainerState, ContainerStatus, PodView, Terminated
from stagework.api.text import MESSAGE_BYTES
from stagework.policies.outcome import (
    Deferred,
    Done,
    Ended,
    EndRules,
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

NO_PROGRAM = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc"
    ' create failed: unable to start container process: error during container init: exec: "pythn3"'
    ": executable file not found in $PATH: unknown"
)


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


def _judge(
    pod: PodView, mark: MarkSeen = NOTHING, *, exit_code: bool = False, limit: str = ""
) -> Ended | NotEnded:
    return judge_end(pod, mark, EndRules(exit_code, limit))


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
            Failed(
                "OutOfMemory",
                "killed for its memory use, with no limit of its own: set resources.limits.memory",
            ),
            id="killed for its memory",
        ),
        pytest.param(terminated(_pod(), 1), Failed("NonZeroExit", "exit code 1"), id="exit 1"),
        pytest.param(
            terminated(_pod(), 139), Failed("NonZeroExit", "exit code 139 (signal 11)"), id="crash"
        ),
        pytest.param(
            terminated(_pod(), 128, reason="StartError", message=NO_PROGRAM),
            Failed(
                "StartError",
                'exec: "pythn3": executable file not found in $PATH',
                final=True,
            ),
            id="no such program",
        ),
        pytest.param(
            terminated(_pod(), 127, reason="ContainerCannotRun", message="no such file"),
            Failed("StartError", "no such file", final=True),
            id="no such program, as another runtime says it",
        ),
        pytest.param(
            terminated(_pod(), 128, reason="StartError", message="context deadline exceeded"),
            Failed("StartError", "context deadline exceeded"),
            id="a node in trouble",
        ),
        pytest.param(
            terminated(_pod(), 128, reason="StartError"),
            Failed("StartError", "exit code 128", final=True),
            id="it cannot be started, without words",
        ),
        pytest.param(
            terminated(_pod(), 128), Failed("NonZeroExit", "exit code 128"), id="exit 128"
        ),
        pytest.param(
            terminated(_pod(), 255),
            Failed("NonZeroExit", "exit code 255"),
            id="above all signals",
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

    end = _judge(pod)
    assert isinstance(end, Failed)
    assert (end.reason, end.final) == ("NoCompletionMark", True)
    assert end.message == (
        "exit code 0, but no completion mark was written: write one with stagekit,"
        " or set contract: Files"
    )
    assert len(end.message) <= MESSAGE_BYTES, "the hint is not cut off in the status"
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


def test_a_memory_kill_under_a_limit_of_its_own_names_it_and_is_final() -> None:
    """The same limit again would be the same end again, whatever else happened to the node."""
    pod = disrupted(terminated(_pod(), 137, reason="OOMKilled"), "TerminationByKubelet")

    assert _judge(pod, limit="64Mi") == Failed(
        "OutOfMemory",
        "killed for its memory use; resources.limits.memory is 64Mi",
        final=True,
    )


TOO_LITTLE = "failed to create shim task: container init was OOM-killed (memory limit too low?)"


def test_too_little_memory_to_start_in_is_said_with_the_limit() -> None:
    pod = terminated(_pod(), 128, reason="StartError", message=TOO_LITTLE)

    assert _judge(pod, limit="4Mi") == Failed(
        "OutOfMemory", "too little memory to start in; resources.limits.memory is 4Mi", final=True
    )


def test_a_memory_kill_without_a_limit_on_a_node_under_pressure_is_an_interruption() -> None:
    pod = disrupted(terminated(_pod(), 137, reason="OOMKilled"), "TerminationByKubelet", "low")

    assert _judge(pod) == Interrupted("low")


OVER = 'Usage of EmptyDir volume "scratch" exceeds the limit "5Mi". '


@pytest.mark.parametrize("exit_code", [False, True], ids=["Mark", "ExitCode"])
@pytest.mark.parametrize("code", [0, 137])
@pytest.mark.parametrize(
    "text",
    [
        OVER,
        "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ",
        'Container stage exceeded its local ephemeral storage limit "10Mi". ',
    ],
)
def test_an_eviction_for_a_limit_of_its_own_is_a_failure(
    text: str, code: int, *, exit_code: bool
) -> None:
    evicted = terminated(_pod(), code, phase="Failed", pod_reason="Evicted", pod_message=text)

    for pod in (evicted, deleting(evicted)):
        assert _judge(pod, exit_code=exit_code) == Failed("OwnLimitExceeded", text.strip())


def test_an_eviction_for_a_limit_of_its_own_without_a_word_is_still_said() -> None:
    pod = terminated(_pod(), 137, pod_reason="Evicted")

    assert _judge(pod) == Failed("OwnLimitExceeded", "evicted for a limit of its own")


def test_an_eviction_with_a_disruption_is_an_interruption() -> None:
    pod = terminated(_pod(), 137, pod_reason="Evicted", pod_message="ephemeral-storage is low")

    assert _judge(disrupted(pod, "TerminationByKubelet", "low")) == Interrupted("low")


def test_an_eviction_before_the_container_has_a_report_is_judged_alike() -> None:
    refused = _failed(scheduled(_pod()), "Evicted", "The node had condition: [DiskPressure]. ")

    assert _judge(_failed(scheduled(_pod()), "Evicted", OVER)) == Failed(
        "OwnLimitExceeded", OVER.strip()
    )
    assert _judge(refused) == Interrupted("The node had condition: [DiskPressure]. ")
    disrupted_pod = disrupted(_failed(scheduled(_pod()), "Evicted", OVER), "X", "drained")
    assert _judge(disrupted_pod) == Interrupted("drained")


@pytest.mark.parametrize("exit_code", [False, True], ids=["Mark", "ExitCode"])
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "it refuses its input; no further attempt is made"),
        ("page 3 is\nempty", "page 3 is empty"),
    ],
)
def test_exit_code_2_means_refused_in_every_contract(
    written: str, said: str, *, exit_code: bool
) -> None:
    pod = terminated(_pod(), 2, message=written)
    mark = BAD if written and not exit_code else NOTHING

    assert _judge(pod, mark, exit_code=exit_code) == Failed(
        "InputRefused", f"exit code 2: {said}", final=True
    )


def test_exit_code_2_after_a_disruption_says_nothing() -> None:
    assert _judge(_drained(terminated(_pod(), 2))) == Interrupted("drained")


@pytest.mark.parametrize(
    ("code", "written", "sentence"),
    [
        (3, "disk is full on /data\n", "exit code 3: disk is full on /data"),
        (137, "no memory left", "exit code 137 (signal 9): no memory left"),
        (1, "\ufffd\ufffd\x00caf\ufffd", "exit code 1: ?? caf?"),
    ],
)
@pytest.mark.parametrize(
    ("mark", "exit_code"), [(NOTHING, True), (BAD, False)], ids=["ExitCode", "Mark"]
)
def test_what_a_failed_stage_wrote_is_part_of_the_sentence(
    mark: MarkSeen, code: int, written: str, sentence: str, *, exit_code: bool
) -> None:
    pod = terminated(_pod(), code, message=written)

    assert _judge(pod, mark, exit_code=exit_code) == Failed("NonZeroExit", sentence)


def test_of_a_mark_that_does_not_count_only_the_fault_is_said() -> None:
    foreign = MarkSeen(reason="ForeignCompletionMark", message="the mark is of attempt 1", bad=True)
    pod = terminated(_pod(), 1, message='{"v": 1, "attempt": 1}')

    assert _judge(pod, foreign) == Failed("NonZeroExit", "exit code 1: the mark is of attempt 1")


def test_exit_code_75_of_a_program_that_knows_nothing_of_us_is_a_failure() -> None:
    assert _judge(terminated(_pod(), 75), exit_code=True) == Failed("NonZeroExit", "exit code 75")


def test_exit_77_of_a_program_without_marks_says_that_there_was_nothing_to_do() -> None:
    done = Done(skipped=True, reason="NothingToDo", message="no new files")

    assert _judge(terminated(_pod(), 77, message="no new files\n"), exit_code=True) == done
    assert _judge(terminated(_pod(), 77)) == Failed("NonZeroExit", "exit code 77")
    interrupted = _judge(_drained(terminated(_pod(), 77)), exit_code=True)
    assert interrupted == Interrupted("drained"), "what was ended from outside has said nothing"


@pytest.mark.parametrize("reason", ["StartError", "ContainerCannotRun"])
def test_a_command_that_cannot_be_started_is_said_in_the_runtimes_words(reason: str) -> None:
    pod = terminated(_pod(), 128, reason=reason, message='exec: "nope": not found')

    assert _judge(pod, BAD) == Failed("StartError", 'exec: "nope": not found', final=True)
    silent = terminated(_pod(), 127, reason=reason)
    assert _judge(silent) == Failed("StartError", "exit code 127", final=True)


def test_the_backstops_deadline_is_said_though_the_container_has_a_report() -> None:
    pod = terminated(_pod(), 137, pod_reason="DeadlineExceeded")

    assert _judge(pod) == Failed("TimedOut", "the Pod's own deadline ended it")


def _with_init(pod: PodView, *ends: Terminated | None) -> PodView:
    containers = tuple(
        ContainerStatus(f"init-{number}", ContainerState(terminated=end))
        for number, end in enumerate(ends)
    )
    status = msgspec.structs.replace(pod.status, init_container_statuses=containers)
    return msgspec.structs.replace(pod, status=status)


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        ([Terminated(2)], "init container init-0 ended with exit code 2"),
        (
            [Terminated(0), Terminated(2, message="no mesh\n"), None],
            "init container init-1 ended with exit code 2: no mesh",
        ),
        (
            [Terminated(143), Terminated(1)],
            "init container init-1 ended with exit code 1",
        ),
        (
            [Terminated(137, "OOMKilled")],
            "init container init-0 ended with exit code 137 (killed for its memory use)",
        ),
    ],
    ids=["alone", "after another, with a word", "after a sidecar that was ended then", "memory"],
)
def test_a_failing_init_container_is_a_failure_with_its_name_and_exit_code(
    ends: list[Terminated | None], sentence: str
) -> None:
    pod = _with_init(_failed(scheduled(_pod())), *ends)

    assert _judge(pod) == Failed("InitContainerFailed", sentence)
    assert _judge(_drained(pod)) == Interrupted("drained")
    assert _judge(deleting(pod)) == Interrupted("the Pod was deleted while it ran")


def test_init_containers_that_ended_well_explain_nothing() -> None:
    pod = _with_init(_failed(scheduled(_pod()), "OutOfcpu", "not enough cpu"), Terminated(0))

    assert _judge(pod) == Interrupted("not enough cpu")


def test_an_init_container_that_failed_is_no_end_before_the_pod_has_ended() -> None:
    assert _judge(_with_init(scheduled(_pod()), Terminated(2))) == NotEnded()


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
        (MarkSeen("Deferred", message="m"), Deferred("EndpointUnavailable", "m")),
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
