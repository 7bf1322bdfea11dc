"""Every word that other people see: group, labels, annotations, reasons, condition types.

Each is defined once, with a sentence on who sets it and what it means.
"""

from typing import Final

GROUP: Final = "stagework.dev"
"""API group of all kinds."""
VERSION: Final = "v1alpha1"
"""The one served and stored version."""
API_VERSION: Final = f"{GROUP}/{VERSION}"
"""`apiVersion` of every object of ours."""
CATEGORY: Final = "stagework"
"""`kubectl get stagework` lists every kind."""
FIELD_MANAGER: Final = "stagework-operator"
"""Field manager of everything that the operator writes."""

# --- labels (on Jobs, Pods and revisions; set by the operator) ------------------------------------

LABEL_RUN: Final = "stagework.dev/pipelinejob"
"""Name of the PipelineJob, cut to 63 characters; for people's selectors, never for decisions."""
LABEL_RUN_UID: Final = "stagework.dev/run-uid"
"""Uid of the PipelineJob; the operator watches only objects that have it."""
LABEL_STAGE: Final = "stagework.dev/stage"
"""Name of the stage."""
LABEL_ATTEMPT: Final = "stagework.dev/attempt"
"""Number of the attempt."""
LABEL_MACHINE: Final = "stagework.dev/machine"
"""On nodes, set by the administrator: the node's machine class, such as `gpu`."""
LABEL_REVISION_OF: Final = "stagework.dev/revision-of"
"""On ControllerRevisions: name of the Pipeline whose stages it keeps."""
LABEL_TITLE: Final = "stagework.dev/title"
"""On PipelineJobs' children: `spec.title`, made label-safe; shown on the board."""
LABEL_SUBJECT: Final = "stagework.dev/subject"
"""On PipelineJobs' children: `spec.subject`, made label-safe."""
LABEL_TENANT: Final = "stagework.dev/tenant"
"""On PipelineJobs' children: `spec.tenant`, made label-safe."""
LABEL_SCHEDULE: Final = "stagework.dev/scheduledjob"
"""On what a ScheduledJob has made: its name; for people's selectors, never for
decisions."""

LABEL_BATCH: Final = "stagework.dev/batch"
"""On the runs of a Batch: its name, cut to 63 characters; for people's selectors."""
LABEL_BATCH_UID: Final = "stagework.dev/batch-uid"
"""Likewise: its uid; the scale subresource selects by it."""

LABEL_TASK: Final = "stagework.dev/task"
"""Name of a built-in task: on its ScheduledJob, on the Jobs that run it, and on what it has made.
The operator watches Jobs of tasks by it."""

LABEL_LISTENER: Final = "stagework.dev/listener"
"""On a run that the listener has made of a row: the table's name. The listener watches by it, and
believes nothing for it."""

# --- annotations ----------------------------------------------------------------------------------

ANNOTATION_INPUTS: Final = "stagework.dev/inputs"
"""On a stage's Pod, written when its gate is removed: machine class, winning prefixes, and what has
become of the stages above it (JSON)."""
ANNOTATION_OUTCOME: Final = "stagework.dev/outcome-so-far"
"""Likewise, for the environment: `Failed` where a stage above it has failed, else `Succeeded`."""
ANNOTATION_OUTCOMES: Final = "stagework.dev/outcomes"
"""Likewise: what has become of each stage above it, as `name=State` or `name=State:Reason`."""
ANNOTATION_PARAMS: Final = "stagework.dev/params"
"""On a stage's Pod: the run's params as JSON; read in the container as a file."""

ANNOTATION_REQUESTED_BY: Final = "stagework.dev/requested-by"
"""On a Batch that the API service has made: for whom. It gives no right, and proves nothing."""

