"""Stages, Pipelines, runs and what people ask of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stagework.api.base import Metadata
from stagework.api.intervention import Intervention, InterventionSpec, InterventionStatus, Target
from stagework.api.observed import OwnerReference
from stagework.api.pipeline import Param, Pipeline, PipelineSpec
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus, PipelineRef
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage

T0 = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
"""When everything begins."""
NAMESPACE = "ads"
RUN_NAME = "ad-3b87"
RUN_UID = "0c6ac7a5-3b87-4e9e-9f5b-2f6a5f0f1a11"


def after(seconds: float) -> datetime:
    """So many seconds after T0."""
    return T0 + timedelta(seconds=seconds)


def make_stage(name: str = "img_gen", **changes: Any) -> Stage:
    """A stage on a GPU machine with short clocks, which writes a mark."""
    fields: dict[str, Any] = {
        "name": name,
        "image": "stagework/ad-image:0.1.0",
        "runsOn": ["gpu"],
        "timeoutSeconds": 60,
        "startDeadlineSeconds": 120,
        "retries": 2,
        "backoffSeconds": 10,
        "contract": "Mark",
    }
    return Stage.model_validate({**fields, **changes})


def line_of(count: int, **changes: Any) -> list[Stage]:
    """So many stages, each after the one above it."""
    return [make_stage(f"stage_{number}", **changes) for number in range(1, count + 1)]


def make_pipeline(
    *stages: Stage, name: str = "ad-image", params: Sequence[Param] = (), **meta: Any
) -> Pipeline:
    """A Pipeline; of one stage unless told otherwise."""
    spec = PipelineSpec(stages=list(stages) or [make_stage()], params=list(params))
    return Pipeline(metadata=Metadata(name=name, namespace=NAMESPACE, **meta), spec=spec)


def make_run(
    *stages: Stage,
    name: str = RUN_NAME,
    uid: str = RUN_UID,
    status: PipelineJobStatus | None = None,
    pipeline: str = "",
    created: datetime = T0,
    generation: int = 1,
    deleted: datetime | None = None,
    resource_version: str = "1",
    **spec: Any,
) -> PipelineJob:
    """A run of inline stages, or of the Pipeline named."""
    if pipeline:
        spec["pipelineRef"] = PipelineRef(name=pipeline)
    else:
        spec["stages"] = list(stages) or [make_stage()]
    return PipelineJob(
        metadata=Metadata(
            name=name,
            namespace=NAMESPACE,
            uid=uid,
            resourceVersion=resource_version,
            generation=generation,
            creationTimestamp=created,
            deletionTimestamp=deleted,
        ),
        spec=PipelineJobSpec.model_validate(spec),
        status=status or PipelineJobStatus(),
    )


def make_status(name: str = "img_gen", state: str = "Waiting", **changes: Any) -> StageStatus:
    """The status of one stage."""
    return StageStatus.model_validate({"name": name, "state": state, **changes})


def make_intervention(
    verb: str = "Retry",
    *stages: str,
    uid: str = "iv-1",
    target: str = RUN_NAME,
    target_uid: str = "",
    asked: datetime = T0,
    owned: bool = False,
    status: InterventionStatus | None = None,
    **spec: Any,
) -> Intervention:
    """What a person asks; of the default run unless told otherwise."""
    fields: Mapping[str, Any] = {
        "verb": verb,
        "stages": list(stages),
        "target": Target(name=target, uid=target_uid),
        "requestedBy": "ops@example.org",
        "reason": "font was missing",
    }
    return Intervention(
        metadata=Metadata(
            name=f"{target}-{uid}",
            namespace=NAMESPACE,
            uid=uid,
            creationTimestamp=asked,
            ownerReferences=(OwnerReference(uid=RUN_UID),) if owned else (),
        ),
        spec=InterventionSpec.model_validate({**fields, **spec}),
        status=status or InterventionStatus(),
    )
