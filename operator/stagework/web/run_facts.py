"""What concerns artifacts in a run or a Pipeline: its input, its models, its committed stages.

Decoded as little as possible, so that a run of an older schema still keeps its artifacts.
"""

import msgspec

from stagekit.contract import ENV_MODEL
from stagework.api.names import (
    STAGE_FAILED_STATE,
    STAGE_NOT_RUN,
    STAGE_SKIPPED,
    STAGE_SUCCEEDED,
)
from stagework.api.observed import EnvVariable
from stagework.api.stage_status import artifact_prefix
from stagework.cluster.cache.own_objects import OwnObject
from stagework.web.cluster import CommittedStage, RecordedAttempt, Run

_ENDED = frozenset({STAGE_SUCCEEDED, STAGE_FAILED_STATE, STAGE_SKIPPED, STAGE_NOT_RUN})


class _Input(msgspec.Struct):
    uri: str = ""


class _Stage(msgspec.Struct):
    env: list[EnvVariable] = []


class _Spec(msgspec.Struct):
    """The spec of a Pipeline, or of a run with stages of its own."""

    stages: list[_Stage] | None = None
    input: _Input | None = None


class _Commit(msgspec.Struct):
    attempt: int = 0
    pod: str = ""
    prefix: str = ""

    def is_of(self, view: OwnObject, stage: str) -> bool:
        """Whether its prefix is that of this very attempt: a status can be edited."""
        meta = view.metadata
        own = artifact_prefix(
            meta.namespace, meta.uid, stage=stage, attempt=self.attempt, pod=self.pod
        )
        return self.prefix == own


class _StageStatus(msgspec.Struct):
    name: str
    state: str = ""
    attempt: int = 1
    job: str = ""
    jobUid: str = ""
    pod: str = ""
    commit: _Commit | None = None


class _Status(msgspec.Struct):
    stages: list[_StageStatus] = []


_spec = msgspec.json.Decoder(_Spec)
_status = msgspec.json.Decoder(_Status)


def run_of(view: OwnObject) -> Run:
    """A run's facts; raises msgspec.MsgspecError where its spec or status is not understood."""
    spec = _spec.decode(view.spec)
    stages = _status.decode(view.status).stages
    committed = tuple(
        CommittedStage(stage.name, stage.commit.attempt, stage.commit.prefix)
        for stage in stages
        if stage.commit is not None and stage.commit.is_of(view, stage.name)
    )
    attempts = tuple(_attempt(stage) for stage in stages if stage.job)
    return Run(
        namespace=view.metadata.namespace,
        name=view.metadata.name,
        uid=view.metadata.uid,
        input_uri=spec.input.uri if spec.input is not None else "",
        committed=committed,
        attempts=attempts,
        models=_models(spec),
    )


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
