"""Objects of our own kinds as they are cached: a few decoded fields, the rest as bytes.

Ten thousand runs are kept this way; a run becomes a full, checked object only while it is
decided about.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import orjson

from stagework.api.base import Metadata
from stagework.api.intervention import Intervention, InterventionSpec, InterventionStatus
from stagework.api.observed import EPOCH, OwnerReference
from stagework.api.pipeline import Pipeline, PipelineSpec
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus
from stagework.api.stages import Stage

_EMPTY = msgspec.Raw(b"{}")


_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


class OwnMeta(msgspec.Struct, frozen=True, gc=False):
    """`metadata` of an object of ours."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: datetime = EPOCH
    deletionTimestamp: datetime | None = None
    ownerReferences: tuple[OwnerReference, ...] = ()


class OwnView(msgspec.Struct, frozen=True, gc=False):
    """An object of ours; `spec` and `status` are JSON."""

    metadata: OwnMeta
    spec: msgspec.Raw = _EMPTY
    status: msgspec.Raw = _EMPTY

    def __post_init__(self) -> None:
        """Let go of the message: raw parts would keep a whole page of a list alive."""
        msgspec.structs.force_setattr(self, "spec", self.spec.copy())
        msgspec.structs.force_setattr(self, "status", self.status.copy())

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return (self.metadata.namespace, self.metadata.name)

    @property
    def is_stub(self) -> bool:
        """Whether most of it was let go of (`stub_of`): what is left names it, no more."""
        return bytes(self.spec) == bytes(_EMPTY)


_decoder = msgspec.json.Decoder(OwnView)


def stub_of(view: OwnView) -> OwnView:
    """A run of which nothing more is to come, without its spec and status.

    The name of its revision stays: a person's Retry may need it, so it must not be swept.
    """
    kept = orjson.dumps({"pipelineRevision": revision_of(view)})
    return OwnView(view.metadata, _EMPTY, msgspec.Raw(kept))


def from_body(body: object) -> OwnView:
    """From the nested dict that kopf hands to handlers."""
    return _decoder.decode(orjson.dumps(body, default=dict))


def from_bytes(body: bytes) -> OwnView:
    """From an answer of the API server."""
    return _decoder.decode(body)


def metadata_of(view: OwnView) -> Metadata:
    """The metadata for decisions."""
    meta = view.metadata
    return Metadata.model_construct(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        resourceVersion=meta.resourceVersion,
        generation=meta.generation,
        creationTimestamp=meta.creationTimestamp,
        deletionTimestamp=meta.deletionTimestamp,
        ownerReferences=list(meta.ownerReferences),
        # Given, so that pydantic need not copy the defaults.
        labels={},
        annotations={},
    )


def status_of(view: OwnView) -> PipelineJobStatus:
    """The stored status; raises pydantic.ValidationError where somebody has broken it."""
    return PipelineJobStatus.model_validate_json(bytes(view.status))


def spec_of(view: OwnView) -> PipelineJobSpec:
    """What a person wrote; raises pydantic.ValidationError for a spec of an older schema."""
    return PipelineJobSpec.model_validate_json(bytes(view.spec))


def spec_parts_of(view: OwnView) -> dict[str, msgspec.Raw]:
    """The fields of a run's spec, as JSON."""
    return _parts.decode(view.spec)


def spec_with(stages: list[Stage], parts: Mapping[str, msgspec.Raw]) -> PipelineJobSpec:
    """What a person wrote, where the stages have been checked already; raises ValidationError."""
    rest = {key: orjson.loads(bytes(raw)) for key, raw in parts.items() if key != "stages"}
    return PipelineJobSpec.model_validate(rest).model_copy(update={"stages": stages})


def pipelinejob(view: OwnView, status: PipelineJobStatus, spec: PipelineJobSpec) -> PipelineJob:
    """The run for decisions."""
    return PipelineJob.model_construct(metadata=metadata_of(view), spec=spec, status=status)


def pipelinejob_without_spec(view: OwnView, status: PipelineJobStatus) -> PipelineJob:
    """A run whose spec cannot be read, so that this can be said in its status."""
    spec = PipelineJobSpec.model_construct()
    return PipelineJob.model_construct(metadata=metadata_of(view), spec=spec, status=status)


def pipeline(view: OwnView) -> Pipeline:
    """A Pipeline for decisions; raises pydantic.ValidationError."""
    spec = PipelineSpec.model_validate_json(bytes(view.spec))
    return Pipeline.model_construct(metadata=metadata_of(view), spec=spec)


def intervention(view: OwnView) -> Intervention:
    """An Intervention for decisions; raises pydantic.ValidationError."""
    return Intervention.model_construct(
        metadata=metadata_of(view),
        spec=InterventionSpec.model_validate_json(bytes(view.spec)),
        status=InterventionStatus.model_validate_json(bytes(view.status)),
    )


class _Summary(msgspec.Struct):
    summary: str = ""


_summary = msgspec.json.Decoder(_Summary)


def summary_of(view: OwnView) -> str:
    """`status.summary` of a run; empty before it has one or where somebody has broken it."""
    try:
        return _summary.decode(view.status).summary
    except msgspec.DecodeError:
        return ""


class _TargetSpec(msgspec.Struct):
    class Target(msgspec.Struct):
        name: str = ""

    target: Target = msgspec.field(default_factory=Target)


_target = msgspec.json.Decoder(_TargetSpec)


def target_of(view: OwnView) -> tuple[str, str]:
    """Namespace and name of an Intervention's target."""
    return (view.metadata.namespace, _target.decode(view.spec).target.name)


class _RefSpec(msgspec.Struct):
    class Ref(msgspec.Struct):
        name: str = ""

    pipelineRef: Ref = msgspec.field(default_factory=Ref)


_ref = msgspec.json.Decoder(_RefSpec)


def pipeline_of(view: OwnView) -> tuple[str, str]:
    """Namespace and name of the Pipeline that a run names; the name is empty for inline stages."""
    return (view.metadata.namespace, _ref.decode(view.spec).pipelineRef.name)


class _StatusRevision(msgspec.Struct):
    pipelineRevision: str = ""


_revision = msgspec.json.Decoder(_StatusRevision)


def revision_of(view: OwnView) -> str:
    """The ControllerRevision that a run uses; empty where none."""
    return _revision.decode(view.status).pipelineRevision
