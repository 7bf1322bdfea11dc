"""Before the first decision: every run says which slots it holds and wants; then some are given."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.machines import Fleet
from stagework.api.observed import PodView
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_OWNER, STAGE_PODS
from stagework.cluster.client.errors import ApiError
from stagework.controllers.controller import Unreadable, View
from stagework.controllers.decoding import has_ended
from stagework.controllers.pipelinejobs.decoding import pod_records
from stagework.controllers.pipelinejobs.gather import Gatherer
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.pipelinejobs.triggers import RUNS, key_of
from stagework.plans.pipelinejob.plan import evaluate
from stagework.plans.pipelinejob.slot_requests import held_by_leaving, held_by_records
from stagework.plans.pipelinejob.snapshot import ForgedRevision, Resolved
from stagework.policies.slots.request import Order

log = logging.getLogger(__name__)

TRIES: Final = 10
"""How often a run is asked what it wants, before slots are given without it."""
PAUSE_SECONDS: Final = 1.0
"""Between two tries."""

Prepare = Callable[[OwnObject], Awaitable[Resolved | ForgedRevision | None]]
"""Reads the stages of a run; raises Unreadable or ApiError."""


class TakeOver:
    """What runs hold and want, asked before anything is decided; and of runs that cannot say it."""

    def __init__(
        self,
        cache: Cache,
        slots: Slots,
        gatherer: Gatherer,
        fleet: Fleet,
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._cache = cache
        self._slots = slots
        self._gatherer = gatherer
        self._fleet = fleet
        self._wall_clock = wall_clock

    async def everybody_says(self, prepare: Prepare) -> None:
        """Ask every run, those again that could not be read, then let slots be given."""
        self._slots.close()
        runs = [run for run in self._cache.all(RUNS) if self._may_hold_or_want(run)]
        for _ in range(TRIES):
            silent: list[OwnObject] = []
            for run in runs:
                if not await self._says(run, prepare):
                    silent.append(run)
                await asyncio.sleep(0)  # Lease, watches and probes have their turn
            if not silent:
                break
            runs = silent
            await asyncio.sleep(PAUSE_SECONDS)
        self._leaving_hold()
        self._slots.open()

    def hold_by_records(self, run: OwnObject) -> None:
        """A run that cannot be evaluated holds what is known already, else what it has recorded."""
        meta = run.metadata
        if not self._slots.holds(meta.uid):
            order = Order(0, meta.namespace, is_new=False, created="", run=meta.name, uid=meta.uid)
            held = held_by_records(
                pod_records(run), self._pods_of(run), self._slots.nodes, self._fleet, order
            )
            self._slots.request(key_of(run), meta.uid, held)
        self._slots.release(meta.uid)

    def _leaving_hold(self) -> None:
        """Pods that are being ended hold their slots though their runs are gone.

        Nothing proves that they were ours, so they are believed for a short time only; those whose
        run was removed without them (`--cascade=orphan`) are nobody's business any more.
        """
        of_runs: dict[tuple[str, str], list[PodView]] = {}
        for pod in self._cache.all(STAGE_PODS):
            meta = pod.metadata
            run = (meta.namespace, meta.labels.get(names.LABEL_RUN_UID, ""))
            if meta.leaving and self._cache.get(RUNS, *run) is None:
                of_runs.setdefault(run, []).append(pod)
        for (namespace, uid), pods in of_runs.items():
            order = Order(0, namespace, is_new=False, created="", run=_name_of(pods[0]), uid=uid)
            held = held_by_leaving(pods, self._slots.nodes, self._fleet, order)
            self._slots.hold_leaving(uid, held)

    def _may_hold_or_want(self, run: OwnObject) -> bool:
        if run.is_tombstone:
            return False
        return bool(self._pods_of(run)) or not has_ended(run)

    def _pods_of(self, run: OwnObject) -> tuple[PodView, ...]:
        meta = run.metadata
        return self._cache.indexed(STAGE_PODS, meta.namespace, BY_OWNER, meta.uid)

    async def _says(self, run: OwnObject, prepare: Prepare) -> bool:
        """Whether it could be evaluated, or can never be."""
        try:
            view = View[PipelineJobStatus](run, await prepare(run))
            evaluated = evaluate(self._gatherer.snapshot(view), self._wall_clock())
        except ApiError:
            self.hold_by_records(run)
            return False
        except Unreadable:
            self.hold_by_records(run)
            return True  # said in its own status when it is decided about
        except Exception:
            # One bad object must never stop the others.
            log.exception("%s/%s: what it wants is not known", *run.name)
            self.hold_by_records(run)
            return True
        self._slots.request(key_of(run), run.metadata.uid, evaluated.slot_requests)
        return True


def _name_of(pod: PodView) -> str:
    """The run's name as the Pod says it, for whoever waits."""
    return pod.metadata.labels.get(names.LABEL_RUN, "")
