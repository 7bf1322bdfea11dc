"""The last runs that were decided about, decoded: to check all of it again is not for free."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.cluster.cache import own_objects as views
from stagework.plans.snapshot import Resolved

KEPT: Final = 512
"""Runs kept; the one that was looked at longest ago goes first."""
KEPT_STAGES: Final = 64
"""Lists of inline stages kept: runs that one program makes mostly share theirs."""


@dataclass
class _Entry:
    generation: int = -1
    spec: PipelineJobSpec | None = None
    inline: Resolved | None = None
    version: str = ""
    status: PipelineJobStatus | None = None


class RunCache:
    """Decoded specs by generation and statuses by resourceVersion."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._stages: OrderedDict[bytes, Resolved] = OrderedDict()

    def spec(self, view: views.OwnView) -> PipelineJobSpec:
        """The run's spec; raises pydantic.ValidationError."""
        entry, generation = self._entry(view), view.metadata.generation
        if entry.spec is None or entry.generation != generation:
            entry.spec, entry.inline = self._decode(view)
            entry.generation = generation
        return entry.spec

    def _decode(self, view: views.OwnView) -> tuple[PipelineJobSpec, Resolved | None]:
        parts = views.spec_parts_of(view)
        raw = bytes(parts.get("stages", b""))
        known = self._stages.get(raw)
        if known is not None:
            self._stages.move_to_end(raw)
            return views.spec_with(known.stages, parts), known
        spec = views.spec_of(view)
        if spec.stages is None:
            return spec, None
        known = self._stages[raw] = Resolved(spec.stages, None)
        if len(self._stages) > KEPT_STAGES:
            self._stages.popitem(last=False)
        return spec, known

    def inline(self, view: views.OwnView) -> Resolved | None:
        """The run's own stages; None where it names a Pipeline. Raises ValidationError."""
        self.spec(view)
        return self._entry(view).inline

    def status(self, view: views.OwnView) -> PipelineJobStatus:
        """The stored status; raises pydantic.ValidationError."""
        entry, version = self._entry(view), view.metadata.resourceVersion
        if entry.status is None or entry.version != version:
            entry.status = views.status_of(view)
            entry.version = version
        return entry.status

    def wrote(self, view: views.OwnView, status: PipelineJobStatus) -> None:
        """Our own write was answered with this version: its status is known already."""
        entry = self._entry(view)
        entry.status, entry.version = status, view.metadata.resourceVersion

    def drop(self, uid: str) -> None:
        """The run is gone."""
        self._entries.pop(uid, None)

    def _entry(self, view: views.OwnView) -> _Entry:
        uid = view.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            entry = self._entries[uid] = _Entry()
            if len(self._entries) > KEPT:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(uid)
        return entry
