"""PipelineJobs from what is cached of them: checked objects for decisions."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import orjson
from pydantic import ValidationError

from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client.claimed_times import decoded, readable
from stagework.controllers.decoding import understood
from stagework.plans.pipelinejob.slot_requests import PodRecord
from stagework.plans.pipelinejob.snapshot import Resolved

KEPT_STAGES: Final = 64
"""Lists of inline stages kept: runs that one program makes mostly share theirs."""

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class RunSpec:
    """What a person wrote, and the run's own stages; None where it names a Pipeline."""

    spec: PipelineJobSpec
    inline: Resolved | None


class RunSpecs:
    """Decodes specs; runs with the same stages share them."""

    def __init__(self) -> None:
        self._stages: OrderedDict[bytes, Resolved] = OrderedDict()

    def decode(self, known: OwnObject) -> RunSpec:
        """Raises pydantic.ValidationError for a spec of an older schema."""
        parts = _parts.decode(known.spec)
        raw = bytes(parts.get("stages", b""))
        shared = self._stages.get(raw)
        if shared is not None:
            self._stages.move_to_end(raw)
            rest = {
                key: orjson.loads(bytes(part)) for key, part in parts.items() if key != "stages"
            }
            spec = PipelineJobSpec.model_validate(rest)
            return RunSpec(spec.model_copy(update={"stages": shared.stages}), shared)
        spec = PipelineJobSpec.model_validate_json(bytes(known.spec))
        if spec.stages is None:
            return RunSpec(spec, None)
        shared = self._stages[raw] = Resolved(spec.stages, None)
        if len(self._stages) > KEPT_STAGES:
            self._stages.popitem(last=False)
        return RunSpec(spec, shared)


def decode_status(known: OwnObject) -> PipelineJobStatus:
    """The stored status; raises pydantic.ValidationError where somebody has broken it."""
    try:
        return PipelineJobStatus.model_validate_json(bytes(known.status))
    except ValidationError:
        return PipelineJobStatus.model_validate_json(readable(bytes(known.status)))


def run_of(known: OwnObject, spec: PipelineJobSpec, status: PipelineJobStatus) -> PipelineJob:
    """The run for decisions."""
    return PipelineJob.model_construct(metadata=known.checked_metadata(), spec=spec, status=status)


class _StatusWords(msgspec.Struct):
    summary: str = ""
    pipelineRevision: str = ""


_words = msgspec.json.Decoder(_StatusWords)


def summary_of(known: OwnObject) -> str:
    """`status.summary`; empty before it has one or where somebody has broken it."""
    try:
        return _words.decode(known.status).summary
    except msgspec.DecodeError:
        return ""


class _StageParts(msgspec.Struct):
    stages: list[msgspec.Raw] = []


class _PodFields(msgspec.Struct):
    name: str = ""
    pod: str = ""
    machine: str = ""
    turnTime: datetime | None = None


_stage_parts = msgspec.json.Decoder(_StageParts)
_pod_fields = msgspec.json.Decoder(_PodFields)


def pod_records(known: OwnObject) -> list[PodRecord]:
    """The Pods that a status has recorded, as far as it can be read at all."""
    found: list[PodRecord] = []
    with suppress(msgspec.DecodeError):
        for part in _stage_parts.decode(known.status).stages:
            with suppress(msgspec.DecodeError):
                fields = decoded(_pod_fields, part)
                found.append(PodRecord(fields.name, fields.pod, fields.machine, fields.turnTime))
    return [record for record in found if record.pod]


def revision_of(known: OwnObject) -> str:
    """The ControllerRevision that the run uses; empty where none.

    Raises Unreadable where somebody has broken the status: which one it uses is not known then.
    """
    with understood():
        return _words.decode(known.status).pipelineRevision