ANNOTATION_JOB_DATA: Final = "stagework.dev/job-data"
"""On a built-in task's Pod: its data as JSON; read in the container as a file."""
ANNOTATION_JOB_ID: Final = "stagework.dev/job-id"
"""On a ScheduledJob that `stagework.client` has made: the id that its caller gave."""
ANNOTATION_JOB_NAME: Final = "stagework.dev/job-name"
"""Likewise: the name that its caller gave; for people."""

ANNOTATION_ROW_KEY: Final = "stagework.dev/row-key"
"""On a run that the listener has made: what stands in the row's `run_key` since before the run was
made. A run of the row's name without it is somebody else's."""

ANNOTATION_BOOTED: Final = "stagework.dev/booted"
"""On the operator's Lease: boot id of the leader's machine, and when that booted by the operator's
clock (Unix seconds). Whoever leads next on that machine goes on by the same clock."""

SCHEDULING_GATE: Final = "stagework.dev/turn"
"""Scheduling gate on every stage Pod; the operator removes it when the stage's turn has come."""
TAINT_OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"
"""On a node, set by an administrator: the machine is off for certain, nothing runs on it."""
STAGE_CONTAINER: Final = "stage"
"""Name of the container that does the work."""
FETCH_CONTAINER: Final = "stagework-fetch"
"""Name of our container before a stage of `contract: Files`: it brings the inputs."""
KEEP_CONTAINER: Final = "stagework-keep"
"""Name of our container beside it: heartbeats, fence, outputs and the completion mark."""
INFO_VOLUME: Final = "stagework-info"
"""Name of the volume with the token, inputs and params; in a Pod of `contract: Files` only our own
containers mount it."""
TOKEN_AUDIENCE: Final = "stagework"  # noqa: S105 - no secret
"""Audience of the projected token with which a stage Pod proves who it is."""

# --- condition types ------------------------------------------------------------------------------

SUCCEEDED: Final = "Succeeded"
"""Unknown while the run is active, then True or False."""
RECONCILING: Final = "Reconciling"
"""True while the operator still works towards an end (kstatus)."""
STALLED: Final = "Stalled"
"""True when nothing more will happen without a person (kstatus)."""
READY: Final = "Ready"
"""Of a Pipeline: True where runs can use it as it is written. Of a ScheduledJob: True where its
slots get their runs, and also while it is suspended or when it is finished."""

# --- reasons of a Pipeline's `Ready` --------------------------------------------------------------

ACCEPTED: Final = "Accepted"
"""Runs can use the Pipeline as it is written. Where they cannot, the reason is that of a run that
could not begin: `InvalidSpec` or `NotUnderstood`, and the message says what to change."""

# --- reasons of `Succeeded`, copied to `status.summary` -------------------------------------------

QUEUED: Final = "Queued"
"""No stage has started yet; the next one waits for a slot or a machine."""
RUNNING: Final = "Running"
"""At least one stage runs."""
STARTING: Final = "Starting"
"""The turn of at least one stage has come; none runs yet."""
STUCK: Final = "Stuck"
"""A stage whose turn has come cannot start (the message says why), and none runs."""
WAITING: Final = "Waiting"
"""Some stages are done, none runs now; the message says what the next one waits for."""
SUSPENDED: Final = "Suspended"
"""A person has set `spec.suspend`; nothing new starts."""
DELETING: Final = "Deleting"
"""Somebody has deleted the run, and it is there until its Pods have ended or a finalizer of others
is gone. Nothing of it is started; the message says what has not ended."""
DEFERRED: Final = "Deferred"
"""Nothing runs, and all that could start is put off until what it needs is back (the message says
what). Also the type of the condition that says so, while any stage is deferred or away."""
AWAY: Final = "Away"
"""What runs is on a machine that is away (asleep, or out of reach) and goes on when it is back."""
AWAITING_APPROVAL: Final = "AwaitingApproval"
"""Nothing runs, and nothing will before somebody has approved a stage (`stagework approve`)."""
COMPLETED: Final = "Completed"
"""Every stage succeeded, or had nothing to do."""
COMPLETED_WITH_SKIPS: Final = "CompletedWithSkips"
"""Every stage succeeded, was skipped, or was not run because of a skip."""
STAGE_FAILED: Final = "StageFailed"
"""A stage has failed for good and nothing that could still run depends on nothing else."""
STOPPED: Final = "Stopped"
"""A person has stopped the run; the message says who and why. A retry of anything goes on there."""
DEADLINE_EXCEEDED: Final = "DeadlineExceeded"
"""The run was ended because its `activeDeadlineSeconds` were over; also the reason of its stages
that were stopped or not run for it."""
INVALID_SPEC: Final = "InvalidSpec"
"""The run cannot start as written; the message says what to change."""
NOT_UNDERSTOOD: Final = "NotUnderstood"
"""The run, its Pipeline or its revision was written for another version of the operator; the
message says which field. Nothing of it is lost or ended; heals once it is known."""
PIPELINE_NOT_FOUND: Final = "PipelineNotFound"
"""`spec.pipelineRef` names no Pipeline of this namespace; heals when it appears."""

