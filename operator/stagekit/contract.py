"""The contract between the operator and a stage's container: every word both sides use.

The operator sets these variables and files on the container `stage`; stagekit (or any program
that follows `docs/stage-contract.md`) reads them and answers with one completion mark.
Standard library only: this module is imported by the operator and by every stage image.
"""

# ruff: noqa: S105  (names of token files, no tokens)

from typing import Final

MARK_VERSION: Final = 1
"""Version of the completion mark's format; a mark with another version is refused."""

MARK_MAX_BYTES: Final = 1024
"""A longer termination message is not a mark, whatever it contains."""

STAGE_NAME: Final = "[a-z][a-z0-9_-]{0,39}"
"""Pattern of the whole name of a stage, in whatever release it was named."""

RESULT_FILE: Final = "result.json"
"""Written among the attempt's artifacts before the mark; decides when the Pod is gone."""

INPUT_NOT_FETCHED: Final = "InputNotFetched"
"""Reason of a stage whose input can never be had: `spec.input` names nothing that it may read."""

SKIPS_MAX_BYTES: Final = 480
"""Longest `skips` in a mark, as JSON: with them a mark still fits, whatever else it says."""

MESSAGE_MAX_BYTES: Final = 128
"""Longest `message` in a mark, in bytes of UTF-8; longer text is cut."""

HEARTBEAT_SECONDS: Final = 10
"""A heartbeat goes to the API service this often, whatever the stage's code does."""

FENCE_SECONDS: Final = 40
"""Without any answer for this long (boot-time clock) stagekit ends the work by itself."""

NO_PROBE_SECONDS: Final = 15.0
"""Where the kubelet has not asked the fence for so long the stage's container may have ended."""

OUTCOMES_FILE: Final = "outcomes.jsonl"
"""One line an item, beside `result.json`: `{"id", "state", "reason", "message"}`; for an item of
the batch also `number`, and `at`: seconds from the stage's start."""

# --- environment of the container -----------------------------------------------------------

ENV_RUN: Final = "STAGEWORK_RUN"
"""Name of the PipelineJob."""
ENV_RUN_UID: Final = "STAGEWORK_RUN_UID"
"""Uid of the PipelineJob."""
ENV_NAMESPACE: Final = "STAGEWORK_NAMESPACE"
"""Namespace of the PipelineJob and of this Pod."""
ENV_STAGE: Final = "STAGEWORK_STAGE"
"""Name of the stage, such as `resize`."""
ENV_ATTEMPT: Final = "STAGEWORK_ATTEMPT"
"""Number of this attempt, from 1; it only grows."""
ENV_POD_NAME: Final = "STAGEWORK_POD_NAME"
"""Name of this Pod."""
ENV_POD_UID: Final = "STAGEWORK_POD_UID"
"""Uid of this Pod: the fencing token that every effect carries."""
ENV_API_URL: Final = "STAGEWORK_API_URL"
"""Base URL of the API service, such as `http://stagework-api.stagework-system:8080`."""
ENV_HEARTBEAT_URL: Final = "STAGEWORK_HEARTBEAT_URL"
"""Base URL of its port for heartbeats; absent: that of `STAGEWORK_API_URL`."""
ENV_TOKEN_FILE: Final = "STAGEWORK_TOKEN_FILE"
"""File with the projected ServiceAccount token for the API service's audience."""
ENV_INPUTS_FILE: Final = "STAGEWORK_INPUTS_FILE"
"""File with the inputs as JSON: `{"machine": "gpu", "stages": {"resize": "<prefix>"}, "outcomes":
{"resize": {"outcome": "Succeeded"}, "ocr": {"outcome": "Failed", "reason": "TimedOut"}}}`."""
ENV_OUTCOME_SO_FAR: Final = "STAGEWORK_OUTCOME_SO_FAR"
"""`Failed` where a stage above this one, however far up, has failed; else `Succeeded`."""
ENV_OUTCOMES: Final = "STAGEWORK_OUTCOMES"
"""What has become of each of them, as `name=State` or `name=State:Reason`, with spaces between."""
ENV_VALUES_FILE: Final = "STAGEWORK_VALUES_FILE"
"""Set by `stagekit run` for its program: where `stagekit mark --value` puts small values."""
ENV_PARAMS_FILE: Final = "STAGEWORK_PARAMS_FILE"
"""File with the run's params as one JSON object of strings."""
ENV_INPUT_URI: Final = "STAGEWORK_INPUT_URI"
"""`spec.input.uri` of the run; absent where the run has no input."""
ENV_INPUT_ITEMS: Final = "STAGEWORK_INPUT_ITEMS"
"""Which items of a batch the run works on, as `r0-120-10`: round, first position, how many; absent
where it works on none. With `dir://` a file with one JSON object an item."""
ENV_ITEMS_FILE: Final = "STAGEWORK_ITEMS_FILE"
"""For a program that is no function of stagekit's: the list of those items, JSON Lines."""
ENV_ITEM_OUTCOMES_FILE: Final = "STAGEWORK_ITEM_OUTCOMES_FILE"
"""Likewise: the file to which it adds a line for what has become of an item."""
ENV_SLOT_TIME: Final = "STAGEWORK_SLOT_TIME"
"""`spec.slotTime` of the run: which slot of a schedule it is for, whenever it runs; absent where it
is for none."""
ENV_PARAM_PREFIX: Final = "STAGEWORK_PARAM_"
"""Each param also comes as `STAGEWORK_PARAM_<NAME IN UPPER CASE>`; see `param_variable`."""
ENV_WORK_DIR: Final = "STAGEWORK_WORK_DIR"
"""Writable folder for inputs, outputs and scratch files."""
ENV_TERMINATION_FILE: Final = "STAGEWORK_TERMINATION_FILE"
"""Where the completion mark is written; the kubelet reports it as the termination message."""
ENV_TIMEOUT_SECONDS: Final = "STAGEWORK_TIMEOUT_SECONDS"
"""The stage's `timeoutSeconds`: how long its container may run, counted from its start."""
ENV_GRACE_SECONDS: Final = "STAGEWORK_GRACE_SECONDS"
"""Only with `contract: Files`, in the container that keeps the outputs: how long it may take for
that, counted from SIGTERM."""
ENV_METHOD: Final = "STAGEWORK_METHOD"
"""How the stage does its work: one of the `METHOD_` words; set by the pipeline's `env`."""
ENV_WHEN_DOWN: Final = "STAGEWORK_WHEN_DOWN"
"""What follows when a model endpoint stays down: `fail`, `defer` or `builtin`; set likewise."""
ENV_MODEL: Final = "STAGEWORK_MODEL"
"""Where the stage's own model lies: a folder such as `/models/shoes`, or the address of an uploaded
zip (`artifact://...`); set likewise."""
PIPELINE_ENV: Final = (ENV_METHOD, ENV_WHEN_DOWN, ENV_MODEL)
"""The only names with our prefix that a pipeline may set; all others are the operator's."""

