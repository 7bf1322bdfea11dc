"""What concerns artifacts in a run or a Pipeline: its input, its models, its committed stages.

Decoded as little as possible, so that a run of an older schema still keeps its artifacts.
"""

import msgspec

from stagekit.contract import ENV_MODEL
from stagework.api.kinds import BATCH
from stagework.api.names import (
    STAGE_FAILED_STATE,
    STAGE_NOT_RUN,
    STAGE_SKIPPED,
    STAGE_SUCCEEDED,
)
from stagework.api.observed import EnvVariable
from stagework.api.packed_stage import unpack
from stagework.api.stage_status import artifact_prefix
from stagework.cluster.cache.own_objects import OwnMeta, OwnObject
from stagework.web.cluster import CommittedStage, ItemRange, RecordedAttempt, Run

_ENDED = frozenset({STAGE_SUCCEEDED, STAGE_FAILED_STATE, STAGE_SKIPPED, STAGE_NOT_RUN})


class _Items(msgspec.Struct):
    uri: str
    to: int
    start: int = msgspec.field(name="from")
    round: int = 0


class _Input(msgspec.Struct):
    uri: str | None = None
    items: _Items | None = None


class _Stage(msgspec.Struct):
    env: list[EnvVariable] = []


class _Spec(msgspec.Struct):
    """The spec of a Pipeline, or of a run with stages of its own."""

    stages: list[_Stage] | None = None
    input: _Input | None = None


class _Commit(msgspec.Struct):
    attempt: int = 0
    pod: str = ""


class _StageStatus(msgspec.Struct):
    name: str
    state: str = ""
    attempt: int = 1
    job: str = ""
    jobUid: str = ""
    pod: str = ""
    record: str = ""
    commit: _Commit | None = None


class _Status(msgspec.Struct):
    stages: list[_StageStatus] = []


_spec = msgspec.json.Decoder(_Spec)
_status = msgspec.json.Decoder(_Status)


def run_of(view: OwnObject) -> Run:
    """A run's facts; raises msgspec.MsgspecError where its spec or status is not understood."""
    spec = _spec.decode(view.spec)
    stages = [_whole(stage) for stage in _status.decode(view.status).stages]
    committed = tuple(
        _committed(view.metadata, stage.name, stage.commit)
        for stage in stages
        if stage.commit is not None
    )
    attempts = tuple(_attempt(stage) for stage in stages if stage.job)
    return Run(
        namespace=view.metadata.namespace,
        name=view.metadata.name,
        uid=view.metadata.uid,
        input_uri=(spec.input.uri or "") if spec.input is not None else "",
        items=_items(spec.input.items) if spec.input is not None else None,
        batch_uid=_batch_uid(view.metadata),
        committed=committed,
        attempts=attempts,
        models=_models(spec),
    )


def _items(given: _Items | None) -> ItemRange | None:
    return ItemRange(given.uri, given.round, given.start, given.to) if given is not None else None


def _batch_uid(meta: OwnMeta) -> str:
    kind = (BATCH.resource.api_version, BATCH.kind)
    for owner in meta.ownerReferences:
        if owner.controller and (owner.api_version, owner.kind) == kind:
            return owner.uid
    return ""


def _whole(stage: _StageStatus) -> _StageStatus:
    given = msgspec.structs.asdict(stage)
    return msgspec.convert(unpack(given), _StageStatus) if stage.record else stage


def _committed(run: OwnMeta, stage: str, commit: _Commit) -> CommittedStage:
    """Its place is told by the run itself: a status can be edited."""
    where = artifact_prefix(
        run.namespace, run.uid, stage=stage, attempt=commit.attempt, pod=commit.pod
    )
    return CommittedStage(stage, commit.attempt, where)


def _attempt(stage: _StageStatus) -> RecordedAttempt:
    return RecordedAttempt(
        stage.name,
        stage.attempt,
        stage.job,
        stage.jobUid,
        stage.pod,
        ended=stage.commit is not None or stage.state in _ENDED,
    )


def models_of(view: OwnObject) -> tuple[str, ...]:
    """Addresses of the models that a Pipeline's stages name; raises msgspec.MsgspecError."""
    return _models(_spec.decode(view.spec))


def _models(spec: _Spec) -> tuple[str, ...]:
    values = (
        variable.value
        for stage in spec.stages or []
        for variable in stage.env
        if variable.name == ENV_MODEL
    )
    return tuple(value for value in values if value)