CANNOT_BE_PLANNED: Final = "CannotBePlanned"
"""Deciding about the run fails, for something in it that nobody foresaw; the message says what. It
is tried again, heals when that is mended, and no other run is disturbed."""
REVISION_REFUSED: Final = "RevisionRefused"
"""The ControllerRevision that shall keep the run's stages cannot be made; the message is the API
server's. It is tried again."""
REVISION_LOST: Final = "RevisionLost"
"""Somebody deleted the ControllerRevision that keeps the run's stages, or what is in it is not what
its name, a digest, says."""

# --- reasons of a Batch's `Succeeded`, besides those above ----------------------------------------

FREEZING: Final = "Freezing"
"""The list of items is being read and frozen; the message says how far."""
SOURCE_NOT_READY: Final = "SourceNotReady"
"""What holds the list of items is not there yet (a ConfigMap, a run, a stage of it); goes on once
it is."""
INVALID_ITEMS: Final = "InvalidItems"
"""The list of items cannot be taken; the message says why, and what to change."""
ARTIFACTS_UNAVAILABLE: Final = "ArtifactsUnavailable"
"""The API service, which keeps the list and what has become of each item, does not answer or cannot
read or write its artifacts. Nothing is counted meanwhile, and nothing is lost; it goes on once that
is over."""
STOPPING: Final = "Stopping"
"""A person has stopped the batch, and its runs are being ended."""
PODS_OUTLIVE_RUN: Final = "PodsOutliveRun"
"""Runs of the batch are gone and their Pods have not ended: the same items are not taken again
before they have. The message has the command that shows those Pods."""
COMPLETED_WITH_FAILURES: Final = "CompletedWithFailures"
"""Every item is handled, and some have failed; `stagework batch reprocess` runs those again."""
TOO_MANY_FAILED_ITEMS: Final = "TooManyFailedItems"
"""More items have failed than `maxFailedItems` allows: no further chunk was begun."""
NOTHING_DONE: Final = "NothingDone"
"""Every item has failed."""
RUN_REFUSED: Final = "RunRefused"
"""The API server refuses the run of a chunk, or of a ScheduledJob's slot; the message is the
server's. It is tried again; where a chunk's can never be made as it is, its items have failed for
it."""
RUN_NAME_TAKEN: Final = "RunNameTaken"
"""A PipelineJob of that name exists and was not made by the operator: another name is taken. Also
the reason of the Event that says so."""

# --- reasons of a ScheduledJob's `Ready`, copied to `status.summary` ------------------------------

