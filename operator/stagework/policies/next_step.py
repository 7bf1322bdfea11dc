"""What can a person do about it? For every reason that a status or an event gives: one row.

`stagework status`, `monitor` and `wait`, events and conditions read it here. It never says `retry`
where another attempt could only be the same again: a run keeps the stages that it has begun with,
so what is wrong with those is mended in the Pipeline, and then in a new run.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from stagekit.contract import INPUT_NOT_FETCHED
from stagework.api import names
from stagework.api.batch import Batch
from stagework.api.kinds import BATCH, PIPELINE, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus


@dataclass(frozen=True)
class Place:
    """What the reason was given of, as far as commands name it."""

    run: str
    stage: str = ""
    pipeline: str = ""
    """Empty: the run has stages of its own."""
    machine: str = ""
    job: str = ""
    flag: str = ""
    """Such as ` -n team`, where the command is not to mean another namespace."""


class Step(NamedTuple):
    """What to do next."""

    sentence: str
    """What helps."""
    command: str
    """What to type first; empty where nothing needs to be typed."""

    @property
    def text(self) -> str:
        """Both in one line."""
        return f"{self.command} ({self.sentence})" if self.command else self.sentence


class Row(NamedTuple):
    """While it waits, or where it has ended, for what is said before its end only."""

    sentence: str
    command: str = ""
    over: "tuple[str, str] | None" = None
    """Likewise once the stage has failed for it; None: the same."""


_RUN: Final = f"{PIPELINEJOB.full_name} {{run}}{{flag}}"
_LOGS: Final = "stagework logs {run} {stage}{flag}"
_RETRY: Final = "stagework retry {run}{flag} --stage {stage}"
_STATUS: Final = "stagework status {run}{flag}"
_GET_RUN: Final = f"kubectl get {_RUN} -o yaml"
_DESCRIBE: Final = f"kubectl describe {_RUN}"
_RESUME: Final = "stagework resume {run}{flag}"
_RETRY_RUN: Final = "stagework retry {run}{flag}"
_APPROVE: Final = "stagework approve {run}{flag} --stage {stage}"
_STAGES: Final = "{stages}"
"""Where its stages are written: `_stages_command`."""
_DESCRIBE_JOB: Final = "kubectl describe job {job}{flag}"
_MOUNTED: Final = "kubectl get secrets,configmaps,persistentvolumeclaims{flag}"
_DOCTOR: Final = "stagework doctor"

_BY_ITSELF: Final = Row("nothing needs to be done: it goes on by itself")
_DONE: Final = Row("nothing needs to be done")
_CORRECT_IMAGE: Final = "correct `image` and make a new run"
_PULL: Final = Row(
    "make the image available to the nodes, and it goes on by itself; or correct `image` and make a"
    " new run",
    _STAGES,
    (_CORRECT_IMAGE, _STAGES),
)
_FAILED_ITEMS: Final = "stagework batch failed {run}{flag}"
_DESCRIBE_BATCH: Final = f"kubectl describe {BATCH.full_name} {{run}}{{flag}}"
_IN_THE_WAY: Final = Row(
    "mend what the message names, and it goes on by itself",
    _DESCRIBE_JOB,
    ("mend what the message names, then retry", _RETRY),
)
_NOT_MOUNTED: Final = Row(
    "make the volume, Secret or ConfigMap that is missing, and it goes on by itself",
    _MOUNTED,
    ("make what is missing, then retry", _RETRY),
)
_READ_LOG: Final = Row("read its log; then retry, or mend the program and make a new run", _LOGS)

ROWS: Final[Mapping[str, Row]] = {
    # --- of runs
    names.QUEUED: _BY_ITSELF,
    names.RUNNING: _BY_ITSELF,
    names.STARTING: _BY_ITSELF,
    names.STUCK: Row("mend what the message names", _DESCRIBE),
    names.WAITING: _BY_ITSELF,
    names.DEFERRED: _BY_ITSELF,
    names.AWAY: _BY_ITSELF,
    names.DELETING: Row(
        "see what has not ended, and whose finalizers are on it",
        f"kubectl get {_RUN} -o yaml",
    ),
    names.SUSPENDED: Row("resume it", _RESUME),
    names.COMPLETED: _DONE,
    names.COMPLETED_WITH_SKIPS: _DONE,
    names.STAGE_FAILED: Row("see which stage failed, and why", _STATUS),
    names.STOPPED: Row("a retry goes on from there", _RETRY_RUN),
    names.DEADLINE_EXCEEDED: Row(
        "a retry goes on from there; if runs only need longer, raise `activeDeadlineSeconds`",
        _RETRY_RUN,
    ),
    names.INVALID_SPEC: Row("correct what the message names and make a new run", _DESCRIBE),
    names.NOT_UNDERSTOOD: Row("upgrade the operator, and it goes on by itself", _DOCTOR),
    names.PIPELINE_NOT_FOUND: Row(
        "apply the Pipeline, or name one that is there in a new run",
        f"kubectl get {PIPELINE.full_name}{{flag}}",
    ),
    names.CANNOT_BE_PLANNED: Row("report it with the operator's log", _DOCTOR),
    names.REVISION_REFUSED: Row("mend what the message names, and it goes on by itself", _DOCTOR),
    names.REVISION_LOST: Row("make a new run", _DESCRIBE),
    # --- of batches
    names.FREEZING: _BY_ITSELF,
    names.SOURCE_NOT_READY: Row(
        "make what the message names, and it goes on by itself", _DESCRIBE_BATCH
    ),
    names.INVALID_ITEMS: Row(
        "correct the list as the message says and make a new Batch", _DESCRIBE_BATCH
    ),
    names.ARTIFACTS_UNAVAILABLE: Row(
        "see why the API service does not answer; then it goes on by itself", _DOCTOR
    ),
    names.STOPPING: _BY_ITSELF,
    names.PODS_OUTLIVE_RUN: Row(
        "bring the nodes of those Pods back, or delete the Pods; then it goes on by itself",
        _DESCRIBE_BATCH,
    ),
    names.COMPLETED_WITH_FAILURES: Row(
        "see which items failed, and why; `stagework batch reprocess` runs those again",
        _FAILED_ITEMS,
    ),
    names.TOO_MANY_FAILED_ITEMS: Row(
        "see which items failed, and why; `stagework batch reprocess` runs those again",
        _FAILED_ITEMS,
    ),
    names.NOTHING_DONE: Row("see why all items failed", _FAILED_ITEMS),
    names.RUN_REFUSED: Row(
        "mend what the message names (a policy, a quota, a right), and it goes on by itself",
        _DESCRIBE_BATCH,
    ),
    names.RUNS_NOT_REMOVED: Row(
        "see what keeps the runs (a policy, a webhook, a finalizer), and it goes on by itself",
        f"kubectl get {PIPELINEJOB.full_name}{{flag}}",
    ),
    names.RUN_NAME_TAKEN: Row(
        "delete the PipelineJob that the message names if nobody needs it",
        f"kubectl get {PIPELINEJOB.full_name}{{flag}}",
    ),
    # --- of stages that wait
    names.WAIT_DEPENDENCY: _BY_ITSELF,
    names.WAIT_SLOT: _BY_ITSELF,
    names.WAIT_NO_NODE: Row(
        "bring a node of the class back, or give one its label",
        f"kubectl label node NODE {names.LABEL_MACHINE}={{machine}}",
    ),
    names.WAIT_MACHINE_AWAY: Row(
        "wake a machine of the class, or wait: it goes on by itself when one is back",
        f"kubectl get nodes -l {names.LABEL_MACHINE}={{machine}}",
    ),
    names.WAIT_APPROVAL: Row("look at what is there, then approve it", _APPROVE),
    names.WAIT_PARALLELISM: _BY_ITSELF,
    names.POD_REFUSED: Row(
        "mend what the message names (a policy, a webhook, a LimitRange), and it goes on by itself",
        _DESCRIBE_JOB,
        ("mend what the message names, then retry", _RETRY),
    ),
    names.WAIT_BACKOFF: Row("it is tried again by itself; its log says what failed", _LOGS),
    names.WAIT_ENDPOINT: Row(
        "it starts again by itself; at once where what was away is back", _RETRY
    ),
    names.WAIT_RESULT: _BY_ITSELF,
    names.WAIT_POD_LOST: Row(
        "bring the node back, or delete it if it is gone", "kubectl get nodes"
    ),
    names.WAIT_NODE_LOST: Row(
        "bring the node back; if the machine is off, say so with the taint"
        f" {names.TAINT_OUT_OF_SERVICE}",
        "kubectl get nodes",
    ),
    names.WAIT_POD: Row("see why Kubernetes makes no Pod", _DESCRIBE_JOB),
    names.WAIT_HELD_BY_OTHERS: Row(
        "whoever owns that gate must remove it",
        _DESCRIBE_JOB,
        ("have it removed, then retry", _RETRY),
    ),
    names.WAIT_GATE_REMOVED: _BY_ITSELF,
    names.WAIT_QUOTA: Row(
        "free or raise the quota, and it goes on by itself",
        "kubectl describe resourcequotas{flag}",
        ("free or raise the quota, then retry", _RETRY),
    ),
    # --- in Kubernetes' own words
    "ErrImagePull": _PULL,
    "ImagePullBackOff": _PULL,
    "ErrImageNeverPull": _PULL,
    "ImageInspectError": _PULL,
    "RegistryUnavailable": _PULL,
    "SignatureValidationFailed": _PULL,
    "CreateContainerConfigError": Row(
        "make what is missing, and it goes on by itself",
        _MOUNTED,
        ("make what is missing, then retry", _RETRY),
    ),
    "CreateContainerError": _IN_THE_WAY,
    "RunContainerError": _IN_THE_WAY,
    "ContainerCreating": _NOT_MOUNTED,
    "FailedMount": _NOT_MOUNTED,
    "Unschedulable": Row(
        "make room on a node of the class, or lower `resources` and make a new run",
        f"kubectl describe nodes -l {names.LABEL_MACHINE}={{machine}}",
        ("make room on a node of the class, then retry", _RETRY),
    ),
    # --- of attempts that ended
    names.EXIT_CODE: _READ_LOG,
    names.NO_COMPLETION_MARK: Row(
        "set `contract` to what the program does (ExitCode: its exit code decides) and make a new"
        " run",
        _STAGES,
    ),
    names.BAD_COMPLETION_MARK: _READ_LOG,
    names.FOREIGN_MARK: _READ_LOG,
    names.TIMED_OUT: Row(
        "see in its log where it hung; if it only needs longer, raise `timeoutSeconds` and make a"
        " new run",
        _LOGS,
    ),
    names.OUTPUTS_REFUSED: Row("let its program leave that otherwise and make a new run", _STAGES),
    names.OUTPUTS_NOT_KEPT: Row("mend what the message names, then retry", _RETRY),
    names.START_DEADLINE: Row("mend what the message names, then retry", _RETRY),
    names.INVALID_IMAGE_NAME: Row(_CORRECT_IMAGE, _STAGES),
    names.OUT_OF_MEMORY: Row(
        "raise `resources.limits.memory` (or set it) and make a new run", _STAGES
    ),
    names.OWN_LIMIT_EXCEEDED: Row(
        "raise the limit that the message names and make a new run", _STAGES
    ),
    names.INIT_CONTAINER_FAILED: Row(
        "whoever adds that container to Pods must mend it; then retry", _RETRY
    ),
    names.START_ERROR: Row(
        "correct `command` or `image` (or what is mounted over it) and make a new run",
        _STAGES,
    ),
    names.ORPHANED: Row(
        "see that nothing of it runs any more where the message says so, then retry", _RETRY
    ),
    names.TOO_MANY_INTERRUPTIONS: Row("retry once its nodes stay", _RETRY),
    names.TOO_MANY_ATTEMPTS: Row("make a new run", _DESCRIBE),
    names.INPUT_REFUSED: Row(
        "give a new run an input that it takes; if its log tells of a wrong command (shells and"
        " argument parsers end with 2, too), mend that",
        _LOGS,
    ),
    INPUT_NOT_FETCHED: Row(
        "correct `spec.input` (`stagework upload FILE` prints an address) and make a new run",
        _GET_RUN,
    ),
    names.EVENT_HISTORY_MISSED: Row(
        "nothing needs to be done for the run; see why the API service does not answer", _DOCTOR
    ),
    names.STAGE_REPORTED_FAILURE: _READ_LOG,
    names.JOB_CONFLICT: Row(
        "delete the Job that the message names if nobody needs it, and it goes on by itself",
        "kubectl get jobs{flag}",
        ("delete those Jobs, then retry", _RETRY),
    ),
    names.JOB_REFUSED: Row(
        "mend what the message names (a policy, a webhook, a right), and it goes on by itself",
        _DESCRIBE,
        ("correct what the message names and make a new run", _STAGES),
    ),
    names.CHANGE_REFUSED: Row("give the operator that right back", _DOCTOR),
    names.API_UNAVAILABLE: _BY_ITSELF,
    names.RETRIED_BY_PERSON: _BY_ITSELF,
    names.SKIPPED_BY_PERSON: _DONE,
    names.STOPPED_BY_PERSON: Row("a retry goes on from there", _RETRY_RUN),
    names.NOTHING_TO_DO: _DONE,
    names.NOT_NEEDED: _DONE,
    names.UPSTREAM_FAILED: Row("see what failed above it", _STATUS),
    names.UPSTREAM_SKIPPED: _DONE,
    # --- of events
    names.EVENT_STAGE_STARTED: _BY_ITSELF,
    names.EVENT_STAGE_STUCK: Row("mend what the message names", _STATUS),
    names.EVENT_FAILED: Row("see which stage failed, and why", _STATUS),
    names.EVENT_INTERVENTION: _DONE,
    names.EVENT_DEFERRED: _BY_ITSELF,
    names.EVENT_WAKE_ASKED: _BY_ITSELF,
    names.EVENT_AWAY: _BY_ITSELF,
    names.EVENT_ORPHAN_RECOVERED: _BY_ITSELF,
    names.EVENT_LATE_REPORT: _DONE,
    names.EVENT_BACK: _BY_ITSELF,
    names.EVENT_STATUS_REFUSED: Row("mend what the message names", _DOCTOR),
    names.EVENT_CHUNK_FAILED: _BY_ITSELF,
    names.EVENT_INTERRUPTED: _BY_ITSELF,
}
"""What helps, for every reason that a status or an event of ours gives, and for those of
Kubernetes that are common."""
_OF_BATCHES: Final[Mapping[str, Row]] = {
    names.SUSPENDED: Row("resume it", "stagework batch resume {run}{flag}"),
    names.STOPPED: Row(
        "what is not done is run by a reprocess",
        "stagework batch reprocess {run}{flag} --all-but-done",
    ),
}
"""Of a Batch something else helps than of a run that says the same."""
_UNKNOWN: Final = Row("see what its Job and Pod say", _DESCRIBE_JOB, _READ_LOG[:2])
"""Of words that a stage or another Kubernetes has said."""
_NO_STEP: Final = Step("", "")
_CLASS_MISSED: Final = re.compile(r"no ready node of class ([^\s:]+)")
_VOLUME: Final = re.compile(r"persistentvolumeclaim", re.IGNORECASE)
"""The scheduler waits for a volume, not for room."""
_CORDONED: Final = re.compile(r"([a-z0-9][a-z0-9.-]*) is cordoned")
_NO_NODE: Final = frozenset({names.WAIT_NO_NODE, names.WAIT_MACHINE_AWAY})
_OF_ITS_STAGES: Final = frozenset(
    {
        names.QUEUED,
        names.WAITING,
        names.AWAITING_APPROVAL,
        names.STARTING,
        names.STUCK,
        names.RUNNING,
        names.DEFERRED,
        names.AWAY,
    }
)
"""Summaries of a run for which its stages say more than it does itself."""
_WORD_BEHIND: Final = re.compile(r"\((\w{1,63})\); not started within ")


def step_of_run(run: PipelineJob, summary: str, stages: Iterable[StageStatus], flag: str) -> Step:
    """What to do about a run that stands so; the command is empty where nothing needs to be typed.

    1. Of a failed run: what its first failed stage says. 2. Of one that goes on: what a stage says
    that has failed, else the first that waits or is stuck and for which somebody can do something.
    3. Else what its summary says.
    """
    if summary == names.STAGE_FAILED:
        failed = next((s for s in stages if s.state == names.STAGE_FAILED_STATE), None)
        if failed is not None:
            return step_of_stage(run, failed, flag)
    if run.spec.suspend and summary in _OF_ITS_STAGES:
        summary = names.SUSPENDED
    if summary not in _OF_ITS_STAGES:
        return next_step(summary, _place(run, None, flag)) if summary else _NO_STEP
    listed = [*stages]
    failed = [s for s in listed if s.state == names.STAGE_FAILED_STATE]
    delayed = [*failed, *(s for s in listed if s.stuck or s.waiting)]
    steps = (step_of_stage(run, stage, flag) for stage in delayed)
    return next((step for step in steps if step.command), _NO_STEP)


def step_of_batch(batch: Batch, flag: str) -> Step:
    """What to do about a batch; the command is empty where nothing needs to be typed."""
    summary = batch.status.summary
    row = _OF_BATCHES.get(summary) or ROWS.get(summary)
    if row is None or not row.command:
        return _NO_STEP
    return Step(row.sentence, _typed(row.command, Place(batch.metadata.name, flag=flag)))


def step_of_stage(run: PipelineJob, stage: StageStatus, flag: str) -> Step:
    """What to do about one of its stages."""
    over = stage.state == names.STAGE_FAILED_STATE
    return next_step(stage.reason, _place(run, stage, flag), message=stage.message, over=over)


def next_step(reason: str, place: Place, *, message: str = "", over: bool = False) -> Step:
    """What to do about a reason; `over`: the stage has failed for it.

    The message of a stage that did not start in time names the word for what was in its way.
    """
    match = _WORD_BEHIND.search(message) if reason == names.START_DEADLINE else None
    if match is not None:
        reason, over = match[1], True  # nothing of it has run, so it has no log
    row = _row(reason, message, late=match is not None)
    sentence, command = row.over if over and row.over is not None else (row.sentence, row.command)
    if command == _DESCRIBE_JOB and not place.job:
        command = _DESCRIBE
    return Step(sentence, _typed(command, place))


def _row(reason: str, message: str, *, late: bool) -> Row:
    node = _CORDONED.search(message) if reason in _NO_NODE else None
    if node is not None:
        return Row("let its node take Pods again", f"kubectl uncordon {node[1]}")
    if reason == "Unschedulable" and _VOLUME.search(message):
        return _NOT_MOUNTED
    return ROWS.get(reason, _IN_THE_WAY if late else _UNKNOWN)


def _place(run: PipelineJob, stage: StageStatus | None, flag: str) -> Place:
    name, reference = run.metadata.name, run.spec.pipelineRef
    pipeline = reference.name if reference is not None else ""
    if stage is None:
        return Place(name, pipeline=pipeline, flag=flag)
    missed = _CLASS_MISSED.match(stage.message)
    machine = stage.machine or (missed[1] if missed is not None else "")
    return Place(name, stage.name, pipeline, machine, stage.job, flag)


def _typed(command: str, place: Place) -> str:
    if not place.stage and "{stage}" in command:
        command = _STATUS
    return command.format(
        run=place.run,
        stage=place.stage,
        flag=place.flag,
        machine=place.machine or "CLASS",
        job=place.job,
        stages=_stages_command(place),
    )


def _stages_command(place: Place) -> str:
    """Of a run with stages of its own a new one is made from its file."""
    if place.pipeline:
        return f"kubectl edit {PIPELINE.full_name} {place.pipeline}{place.flag}"
    return _GET_RUN.format(run=place.run, flag=place.flag)
