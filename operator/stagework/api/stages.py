"""One stage as a person writes it: what runs, where, after what, and how often it is tried."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from stagekit import contract
from stagework.api.base import Resource, no_null_byte, rules
from stagework.api.pod_fields import (
    Annotations,
    EnvFrom,
    ExitCodes,
    Labels,
    PullPolicy,
    WorkingDir,
)
from stagework.api.quantity import Resources
from stagework.api.references import KeyRef
from stagework.api.volumes import MAX_VOLUMES, MEMORY_FITS, MOUNTS_DIFFER, Volume

MAX_STAGES = 64
"""Stages of one pipeline at most."""
MAX_SECONDS = 7 * 24 * 3600
"""Upper bound of every duration: a week."""

StageName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]*$", max_length=40)]
ClassName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]*$", max_length=31)]
EnvName = Annotated[
    str, StringConstraints(pattern="^[A-Za-z_][A-Za-z0-9_]*$", min_length=1, max_length=128)
]
RunsIf = Literal["Succeeded", "Ended", "Failed"]
"""What must have become of the stages that a stage depends on."""
Argument = Annotated[str, StringConstraints(max_length=4096), no_null_byte("an argument")]


_HOST: Final = "[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*"
_FOLDER: Final = "[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*"
_IMAGE: Final = (
    f"^(({_HOST}|\\\\[[a-fA-F0-9:]+\\\\])(:[0-9]+)?/)?{_FOLDER}(/{_FOLDER})*"
    "(:[a-zA-Z0-9_][-a-zA-Z0-9_.]{0,127})?(@[a-z0-9]+([+._-][a-z0-9]+)*:[a-fA-F0-9]{32,})?$"
)
"""What container runtimes read as the name of an image; all others are `InvalidImageName`."""


def _image_name() -> Any:
    """The API server takes any text for an image, and the kubelet refuses it later."""
    message = (
        "an image is named such as registry.example.org/team/tool:1.2, in lower case and without "
        "spaces (only the registry's host and the tag may have upper-case letters)"
    )
    return Field(json_schema_extra=rules((f"self.matches('{_IMAGE}')", message)))


_PIPELINE_ENV = list(contract.PIPELINE_ENV)
_WHEN_DOWN = sorted(contract.WHEN_DOWN)


class EnvVar(Resource):
    """One environment variable: a literal, or a key of a ConfigMap or Secret."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                (
                    "(has(self.value) ? 1 : 0) + (has(self.configMapKeyRef) ? 1 : 0) "
                    "+ (has(self.secretKeyRef) ? 1 : 0) <= 1"
                ),
                "give one of value, configMapKeyRef and secretKeyRef",
            ),
            (
                f"!self.name.startsWith('STAGEWORK_') || self.name in {_PIPELINE_ENV}",
                (
                    "names that begin with STAGEWORK_ are set by the operator "
                    f"(only {' and '.join(contract.PIPELINE_ENV)} may be given)"
                ),
            ),
            (
                (
                    f"self.name != '{contract.ENV_WHEN_DOWN}' "
                    f"|| (has(self.value) && self.value in {_WHEN_DOWN})"
                ),
                f"{contract.ENV_WHEN_DOWN} must have the value {' or '.join(_WHEN_DOWN)}",
            ),
            (
                (
                    f"self.name != '{contract.ENV_MODEL}' || (has(self.value) && "
                    "(self.value.startsWith('/') || self.value.startsWith('artifact://')))"
                ),
                (
                    f"{contract.ENV_MODEL} must be a folder such as /models/shoes, or the "
                    "artifact:// address of an uploaded zip"
                ),
            ),
        )
    )

    name: EnvName
    """Name; of those with STAGEWORK_ only METHOD, WHEN_DOWN and MODEL may be given."""
    value: Annotated[str, StringConstraints(max_length=4096), no_null_byte("value")] | None = None
    """Literal value: it arrives as it is written, `$(X)` and `$$` too."""
    configMapKeyRef: KeyRef | None = None
    """Taken from a ConfigMap of this namespace."""
    secretKeyRef: KeyRef | None = None
    """Taken from a Secret of this namespace."""


_REPLACE_IS_SAFE: Final = (
    (
        "!has(self.onNodeLost) || self.onNodeLost != 'Replace' || "
        "(has(self.idempotent) && self.idempotent)"
    ),
    (
        "onNodeLost: Replace may run a stage twice at once: add idempotent: true if that does no "
        "harm, or leave onNodeLost out"
    ),
)