SCHEDULED: Final = "Scheduled"
"""Its slots get their runs. Where it cannot be read the reason is `InvalidSpec` or `NotUnderstood`,
and the message says what to change; while it is suspended it is `Suspended`, and
`RunRefused` while the API server refuses the run of a slot."""
FINISHED: Final = "Finished"
"""No slot is to come any more: its one date or its `endTime` is over."""
RUNS_NOT_REMOVED: Final = "RunsNotRemoved"
"""So many runs of a ScheduledJob that have ended are still there, beyond its limits, that none is
made any more: the API server refuses to delete them, or a finalizer holds them. The message says
which; it goes on by itself once some have gone."""

# --- what happens to a ScheduledJob, as reasons of Events -----------------------------------------

EVENT_RUN_MADE: Final = "RunMade"
"""A slot has its run; the message names it."""
EVENT_SLOTS_SKIPPED: Final = "SlotsSkipped"
"""Slots get no run; the message says how many, and why."""
EVENT_SLOT_TAKEN: Final = "SlotTaken"
"""A run of the slot's name is there that the operator would not make so: the slot gets no other."""

# --- states of one stage --------------------------------------------------------------------------

STAGE_WAITING: Final = "Waiting"
"""Not started; `reason` says what it waits for."""
STAGE_DEFERRED: Final = "Deferred"
"""It waits for what is away, a machine or an endpoint (`reason` and message say which): no clock of
it runs, and it costs no attempt."""
STAGE_STARTING: Final = "Starting"
"""It has a slot; its Pod is being placed or its image pulled."""
STAGE_STUCK: Final = "Stuck"
"""It cannot start (`reason` and message say why): it has given its slot back, and is tried on until
`startDeadlineSeconds`."""
STAGE_RUNNING: Final = "Running"
"""Its container runs."""
STAGE_AWAY: Final = "Away"
"""It has begun on a machine that is away now: its clocks stand still, nothing takes its place, and
it goes on when the machine is back."""
STAGE_SUCCEEDED: Final = "Succeeded"
"""Its result is committed; never revised."""
STAGE_FAILED_STATE: Final = "Failed"
"""No attempts are left; a person may retry or skip it."""
STAGE_SKIPPED: Final = "Skipped"
"""Skipped by a person, by a stage above it, or by itself for want of anything to do."""
STAGE_NOT_RUN: Final = "NotRun"
"""Will not run: something it depends on failed or was skipped, it is not needed, or the run was
stopped."""

# --- why a stage waits ----------------------------------------------------------------------------

WAIT_DEPENDENCY: Final = "DependenciesPending"
"""A stage that it depends on has not finished."""
WAIT_SLOT: Final = "NoFreeSlot"
"""All slots of its machine class are taken; the message gives its place and who holds them."""
WAIT_PARALLELISM: Final = "ParallelismReached"
"""As many stages of its run are at work as `parallelism` allows; the message says which."""
WAIT_APPROVAL: Final = "AwaitingApproval"
"""It has `approval: true`, and nobody has approved it yet. Also the reason of the Event."""
WAIT_NO_NODE: Final = "NoNodeOfClass"
"""No ready node carries the labels of its machine class."""
WAIT_BACKOFF: Final = "BackOff"
"""An attempt failed; the next one starts after the back-off."""
WAIT_MACHINE_AWAY: Final = "MachineAway"
"""No node of its machine class is ready, and machines of that class may be away: it is `Deferred`,
or `Away` where it had begun. The message says which nodes, and until when."""
WAIT_ENDPOINT: Final = "EndpointUnavailable"
"""It said that something outside is away (the message says what); it starts again later, by itself,
and that costs no attempt."""
WAIT_SUSPENDED: Final = "Suspended"
"""The run is suspended."""
WAIT_RESULT: Final = "ResultLookup"
"""Its Pod is gone; the artifact store is asked whether the attempt left a result."""
WAIT_POD_LOST: Final = "PodLost"
"""Its Pod is gone and nothing proves yet that its process has ended; no second attempt starts."""
WAIT_NODE_LOST: Final = "NodeLost"
"""Its node is not ready, or not there, and nothing proves that its process has ended; the message
says what follows, and when."""
WAIT_POD: Final = "PodCreating"
"""Its Job exists; Kubernetes has not made the Pod yet."""
WAIT_HELD_BY_OTHERS: Final = "HeldByOthers"
"""Somebody else's scheduling gate holds the Pod."""

