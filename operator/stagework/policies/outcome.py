"""Has a stage's Pod ended, and how? Judged from what the kubelet reports and from the mark.

In order of trust: (1) a verdict of our own that was recorded before the Pod was ended (the plan
reads it before it asks here); (2) a valid completion mark; (3) a limit that the stage was given and
has broken: memory, or the Pod's own storage; (4) evidence of an interruption from outside; (5) what
the kubelet says of a container that it could not start, killed for memory or for the Pod's own
deadline; (6) the exit code. Exit 0 without a mark is believed only for `contract: ExitCode`, and
never after a deletion: a process that handles SIGTERM and exits 0 has not finished its work.

With `contract: Files` the exit code decides, and the mark is that of a container of ours. It counts
as (2) only where both say that the work is done: it has asked for the exit code when nothing had
ended the Pod from outside, and has stored the outputs. Exit 0 without it is a failure to keep them.

A failure is final where another attempt would be the same again: the same memory limit, a program
that ends well and writes no mark, an input that the stage refuses, a command that is not there. So
is one by an exit code that the stage does not name, where it names those that are tried again.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagekit import contract
from stagekit.errors import OutputsUnreadable
from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.observed import PodView, Terminated

_SHUTDOWN_REASONS = frozenset({"NodeShutdown", "Terminated", "Shutdown", "Evicted", "Preempting"})
"""`status.reason` of Pods that the kubelet ended for its node's sake."""
_PASSING = re.compile(
    r"timed? ?out|deadline exceeded|no space left|temporarily unavailable|resource busy"
    r"|cannot allocate memory|connection refused|transport is closing|ttrpc",
    re.IGNORECASE,
)
"""Troubles of a node, not of what it was to start."""
_SIGNALS = 128
"""Exit codes above this one are 128 + the number of the signal, of which there are 64."""
_KILLED = _SIGNALS + 9
"""Ended by SIGKILL, which no process can answer."""
_EVICTED = "Evicted"
_OF_THE_NODE = "The node "
"""So the kubelet begins where the node was short of something; else a limit of the Pod's own."""
_NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of a container whose process the runtime could not start."""
_NO_MEMORY = re.compile(r"OOM-killed|memory limit too low", re.IGNORECASE)
"""So the runtime says that its own first process in the container was killed (runc)."""
_DONE_CODES = {
    contract.EXIT_OK: contract.OUTCOME_SUCCEEDED,
    contract.EXIT_NOTHING_TO_DO: contract.OUTCOME_SKIPPED,
}
"""`contract: Files`: exit codes of a stage that is done, and how so."""
_UNREADABLE = f"Upload{OutputsUnreadable.reason}"
"""So the container beside a stage says that it left what can never be kept: its program would leave
the same again."""
_LOST_CONTACT = "it had lost contact with the API service and ended itself"
_SAID_BYTES = 300
"""Of what a stage has said about its end so much is told."""


@dataclass(frozen=True)
class EndRules:
    """What the stage was made with, as far as its end is judged by it."""

    by_exit_code: bool = False
    """`contract: ExitCode`: the exit code decides, and marks are not read."""
    memory_limit: str = ""
    """The container's memory limit; empty where it has none that we know of."""
    retried_codes: tuple[int, ...] | None = None
    """The exit codes that are tried again; None: all but those that are final by themselves."""
    files: bool = False
    """`contract: Files`: the exit code decides, and the mark says whether outputs are stored."""


@dataclass(frozen=True)
class MarkSeen:
    """What the termination message said, already checked (policies.mark)."""

    outcome: str = ""
    """Succeeded, Failed, Refused, Skipped, Deferred; empty where there was no usable mark."""
    reason: str = ""
    message: str = ""
    bad: bool = False
    """True where there was a message that is no mark of this attempt."""
    fenced: bool = False
    """`contract: Files`: the stage was ended because nobody had answered for too long."""
    missing: str = ""
    """`contract: Files`: why there is none."""


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


INTERRUPTED: Final = "Interrupted"
"""The cause of what a kubelet has reported to be ended from outside."""


@dataclass(frozen=True)
class Interrupted:
    """Ended from outside: it costs no attempt."""

    message: str
    cause: str = INTERRUPTED
    """See `policies/orphans.py`."""


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


def over(pod: PodView) -> bool:
    """Whether its container runs no more, or never will, however that came to pass."""
    if pod.finished or termination(pod) is not None:
        return True
    return pod.metadata.leaving and pod.spec.node_name == ""