METHOD_BUILTIN: Final = "builtin"
"""By what the image brings along; the default."""
METHOD_ENDPOINT: Final = "endpoint"
"""By the model endpoint of the settings; refused where none is set for the role."""
METHOD_AUTO: Final = "auto"
"""By the endpoint where one is set for the role, else built-in."""
METHOD_ONNX: Final = "onnx"
"""By the model that `STAGEWORK_MODEL` names, computed in the stage itself."""

WHEN_DOWN_FAIL: Final = "fail"
"""The attempt fails with `EndpointUnavailable`; the default."""
WHEN_DOWN_DEFER: Final = "defer"
"""The stage waits (`Deferred`) and is started again later; that costs no attempt."""
WHEN_DOWN_BUILTIN: Final = "builtin"
"""The built-in method does the work, and the output says so."""
WHEN_DOWN: Final = frozenset({WHEN_DOWN_FAIL, WHEN_DOWN_DEFER, WHEN_DOWN_BUILTIN})
"""All that `STAGEWORK_WHEN_DOWN` may be."""

# --- files and paths of the container -------------------------------------------------------

WORK_DIR: Final = "/work"
"""Mounted writable in every stage Pod; the root file system is read-only."""
INFO_DIR: Final = "/var/run/stagework"
"""Where the token, `inputs` and `params` are: one projected volume, since each costs a mount."""
TOKEN_FILE_NAME: Final = "token"
"""Name of the token's file below `INFO_DIR`."""
INPUTS_FILE_NAME: Final = "inputs"
"""Name of the inputs' file below `INFO_DIR`."""
PARAMS_FILE_NAME: Final = "params"
"""Name of the params' file below `INFO_DIR`."""
TERMINATION_FILE: Final = "/dev/termination-log"
"""The kubelet's default path of the termination message."""

IN_FOLDER: Final = "in"
"""Below `WORK_DIR`: inputs, as `in/<stage>/<path>` and `in/source/<name>`."""
OUT_FOLDER: Final = "out"
"""Below `WORK_DIR`: every regular file in it is uploaded at the end."""
SOURCE_FOLDER: Final = "source"
"""Below `in`: what `spec.input` names."""
INPUT_FOLDER: Final = "input"
"""Below `WORK_DIR`, with `contract: Files`: what `spec.input` names, as `input/<name>`."""
INPUTS_COPY: Final = "inputs.json"
"""Below `WORK_DIR`, with `contract: Files`: the inputs' file; the stage does not see the other."""
PARAMS_COPY: Final = "params.json"
"""Likewise the params' file."""
ITEMS_LIST: Final = "items.jsonl"
"""Below `WORK_DIR`, for programs: the batch's items that the run works on."""
ITEM_OUTCOMES: Final = "item-outcomes"
"""Below `WORK_DIR`, for programs: where they say what has become of each."""
ITEMS_FOLDER: Final = "items"
"""Below `out`: what a stage leaves for one item of the batch alone, as `items/<number>/<path>`."""
ITEM_VALUES: Final = "values.json"
"""Below `items/<number>`: the small values that a stage has set for the item."""
MODEL_FOLDER: Final = "model"
"""Below `WORK_DIR`: the unpacked archive that `STAGEWORK_MODEL` names."""
ALIVE_FILE: Final = "/tmp/stagekit-alive"  # noqa: S108  (a private emptyDir of the Pod)
"""Touched every `HEARTBEAT_SECONDS`; a liveness probe may look at its age."""

