"""Has a stage's Pod ended, and how? Judged from what the kubelet reports and from the mark.

In order of trust: (1) a verdict of our own that was recorded before the Pod was ended (the plan
reads it before it asks here); (2) a valid completion mark; (3) memory kill; (4) evidence of an
interruption from outside; (5) the exit code. Exit 0 without a mark is believed only for
`contract: ExitCode`, and never after a deletion: a process that handles SIGTERM and exits 0 has not
finished its work.
"""

from dataclasses import dataclass
from datetime import datetime

from stagekit import contract
from stagework.api import names
from stagework.api.observed import PodView, Terminated

_SHUTDOWN_REASONS = frozenset({"NodeShutdown", "Terminated", "Shutdown", "Evicted", "Preempting"})
"""`status.reason` of Pods that the kubelet ended for its node's sake."""
_SIGNALS = 128
"""Exit codes above this one are 128 + the number of the signal."""
_KILLED = _SIGNALS + 9
"""Ended by SIGKILL, which no process can answer."""


@dataclass(frozen=True)
class MarkSeen:
    """What the termination message said, already checked (policies.mark)."""

    outcome: str = ""
    """Succeeded, Failed, Refused, Skipped, Deferred; empty where there was no usable mark."""
    reason: str = ""
    message: str = ""
    bad: bool = False
    """True where there was a message that is no mark of this attempt."""


@dataclass(frozen=True)
class NotEnded:
    """Its process may still run."""


@dataclass(frozen=True)
class Done:
    """The work is done: commit it. `skipped` where the stage found nothing to do."""

    skipped: bool = False
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Failed:
    """The attempt failed; `final` means that trying again is of no use."""

    reason: str
    message: str
    final: bool = False


@dataclass(frozen=True)
class Interrupted:
    """Ended from outside: it costs no attempt."""

    message: str


@dataclass(frozen=True)
class Deferred:
    """It says that it cannot be done now, for a cause outside: it costs no attempt."""

    reason: str
    message: str


Ended = Done | Failed | Interrupted | Deferred


def termination(pod: PodView) -> Terminated | None:
    """The kubelet's report on the stage's container once it has ended."""
    state = pod.container(names.STAGE_CONTAINER)
    return state.terminated if state is not None else None


def finished_at(pod: PodView) -> datetime | None:
    """When the container ended."""
    report = termination(pod)
    return report.finished_at if report is not None else None


def judge_end(pod: PodView, mark: MarkSeen, *, exit_code_decides: bool) -> Ended | NotEnded:
    """How the Pod's attempt ended; NotEnded while no kubelet has said so."""
    report = termination(pod)
    if report is None:
        return _judge_without_report(pod)
    if mark.outcome:
        return judge_mark(mark)
    if report.reason == "OOMKilled":
        return Failed(names.OUT_OF_MEMORY, "killed for its memory use: raise resources.limits")
    evidence = interruption_evidence(pod, report)
    if evidence:
        return Interrupted(evidence)
    if report.exit_code != 0:
        return Failed(names.EXIT_CODE, _exit_text(report))
    if exit_code_decides:
        return Done()
    if mark.bad:
        return Failed(mark.reason, mark.message)
    return Failed(names.NO_COMPLETION_MARK, "exit code 0, but no completion mark was written")


def judge_mark(mark: MarkSeen) -> Ended:
    """How an attempt ended by its own mark, or by the result that it had stored before that."""
    if mark.outcome in {contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED}:
        skipped = mark.outcome == contract.OUTCOME_SKIPPED
        return Done(skipped=skipped, reason=mark.reason, message=mark.message)
    if mark.outcome == contract.OUTCOME_DEFERRED:
        return Deferred(mark.reason or names.WAIT_DEFERRED, mark.message)
    refused = mark.outcome == contract.OUTCOME_REFUSED
    reason = mark.reason or (names.INPUT_REFUSED if refused else names.STAGE_REPORTED_FAILURE)
    return Failed(reason, mark.message, final=refused)


def _judge_without_report(pod: PodView) -> Ended | NotEnded:
    """No container report exists: trust only what proves that no process runs."""
    if pod.metadata.deletion_timestamp is not None and pod.spec.node_name == "":
        return Interrupted("the Pod was deleted before it had a node")  # it can get none any more
    if pod.status.phase != "Failed":
        return NotEnded()
    if pod.status.reason == "DeadlineExceeded":
        return Failed(names.TIMED_OUT, "the Pod's own deadline ended it")
    disruption = pod.condition("DisruptionTarget")
    if disruption is not None and disruption.reason == "DeletionByPodGC":
        return NotEnded()  # the control plane says so, not a kubelet: the process may live
    if pod.spec.node_name == "":
        return NotEnded()
    return Interrupted(pod.status.message or pod.status.reason or "the kubelet ended the Pod")


def interruption_evidence(pod: PodView, report: Terminated) -> str:
    """A sentence on what ended the container from outside; empty without evidence."""
    disruption = pod.condition("DisruptionTarget")
    if disruption is not None and disruption.status == "True":
        return disruption.message or disruption.reason
    if pod.status.reason in _SHUTDOWN_REASONS:
        return pod.status.message or pod.status.reason
    if pod.metadata.deletion_timestamp is not None:
        return "the Pod was deleted while it ran"
    if report.reason == "ContainerStatusUnknown":
        return "the node lost sight of the container"
    if report.exit_code == contract.EXIT_FENCED:
        return "it had lost contact with the API service and ended itself"
    return ""


def _exit_text(report: Terminated) -> str:
    if report.exit_code == _KILLED:  # container runtimes miss memory kills on busy nodes
        return (
            f"exit code {_KILLED}: killed, and nobody deleted its Pod; most often this is for its"
            " memory use: raise resources.limits"
        )
    killed = report.exit_code > _SIGNALS
    signal = f" (signal {report.exit_code - _SIGNALS})" if killed else ""
    return f"exit code {report.exit_code}{signal}"