class Stage(Resource):
    """One stage: a container that does one kind of work on one class of machine."""

    model_config = ConfigDict(json_schema_extra=rules(MEMORY_FITS, _REPLACE_IS_SAFE))

    name: StageName = Field(
        json_schema_extra=rules(
            (
                "!self.endsWith('_') && !self.endsWith('-')",
                "a stage's name cannot end with `_` or `-`",
            )
        )
    )
    """Unique in the pipeline, `-` and `_` being the same: a lower-case letter, then letters,
    digits, `-` and `_`; 40 at most."""
    dependsOn: list[StageName] | None = Field(default=None, max_length=16)
    """Stages that must have ended before, as `runsIf` says; only stages listed above. []: none.
    Absent: the one above it that runs if all is well; with `runsIf: Ended` or `Failed` all of
    them."""
    runsIf: RunsIf = "Succeeded"
    """Succeeded: all that it depends on went well. Ended: however they ended, once nothing above
    is at work (to clean up). Failed: likewise, where one of them failed; else it is not needed."""
    approval: bool = False
    """True: when its turn comes it waits for somebody who approves it (`stagework approve`)."""
    runsOn: list[ClassName] = Field(default=[], max_length=8)
    """Machine classes in order of preference; absent: the class map of the settings."""
    fallbackAfterSeconds: int | None = Field(default=None, ge=0, le=MAX_SECONDS)
    """Where no node of the first class is ready, wait this long before taking the next; one that is
    merely busy is waited for. 0: whichever is free first."""
    image: Annotated[str, StringConstraints(min_length=1, max_length=512), _image_name()]
    """Container image."""
    imagePullPolicy: PullPolicy | None = None
    """When the node pulls it; absent: as the settings say."""
    command: list[Argument] = Field(default=[], max_length=32)
    """Replaces the image's entry point."""
    args: list[Argument] = Field(default=[], max_length=64)
    """Arguments; `$(STAGEWORK_PARAM_X)` is replaced by Kubernetes, never by a shell; `$$(X)` is
    written for the words `$(X)`."""
    workingDir: WorkingDir | None = None
    """Folder in which the command starts; absent: the image's."""
    env: list[EnvVar] = Field(default=[], max_length=64, json_schema_extra={"x-map-key": "name"})
    """Environment variables; they win over those of `envFrom`."""
    envFrom: list[EnvFrom] = Field(default=[], max_length=16)
    """ConfigMaps and Secrets all of whose keys become variables; of two the later one wins."""
    resources: Resources = Resources()
    """Requests and limits; the machine class adds its own."""
    volumes: list[Volume] = Field(
        default=[],
        max_length=MAX_VOLUMES,
        json_schema_extra={"x-map-key": "name", "x-kubernetes-validations": [MOUNTS_DIFFER]},
    )
    """Volumes to mount."""
    labels: Labels = {}
    """Labels of its Pod beside the operator's; no name of `stagework.dev` or Kubernetes."""
    annotations: Annotations = {}
    """Annotations of its Pod; no name of `stagework.dev` or Kubernetes."""
    runAsUser: int | None = Field(default=None, ge=1, le=2**31 - 1)
    """Another non-zero user id where the image needs one."""
    contract: Literal["Files", "Mark", "ExitCode"] = "Files"
    """Files: any image; it finds `in/<stage>/` and `input/`, what it leaves in `out/` is kept, its
    exit code decides. Mark: stagekit, or a mark of the documented format, says how it ended.
    ExitCode: any image, without files."""
    timeoutSeconds: int = Field(default=3600, ge=1, le=MAX_SECONDS)
    """Longest run, counted from the container's start."""
    startDeadlineSeconds: int = Field(default=900, ge=1, le=MAX_SECONDS)
    """Longest time from the stage's turn to its container's start."""
    idempotent: bool = False
    """True: two of it at work at once do no harm, so that `onNodeLost: Replace` may be asked."""
    onNodeLost: Literal["Wait", "Replace"] = "Wait"
    """Where its node is lost. Wait: another attempt follows once it is proved that this one has
    ended. Replace: after 90 s without proof, never where machines may be away."""
    recovery: Literal["Retry", "Fail"] = "Retry"
    """Once it is proved that its process has gone without a result. Retry: another attempt, which
    costs none. Fail: it has failed (`Orphaned`), and a person may retry it; not where its kubelet
    has reported that it was ended from outside, such as by a drain or an eviction."""
    orphanTimeoutSeconds: int | None = Field(default=None, ge=60, le=MAX_SECONDS)
    """Where nothing proves for so long that its process lives or has ended, it has failed
    (`Orphaned`), never where machines may be away; absent: as the settings say."""
    retries: int = Field(default=2, ge=0, le=100)
    """Further attempts after a failed one."""
    retryOnExitCodes: ExitCodes | None = None
    """Of the exit codes only these are tried again, each other one fails the stage at once; absent:
    all but 2. Time-outs and other failures without an exit code of the program's are not meant."""
    backoffSeconds: int = Field(default=10, ge=0, le=MAX_SECONDS)
    """Wait before the second attempt; doubles with each further one."""
    backoffMaxSeconds: int = Field(default=600, ge=0, le=MAX_SECONDS)
    """Longest wait between attempts."""


_ONLY_ABOVE = (
    "!has(s.dependsOn) || s.dependsOn.all(d, "
    "names.indexOf(d) >= 0 && names.indexOf(d) < names.indexOf(s.name))"
)
"""CEL: stage `s` names only stages above it. The list `names` is bound by a one-element list
around it, because the API server's cost estimate must see it made once, not once a stage."""

_ONE_NAME = "[self.map(s, s.name.replace('-', '_'))].all(n, n.all(x, n.exists_one(y, x == y)))"
"""CEL: no two names differ by `-` and `_` alone: in environment variables and the names of Jobs
they would be the same."""

Stages = Annotated[
    list[Stage],
    Field(
        min_length=1,
        max_length=MAX_STAGES,
        json_schema_extra={
            "x-map-key": "name",
            "x-kubernetes-validations": [
                {
                    "rule": f"[self.map(t, t.name)].all(names, self.all(s, {_ONLY_ABOVE}))",
                    "message": "dependsOn may name only stages listed above it",
                    "messageExpression": "'stage ' + self[[self.map(t, t.name)].map(names, "
                    f"self.map(s, {_ONLY_ABOVE}))[0].indexOf(false)].name + "
                    "' depends on a stage that is not listed above it: correct the name in "
                    "its dependsOn, or move the stage down'",
                },
                {
                    "rule": _ONE_NAME,
                    "message": "two stages have names that differ by `-` and `_` alone: rename one",
                },
            ],
        },
    ),
]