WAIT_GATE_REMOVED: Final = "GateRemovedByOthers"
"""Somebody else removed the gate of its Pod: the Pod is ended, nothing of it counts, and its Job is
made anew. Also the reason of the Event that says so."""
POD_REFUSED: Final = "PodRefused"
"""Kubernetes may not make the Pod of its Job: Pod Security, a policy, a webhook or a LimitRange is
in the way; the message is the API server's. It is tried again."""
WAIT_QUOTA: Final = "QuotaExceeded"
"""A ResourceQuota refuses its Job or its Pod; it takes no slot, and is asked for every 10 s."""

# --- why an attempt ended -------------------------------------------------------------------------

EXIT_CODE: Final = "NonZeroExit"
"""The container ended with another code than 0."""
NO_COMPLETION_MARK: Final = "NoCompletionMark"
"""Exit 0, but no completion mark was written and nothing had interrupted the container: not tried
again, for the program knows nothing of marks."""
BAD_COMPLETION_MARK: Final = "BadCompletionMark"
"""The termination message is not a valid mark; the message says what is wrong with it."""
FOREIGN_MARK: Final = "ForeignCompletionMark"
"""The mark belongs to another stage, attempt or Pod."""
TIMED_OUT: Final = "TimedOut"
"""It ran longer than `timeoutSeconds`."""
START_DEADLINE: Final = "StartDeadlineExceeded"
"""Its container did not start within `startDeadlineSeconds`; the message gives the cause."""
INVALID_IMAGE_NAME: Final = "InvalidImageName"
"""No image can have that name; no further attempts are made."""
OUT_OF_MEMORY: Final = "OutOfMemory"
"""The kernel killed the container for its memory use (OOMKilled); not tried again under the same
limit."""
OWN_LIMIT_EXCEEDED: Final = "OwnLimitExceeded"
"""Its Pod was evicted for a limit of its own (an emptyDir's size, ephemeral storage)."""
INIT_CONTAINER_FAILED: Final = "InitContainerFailed"
"""An init container that somebody has added to its Pod failed; the message names it."""
OUTPUTS_NOT_KEPT: Final = "OutputsNotKept"
"""A stage of `contract: Files` ended well, but what it left was not stored; the message says
why."""
OUTPUTS_REFUSED: Final = "OutputsRefused"
"""A stage of `contract: Files` ended well, but what it left can never be stored as it is; the
message names it."""
START_ERROR: Final = "StartError"
"""The node could not start its command; the message is the container runtime's."""
ORPHANED: Final = "Orphaned"
"""Its process has gone without a result, or nothing proved for `orphanTimeoutSeconds` that it had
not; the message says what was missing. A person may retry it; no attempt is used up. Also of
earlier attempts that were recovered."""
TOO_MANY_INTERRUPTIONS: Final = "TooManyInterruptions"
"""Interrupted more often than the limit."""
TOO_MANY_ATTEMPTS: Final = "TooManyAttempts"
"""Its attempt has the highest number there is: a new run is needed."""
INPUT_REFUSED: Final = "InputRefused"
"""The stage says that its input can never work (exit code 2, or its mark); not tried again."""
STAGE_REPORTED_FAILURE: Final = "StageReportedFailure"
"""The stage's own mark says Failed; the message is the stage's."""
JOB_CONFLICT: Final = "JobNameConflict"
"""A Job of that name exists and was not made by the operator: another name is taken. Where twenty
of them are taken the stage waits, without a slot and without using an attempt, until the last of
them is free. Also the reason of the Event that says so."""
JOB_REFUSED: Final = "JobRefused"
"""The API server refused the stage's Job; the message is the server's."""
CHANGE_REFUSED: Final = "ChangeRefused"
"""The API server does not let the stage's Pod or Job be released or ended; the message is the
server's. It is tried again."""
API_UNAVAILABLE: Final = "APIServerUnavailable"
"""The API server is overloaded, has failed or does not answer; the message is its own. What was
asked of it is asked again."""
RETRIED_BY_PERSON: Final = "RetriedByPerson"
"""A person asked for a new attempt of it or of something it depends on."""
SKIPPED_BY_PERSON: Final = "SkippedByPerson"
"""A person skipped it; the message says who and why."""
STOPPED_BY_PERSON: Final = "StoppedByPerson"
"""A person stopped the run before it had ended; the message says who and why."""
NOTHING_TO_DO: Final = "NothingToDo"
"""Skipped: it ended with exit code 77, which says that there was nothing to do."""
NOT_NEEDED: Final = "NotNeeded"
"""Not run: it is for a failure of what it depends on, and nothing of that failed; or it depends
only on stages that are not needed."""
UPSTREAM_FAILED: Final = "UpstreamFailed"
"""Not run: a stage that it depends on failed."""
UPSTREAM_SKIPPED: Final = "UpstreamSkipped"
"""Not run: a stage that it depends on was skipped."""