# --- the fence of `contract: Files` ----------------------------------------------------------

FENCE_PORT: Final = 14140
"""Port of the Pod on which the container that keeps the outputs answers the kubelet; neither among
those that meshes use nor among those that Linux gives to clients."""
FENCE_PATH: Final = "/livez"
"""200 while somebody answers, 503 once the stage must end."""
FENCE_START_SECONDS: Final = 10
"""From the start of the stage's container to the first question."""
FENCE_PERIOD_SECONDS: Final = 5
"""Between two questions."""
FENCE_FAILURES: Final = 4
"""After so many bad answers or none the stage is ended: a container that is started again, or a
busy node, costs no stage."""
FENCE_GRACE_SECONDS: Final = 5
"""From SIGTERM to SIGKILL of a stage that the fence ends: 65 s after the last answer at the latest
it has gone."""

# --- headers of the artifact protocol -------------------------------------------------------

HEADER_SHA256: Final = "X-Content-SHA256"
"""On an upload: sha256 of the whole body in hex; a body with another digest is refused."""
HEADER_CHECKSUM: Final = "X-Stagework-Checksum"
"""On an upload, `sha256` from who sends `x-amz-checksum-sha256` to an address that the answer leads
to; from others the service takes the bytes itself."""
CHECKSUM_SHA256: Final = "sha256"
"""The one checksum that is known."""
HEADER_STORE_CHECKSUM: Final = "x-amz-checksum-sha256"
"""On an upload to such an address: the digest in base64."""
HEADER_FILE_NAME: Final = "X-Stagework-Name"
"""On `GET /v1/input`: the file's name, percent-encoded UTF-8."""
HEADER_AUTHORIZATION: Final = "X-Stagework-Authorization"
"""Bearer token where `Authorization` is taken by the API server's service proxy."""

# --- exit codes ------------------------------------------------------------------------------

EXIT_OK: Final = 0
"""The mark is written and says what happened."""
EXIT_FAILED: Final = 1
"""The stage failed; the mark, if any, says why. It may be tried again."""
EXIT_REFUSED: Final = 2
"""The input can never work (`outcome: Refused`); trying again is of no use."""
EXIT_DEFERRED: Final = 3
"""The work cannot be done now (`outcome: Deferred`); the mark says why."""
EXIT_NOTHING_TO_DO: Final = 77
"""From programs without a mark: there was nothing to do (`outcome: Skipped`)."""
EXIT_FENCED: Final = 75
"""stagekit ended its child because it had lost contact for too long (self-fence)."""

EXIT_INTERRUPTED: Final = 143
"""stagekit got SIGTERM and ended the work; no mark is written (128 + SIGTERM)."""

# --- outcomes of the mark --------------------------------------------------------------------

OUTCOME_SUCCEEDED: Final = "Succeeded"
"""The stage did its work; `digest` is the sha256 of `result.json`."""
OUTCOME_FAILED: Final = "Failed"
"""The stage tried and failed; it may be tried again."""
OUTCOME_REFUSED: Final = "Refused"
"""The input is bad: the stage fails without further attempts."""
OUTCOME_SKIPPED: Final = "Skipped"
"""There was nothing to do, with a reason (such as `NoAudio`); counts as done."""
OUTCOME_DEFERRED: Final = "Deferred"
"""It cannot be done now, with a reason (such as `EndpointUnavailable`): started again after a
back-off of its own, without using up an attempt."""
OUTCOMES: Final = frozenset(
    {OUTCOME_SUCCEEDED, OUTCOME_FAILED, OUTCOME_REFUSED, OUTCOME_SKIPPED, OUTCOME_DEFERRED}
)
"""Every outcome a mark may carry."""

OUTCOME_OF_EXIT: Final = {
    EXIT_OK: OUTCOME_SUCCEEDED,
    EXIT_REFUSED: OUTCOME_REFUSED,
    EXIT_NOTHING_TO_DO: OUTCOME_SKIPPED,
}
"""What the exit code of a program says that knows nothing of marks; all others say Failed."""


def param_variable(name: str) -> str:
    """The environment variable of a param: shells take no `-` in a variable's name."""
    return f"{ENV_PARAM_PREFIX}{name.upper().replace('-', '_')}"