def judge_end(pod: PodView, mark: MarkSeen, rules: EndRules) -> Ended | NotEnded:
    """How the Pod's attempt ended; NotEnded while no kubelet has said so."""
    report = termination(pod)
    if report is None:
        return _judge_without_report(pod, mark)
    if mark.outcome and (not rules.files or _is_done(report, mark)):
        return _by_own_rule(judge_mark(mark), report, rules)
    broken = _own_limit(pod, report, rules)
    if broken is not None:
        return broken
    evidence = interruption_evidence(pod) or _cut_off(report, mark, rules)
    if evidence:
        return Interrupted(evidence)
    said = _by_kubelet(pod, report)
    return said or _by_own_rule(_by_exit_code(report, mark, rules), report, rules)


def judge_mark(mark: MarkSeen) -> Ended:
    """How an attempt ended by its own mark, or by the result that it had stored before that."""
    if mark.outcome in {contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED}:
        skipped = mark.outcome == contract.OUTCOME_SKIPPED
        reason = mark.reason or (names.NOTHING_TO_DO if skipped else "")
        return Done(skipped=skipped, reason=reason, message=mark.message)
    if mark.outcome == contract.OUTCOME_DEFERRED:
        return Deferred(mark.reason or names.WAIT_ENDPOINT, mark.message)
    refused = mark.outcome == contract.OUTCOME_REFUSED
    reason = mark.reason or (names.INPUT_REFUSED if refused else names.STAGE_REPORTED_FAILURE)
    return Failed(reason, mark.message, final=refused)


def interruption_evidence(pod: PodView) -> str:
    """A sentence on what ended the Pod from outside; empty without evidence."""
    if _disrupted(pod):
        disruption = pod.condition("DisruptionTarget")
        return "" if disruption is None else disruption.message or disruption.reason
    if pod.status.reason in _SHUTDOWN_REASONS:
        return pod.status.message or pod.status.reason
    if pod.metadata.deletion_timestamp is not None:
        return "the Pod was deleted while it ran"
    return ""


def _is_done(report: Terminated, mark: MarkSeen) -> bool:
    """Whether exit code and mark say alike that the stage is done."""
    return mark.outcome == _DONE_CODES.get(report.exit_code)


def _judge_without_report(pod: PodView, mark: MarkSeen) -> Ended | NotEnded:
    """No container report exists: trust only what proves that no process runs.

    `mark`: of a container of ours before the stage's.
    """
    if pod.metadata.deletion_timestamp is not None and pod.spec.node_name == "":
        return Interrupted("the Pod was deleted before it had a node")  # it can get none any more
    if pod.status.phase != "Failed":
        return NotEnded()
    if pod.status.reason == "DeadlineExceeded":
        return _own_deadline()
    disruption = pod.condition("DisruptionTarget")
    if disruption is not None and disruption.reason == "DeletionByPodGC":
        return NotEnded()  # the control plane says so, not a kubelet: the process may live
    if pod.spec.node_name == "":
        return NotEnded()
    broken = _own_storage(pod)
    if broken is not None:
        return broken
    evidence = interruption_evidence(pod)
    if mark.fenced and not evidence:
        evidence = _LOST_CONTACT
    if mark.outcome and not evidence:
        return judge_mark(mark)
    initial = None if evidence else _failed_before_it(pod)
    rejected = pod.status.message or pod.status.reason or "the kubelet ended the Pod"
    return initial or Interrupted(evidence or rejected)


def _failed_before_it(pod: PodView) -> Failed | None:
    """Init containers, such as webhooks add, run in order: the last that failed is the cause."""
    ends = [(c.name, c.state.terminated) for c in pod.status.init_container_statuses]
    failed = [(name, end) for name, end in ends if end is not None and end.exit_code != 0]
    if not failed:
        return None
    name, end = failed[-1]
    kill = " (killed for its memory use)" if end.reason == "OOMKilled" else ""
    said = sentence(end.message, _SAID_BYTES)
    cause = f"init container {name} ended with exit code {end.exit_code}{kill}: {said}"
    return Failed(names.INIT_CONTAINER_FAILED, cause.removesuffix(": "))


def _own_limit(pod: PodView, report: Terminated, rules: EndRules) -> Failed | None:
    limit = f"resources.limits.memory is {rules.memory_limit}"
    if report.reason == "OOMKilled" and rules.memory_limit:
        return Failed(names.OUT_OF_MEMORY, f"killed for its memory use; {limit}", final=True)
    if report.reason in _NOT_STARTED and _NO_MEMORY.search(report.message):
        cause = f"too little memory to start in; {limit}" if rules.memory_limit else ""
        return Failed(names.OUT_OF_MEMORY, cause or sentence(report.message), final=True)
    return _own_storage(pod)


