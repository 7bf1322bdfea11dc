"""The runs that say a Batch controls them: decoded no further than decisions about it need."""

from collections import OrderedDict
from datetime import datetime
from typing import Final

import msgspec

from stagework.api import names
from stagework.api.packed_stage import unpack
from stagework.api.stage_status import artifact_prefix
from stagework.api.text import MESSAGE_BYTES, cut, reason_word
from stagework.cluster.cache.own_objects import OwnObject
from stagework.plans.batch.snapshot import ChildRun, StageEnd

KEPT: Final = 2048
"""Decoded runs kept: those of a few batches at full width."""


class _Condition(msgspec.Struct):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class _Commit(msgspec.Struct):
    attempt: int = 1
    pod: str = ""
    items: int | None = None
    failedItems: int | None = None


class _Stage(msgspec.Struct):
    name: str = ""
    state: str = ""
    reason: str = ""
    message: str = ""
    attempt: int = 1
    machine: str = ""
    pod: str = ""
    record: str = ""
    turnTime: datetime | None = None
    startTime: datetime | None = None
    completionTime: datetime | None = None
    commit: _Commit | None = None


class _Status(msgspec.Struct):
    conditions: list[_Condition] = []
    stages: list[msgspec.Raw] = []
    startTime: datetime | None = None
    completionTime: datetime | None = None


_status = msgspec.json.Decoder(_Status)
_plain = msgspec.json.Decoder(dict[str, object])


class ChildRuns:
    """Decodes them, each once a version."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, ChildRun]] = OrderedDict()

    def of(self, known: OwnObject) -> ChildRun:
        """What one says of itself; one that cannot be read is going on, as far as we can see."""
        meta = known.metadata
        kept = self._kept.get(meta.uid)
        if kept is not None and kept[0] == meta.resourceVersion:
            self._kept.move_to_end(meta.uid)
            return kept[1]
        child = _child(known)
        self._kept[meta.uid] = (meta.resourceVersion, child)
        self._kept.move_to_end(meta.uid)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return child


def _child(known: OwnObject) -> ChildRun:
    meta = known.metadata
    leaving = meta.deletionTimestamp is not None
    try:
        status = _status.decode(known.status)
        stages = [_stage(raw) for raw in status.stages]
    except (msgspec.MsgspecError, ValueError):
        return ChildRun(meta.name, meta.uid, ended=False, succeeded=False, leaving=leaving)
    said = next((c for c in status.conditions if c.type == names.SUCCEEDED), _Condition())
    ended = said.status in {"True", "False"}
    failed = next((s for s in stages if s.state == names.STAGE_FAILED_STATE), None)
    cause = failed if failed is not None and said.reason == names.STAGE_FAILED else said
    return ChildRun(
        meta.name,
        meta.uid,
        ended=ended,
        succeeded=said.status == "True",
        leaving=leaving,
        reason=reason_word(cause.reason) if ended else "",
        message=cut(cause.message, MESSAGE_BYTES) if ended else "",
        machine=_machine(stages),
        began=min((s.turnTime for s in stages if s.turnTime is not None), default=None),
        ended_at=status.completionTime,
        stages=tuple(_end(known, stage) for stage in stages) if ended else (),
    )


def _stage(raw: msgspec.Raw) -> _Stage:
    values = _plain.decode(raw)
    return msgspec.convert(unpack(values) if values.get("record") else values, _Stage)


def _end(known: OwnObject, stage: _Stage) -> StageEnd:
    meta, commit, prefix = known.metadata, stage.commit, ""
    pod, attempt = (stage.pod, stage.attempt) if commit is None else (commit.pod, commit.attempt)
    if pod:
        # Told by the run itself, and never by what somebody has written into a status. Also of a
        # stage that failed: its items may have outcomes of their own.
        prefix = artifact_prefix(
            meta.namespace, meta.uid, stage=stage.name, attempt=attempt, pod=pod
        )
    return StageEnd(
        stage.name,
        prefix,
        stage.state,
        stage.reason,
        stage.attempt,
        stage.machine,
        _seconds(stage),
        commit.items if commit is not None else None,
        commit.failedItems if commit is not None else None,
    )


def _seconds(stage: _Stage) -> float | None:
    began = stage.turnTime or stage.startTime
    if began is None or stage.completionTime is None:
        return None
    return max(0.0, (stage.completionTime - began).total_seconds())


def _machine(stages: list[_Stage]) -> str:
    """That of the stage that took longest, else of any that has one."""
    timed = [(_seconds(stage) or 0.0, stage.machine) for stage in stages if stage.machine]
    return max(timed, default=(0.0, ""))[1]