# --- event reasons --------------------------------------------------------------------------------

EVENT_STAGE_STARTED: Final = "StageStarted"
"""A stage's container runs; the message names machine class and node."""
EVENT_STAGE_FAILED: Final = "StageFailed"
"""An attempt failed; the message says whether it is tried again."""
EVENT_STAGE_STUCK: Final = "StageStuck"
"""A stage whose turn has come cannot start; the message says why."""
EVENT_COMPLETED: Final = "Completed"
"""The run ended well."""
EVENT_FAILED: Final = "Failed"
"""The run ended with a failed stage."""
EVENT_STOPPED: Final = "Stopped"
"""A person stopped the run, and nothing of it runs any more."""
EVENT_INVALID: Final = "InvalidSpec"
"""The run cannot start as written, or no run of the Pipeline could."""
EVENT_INTERVENTION: Final = "InterventionAnswered"
"""What a person asked for was carried out."""
EVENT_DEFERRED: Final = "StageDeferred"
"""A stage cannot be done now, for a cause outside; it is started again later."""
EVENT_WAKE_ASKED: Final = "WakeAsked"
"""The wake hook of a machine class was called, since a stage waits for the class; the message says
what was answered."""
EVENT_AWAY: Final = "StageAway"
"""The machine on which a stage has begun is away; the stage goes on when it is back."""
EVENT_BACK: Final = "StageBack"
"""The machine of a stage is back, and the stage goes on."""
EVENT_ORPHAN_RECOVERED: Final = "OrphanRecovered"
"""A stage whose process had gone was recovered; the message gives cause and proof. Also the type of
the condition of its run."""
EVENT_LATE_REPORT: Final = "LateReportRefused"
"""The process of an attempt that was given up has ended after all; nothing that it says counts."""
EVENT_STATUS_REFUSED: Final = "StatusRefused"
"""The API server does not take the object's status; what it says is old until it does."""
EVENT_CANNOT_BE_PLANNED: Final = "CannotBePlanned"
"""Deciding about the object fails; it is tried again, and its log is the operator's."""
EVENT_HISTORY_MISSED: Final = "HistoryMissed"
"""A run goes, with its time to live or beyond the limits of its ScheduledJob, though history has
not acknowledged all of it for an hour; or sooner, where too many of that wait."""
EVENT_CHUNK_FAILED: Final = "ChunkFailed"
"""A chunk of a Batch has failed as a whole; the message says how its items are run again."""
EVENT_INTERRUPTED: Final = "StageInterrupted"
"""A stage's Pod was ended from outside; it is started again."""