def _own_storage(pod: PodView) -> Failed | None:
    """An eviction for the node's sake carries a condition, or says so: it was refused there."""
    text = pod.status.message
    if pod.status.reason != _EVICTED or _disrupted(pod) or text.startswith(_OF_THE_NODE):
        return None
    return Failed(names.OWN_LIMIT_EXCEEDED, sentence(text) or "evicted for a limit of its own")


def _disrupted(pod: PodView) -> bool:
    disruption = pod.condition("DisruptionTarget")
    return disruption is not None and disruption.status == "True"


def _cut_off(report: Terminated, mark: MarkSeen, rules: EndRules) -> str:
    if report.reason == "ContainerStatusUnknown":
        return "the node lost sight of the container"
    fenced = report.exit_code == contract.EXIT_FENCED and not rules.by_exit_code
    if mark.fenced if rules.files else fenced:
        return _LOST_CONTACT
    return ""


def _by_kubelet(pod: PodView, report: Terminated) -> Failed | None:
    """What the kubelet says where the exit code would only say that it was killed."""
    if report.reason == "OOMKilled":
        cause = "killed for its memory use, with no limit of its own: set resources.limits.memory"
        return Failed(names.OUT_OF_MEMORY, cause)
    if report.reason in _NOT_STARTED:
        return _not_started(report)
    if pod.status.reason == "DeadlineExceeded":
        return _own_deadline()
    return None


def _not_started(report: Terminated) -> Failed:
    cause = sentence(report.message) or f"exit code {report.exit_code}"
    passing = _PASSING.search(report.message) is not None
    return Failed(names.START_ERROR, cause, final=not passing)


def _own_deadline() -> Failed:
    return Failed(names.TIMED_OUT, "the Pod's own deadline ended it")


def _by_own_rule(end: Ended, report: Terminated, rules: EndRules) -> Ended:
    """An exit code that the stage does not name is not tried again."""
    code, codes = report.exit_code, rules.retried_codes
    if codes is None or not isinstance(end, Failed) or end.final or code in {0, *codes}:
        return end
    if end.reason == names.OUTPUTS_NOT_KEPT:
        return end
    cause = sentence(end.message, _SAID_BYTES) or f"exit code {code}"
    return Failed(end.reason, f"{cause}; {code} is not in retryOnExitCodes", final=True)


def _by_exit_code(report: Terminated, mark: MarkSeen, rules: EndRules) -> Done | Failed:
    if rules.files and report.exit_code in _DONE_CODES:
        return _not_kept(report, mark)
    if report.exit_code == contract.EXIT_REFUSED and not _is_named(report, rules):
        said = _said(report, mark) or "it refuses its input; no further attempt is made"
        return Failed(names.INPUT_REFUSED, f"exit code {report.exit_code}: {said}", final=True)
    if report.exit_code == contract.EXIT_NOTHING_TO_DO and rules.by_exit_code:
        return Done(skipped=True, reason=names.NOTHING_TO_DO, message=_said(report, mark))
    if report.exit_code != 0:
        return Failed(names.EXIT_CODE, _exit_text(report, _said(report, mark)))
    if rules.by_exit_code:
        return Done()
    if mark.bad:
        return Failed(mark.reason, mark.message)  # torn, perhaps: the next may be whole
    hint = "write one with stagekit, or set contract: Files"
    message = f"exit code 0, but no completion mark was written: {hint}"
    return Failed(names.NO_COMPLETION_MARK, message, final=True)


def _not_kept(report: Terminated, mark: MarkSeen) -> Failed:
    cause = mark.message or mark.reason or mark.missing or "nobody says why"
    message = f"exit code {report.exit_code}, but its outputs were not stored: {cause}"
    if mark.reason == _UNREADABLE:
        return Failed(names.OUTPUTS_REFUSED, message, final=True)
    return Failed(names.OUTPUTS_NOT_KEPT, message)


def _is_named(report: Terminated, rules: EndRules) -> bool:
    return report.exit_code in (rules.retried_codes or ())


def _said(report: Terminated, mark: MarkSeen) -> str:
    """What stands in the termination message, where it is no mark that counts."""
    text = report.message.strip()
    if mark.bad and text.startswith("{"):
        return mark.message
    return sentence(text, _SAID_BYTES)


def _exit_text(report: Terminated, said: str) -> str:
    if report.exit_code == _KILLED and not said:  # runtimes miss memory kills on busy nodes
        return (
            f"exit code {_KILLED}: killed, and nobody deleted its Pod; most often this is for its"
            " memory use: raise resources.limits"
        )
    killed = _SIGNALS < report.exit_code <= _SIGNALS + 64
    signal = f" (signal {report.exit_code - _SIGNALS})" if killed else ""
    return f"exit code {report.exit_code}{signal}: {said}".removesuffix(": ")
