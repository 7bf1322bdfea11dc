"""The reconcile loop: dirty key -> snapshot -> plan -> writes, by a few workers on one queue.

Nothing is planned before every first list is complete and the Lease is held; when the Lease is
lost, planning stops at once. The loop itself is ten lines (`_reconcile`); what it thinks is in
stagework.plans, what it sees in cluster.observe, what it does in cluster.apply.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from stagework.api import names
from stagework.api.intervention import Intervention
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.cluster import views
from stagework.cluster.apply import Applier, Outdated, StageRefused
from stagework.cluster.errors import ApiError, NamespaceTerminating
from stagework.cluster.event_poster import EventPoster
from stagework.cluster.lease import NotLeading
from stagework.cluster.observe import Key, Observer
from stagework.controllers.memory import NEVER, RunMemory, Working
from stagework.controllers.merging import FEW_STAGES, LONGEST_MERGE_SECONDS, merge_seconds
from stagework.controllers.metrics import Metrics
from stagework.controllers.revisions import Revisions
from stagework.controllers.run_cache import RunCache
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.accept import unreadable
from stagework.plans.ask import refuse_all
from stagework.plans.clean_up import nothing_to_come
from stagework.plans.pending import pending
from stagework.plans.pipelinejob import Advanced, advance, finish
from stagework.plans.plan import Plan
from stagework.plans.snapshot import PlanSettings, Question, Snapshot
from stagework.policies.interventions import TARGET_NOT_FOUND
from stagework.policies.placement import slots_of
from stagework.policies.slots import SlotLedger, Turn
from stagework.service_client.results import LookupFailed, ResultStore

log = logging.getLogger(__name__)

MANY_RUNS: Final = 2000
"""With more runs than this, statuses that wait are kept as JSON: they might all wait at once."""
REFUSAL_SECONDS: Final = 10.0
"""How long a refusal that may pass (quota) is believed before the API server is asked again."""
LOOKUP_RETRY_SECONDS: Final = 5.0
"""Pause before the API service is asked again."""


class Engine:
    """Reconciles all runs while the Lease is held."""

    def __init__(
        self,
        observer: Observer,
        applier: Applier,
        *,
        events: EventPoster,
        results: ResultStore,
        revisions: Revisions,
        settings: PlanSettings,
        metrics: Metrics,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._observer = observer
        self._applier = applier
        self._events = events
        self._results = results
        self._revisions = revisions
        self._settings = settings
        self._metrics = metrics
        self._workers = workers
        self._clock = clock
        self._wall = wall
        self._memory: dict[str, RunMemory] = {}
        self._uids: dict[Key, str] = {}
        self._decoded = RunCache()
        self._ledger = SlotLedger()
        self._slots: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.queue: WorkQueue[Key] = WorkQueue(clock)

    async def lead(self) -> None:
        """Plan and act until cancelled; the caller holds the Lease and all copies are complete."""
        self.queue.serve()
        self._ledger = SlotLedger()
        self._memory.clear()
        self._slots = slots_of(self._settings.fleet, self._observer.nodes)
        await self._claim_first()
        self._ledger.set_slots(self._slots)
        self._look_at_all()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())
            group.create_task(self._revisions.sweep_for_ever(self._observer))

    def is_over(self, run_uid: str, stage: str, attempt: str) -> bool:
        """Whether that attempt has ended for good: its Job's bookkeeping is of no interest."""
        memory = self._memory.get(run_uid)
        return memory is not None and memory.is_over(stage, attempt)

    def nodes_changed(self) -> None:
        """Slots may have changed, and with them whose turn it is."""
        slots = slots_of(self._settings.fleet, self._observer.nodes)
        changed = slots != self._slots
        self._slots = slots
        self._wake(self._ledger.set_slots(slots))
        if changed:
            self._look_at_all()

    def _look_at_all(self) -> None:
        for run in self._observer.runs():
            if not run.is_stub:
                self.queue.add(run.key)

    async def _claim_first(self) -> None:
        """Every run says what it holds before the first turn is given."""
        for view in self._observer.runs():
            meta = view.metadata
            at_work = views.summary_of(view) == names.RUNNING
            if not at_work and not self._observer.pods(meta.namespace, meta.uid):
                continue  # it holds nothing; it says what it wants when its turn comes
            try:
                advanced = advance(await self._snapshot(view), self._wall())
            except (ValidationError, ApiError):
                continue  # said in its own status when its turn in the queue comes
            except Exception:
                # One bad object must never stop the others.
                log.exception("%s/%s: its slots are not known", *view.key)
                continue
            self._ledger.claim(meta.uid, advanced.claims)
            await asyncio.sleep(0)

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            began = self._clock()
            try:
                await self._reconcile(key)
                self.queue.succeeded(key)
            except Outdated as error:
                log.debug("%s/%s: planned again: %s", *key, error)
                self._forget_working(key)
                self.queue.retry(key)
            except NotLeading:
                self._forget_working(key)
                self.queue.retry(key, first_seconds=1.0)
            except NamespaceTerminating:
                self._doom(key)
            except ApiError as error:
                log.warning("%s/%s: %s", *key, error)
                self._forget_working(key)
                self.queue.retry(key, first_seconds=0.5)
            except Exception:
                # One bad object must never stop the others.
                log.exception("%s/%s: cannot be reconciled", *key)
                self._forget_working(key)
                self.queue.retry(key, first_seconds=5.0, longest_seconds=300.0)
            finally:
                self.queue.done(key)
                self._metrics.reconciled(self._clock() - began, self._ledger.line_lengths())
            # Where nothing was to be written nothing was waited for: a long line of such runs must
            # not keep the watches and the Lease from their turn.
            await asyncio.sleep(0)

    async def _reconcile(self, key: Key) -> None:
        view = self._observer.run(key)
        if view is None:
            await self._without_run(key)
            return
        memory = self._memory.get(view.metadata.uid)
        if memory is not None and memory.doomed:
            return
        if view.is_stub:
            view = await self._applier.load(view)
            if view is None:
                return  # the watch will tell
        try:
            snapshot = await self._snapshot(view)
        except ValidationError as error:
            await self._unreadable(view, error)
            return
        now = self._wall()
        advanced = advance(snapshot, now)
        turns = self._turns(advanced)
        plan = finish(advanced, turns, now)
        self._metrics.waits_for_room(view.metadata.uid, pending(snapshot, advanced.states, turns))
        await self._carry_out(key, snapshot.run, plan, now)
        if nothing_to_come(snapshot, plan):
            if plan.status is None:
                self._let_go(view)
            else:
                self.queue.add_after(key, LONGEST_MERGE_SECONDS)  # once more, as it is stored then

    def _let_go(self, view: views.OwnView) -> None:
        """A run that has ended leaves memory; whatever aims at it loads it again."""
        self._forget(view.metadata.uid)
        self._observer.let_go(view)

    def _forget(self, uid: str) -> None:
        self._memory.pop(uid, None)
        self._decoded.drop(uid)

    def _claim_nothing(self, uid: str) -> None:
        """The run holds no slot and waits for none."""
        self._metrics.waits_for_room(uid, {})
        self._wake(self._ledger.claim(uid, ()))

    def _turns(self, advanced: Advanced) -> dict[str, Turn]:
        uid = advanced.snapshot.run.metadata.uid
        self._wake(self._ledger.claim(uid, advanced.claims))
        return self._ledger.turns(uid)

    async def _snapshot(self, view: views.OwnView) -> Snapshot:
        meta, observer = view.metadata, self._observer
        self._forget_others(view.key, meta.uid)
        memory = self._memory.setdefault(meta.uid, RunMemory())
        spec = self._decoded.spec(view)
        status = memory.unwritten(meta.resourceVersion)
        if status is None:
            status = self._decoded.status(view)
            memory.note(status.stages)
        run = views.pipelinejob(view, status, spec)
        inline = self._decoded.inline(view)
        named = observer.pipeline(views.pipeline_of(view)) if not status.stages else None
        return Snapshot(
            run=run,
            settings=self._settings,
            pipeline=views.pipeline(named) if named is not None else None,
            resolved=await self._revisions.resolve(run, inline),
            jobs=observer.jobs(meta.namespace, meta.uid),
            pods=observer.pods(meta.namespace, meta.uid),
            nodes=observer.nodes,
            slots=self._slots,
            interventions=self._requests(view.key),
            lookups=memory.lookups,
            refusals=memory.believed_refusals(self._clock),
        )

    async def _carry_out(self, key: Key, run: PipelineJob, plan: Plan, now: datetime) -> None:
        memory = self._memory.setdefault(run.metadata.uid, RunMemory())
        for action in plan.actions:
            try:
                await self._applier.perform(run, action)
            except StageRefused as error:
                self._remember_refusal(memory, run, error)
                raise Outdated(str(error)) from error
        await self._write_status(key, run, memory, plan)
        for action in plan.afterwards:
            await self._applier.perform(run, action)
        for event in plan.events:
            self._events.post(run, event)
            level = logging.WARNING if event.type == "Warning" else logging.INFO
            log.log(level, "%s/%s: %s: %s", *key, event.reason, event.message)
        if plan.status is not None:
            self._metrics.moved_on(run.status, plan.status, plan.recovered)
        for question in plan.lookups:
            self._ask(key, run, memory, question)
        if plan.wake_at is not None:
            self.queue.add_after(key, (plan.wake_at - now).total_seconds())

    async def _write_status(
        self, key: Key, run: PipelineJob, memory: RunMemory, plan: Plan
    ) -> None:
        """Write at once what is urgent; let the rest wait a moment and be merged."""
        wanted = plan.status
        if wanted is None and memory.working is None:
            return
        wanted = wanted if wanted is not None else run.status
        at_work = self._ledger.taken()
        merge = merge_seconds(at_work, self.queue.line_seconds())
        if at_work > FEW_STAGES and memory.written_at == NEVER:
            memory.written_at = self._clock()  # a first status may wait for the second one
        wait = memory.written_at + merge - self._clock()
        if plan.urgent or wait <= 0:
            memory.working = None
            stored = await self._applier.write_status(run, wanted)
            self._decoded.wrote(stored, wanted)
            memory.note(wanted.stages)
            memory.written_at = self._clock()
            if any(each.stopping is not None for each in wanted.stages):
                self.queue.add(key)  # the verdict is stored: now the Pod can be ended
            return
        small = len(self._memory) > MANY_RUNS
        memory.working = Working.of(run.metadata.resourceVersion, wanted, small=small)
        self.queue.add_after(key, wait)

    async def _without_run(self, key: Key) -> None:
        """The run is gone, or was never there: nobody else answers requests that aim at it."""
        for answer in refuse_all(self._requests(key), TARGET_NOT_FOUND, self._wall()):
            await self._applier.answer_for_nobody(key[0], answer)
        self._forget_others(key, "")

    def _forget_others(self, key: Key, uid: str) -> None:
        """A run of this name that is gone holds no slot any more, also where a new one has come."""
        old = self._uids.pop(key, uid)
        if uid:
            self._uids[key] = uid
        if old != uid:
            self._forget(old)
            self._claim_nothing(old)

    def _requests(self, key: Key) -> tuple[Intervention, ...]:
        """Interventions that aim at the run; one that cannot be read disturbs no other."""
        found: list[Intervention] = []
        for view in self._observer.requests(key):
            try:
                found.append(views.intervention(view))
            except ValidationError as error:
                log.warning("%s/%s: Intervention left alone: %s", *view.key, error)
        return tuple(found)

    async def _unreadable(self, view: views.OwnView, error: ValidationError) -> None:
        message = f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
        try:
            status = views.status_of(view)
        except ValidationError:
            log.error("%s/%s: its status was edited by hand: %s", *view.key, message)  # noqa: TRY400
            return
        if status.summary == names.INVALID_SPEC:
            return
        run = views.pipelinejob_without_spec(view, status)
        plan = unreadable(run, message, self._wall())
        await self._applier.write_status(run, plan.status or PipelineJobStatus())

    def _remember_refusal(self, memory: RunMemory, run: PipelineJob, error: StageRefused) -> None:
        seconds = 3600.0 if error.refused.final else REFUSAL_SECONDS
        until = self._clock() + seconds
        memory.refusals[(error.stage, error.attempt)] = (error.refused, until)
        key = (run.metadata.namespace, run.metadata.name)
        self.queue.add_after(key, REFUSAL_SECONDS + 0.1)

    def _ask(self, key: Key, run: PipelineJob, memory: RunMemory, question: Question) -> None:
        if question in memory.asking:
            return
        memory.asking.add(question)
        task = asyncio.create_task(self._look_up(key, run, memory, question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(
        self, key: Key, run: PipelineJob, memory: RunMemory, question: Question
    ) -> None:
        meta, stage, attempt = run.metadata, question.stage, question.attempt
        try:
            found = await self._results.look_up(meta.namespace, meta.uid, stage, attempt)
            memory.lookups[question] = found
            self.queue.add(key)
        except LookupFailed as error:
            log.warning("%s/%s: result of %s not to be had: %s", *key, stage, error)
            self.queue.add_after(key, LOOKUP_RETRY_SECONDS)
        finally:
            memory.asking.discard(question)

    def _doom(self, key: Key) -> None:
        """Leave all runs of a namespace alone that is being deleted; their slots are free."""
        view = self._observer.run(key)
        if view is None or self._memory.setdefault(view.metadata.uid, RunMemory()).doomed:
            return
        log.info("namespace %s is being deleted: its runs are left alone", key[0])
        for each in self._observer.runs():
            meta = each.metadata
            if meta.namespace == key[0]:
                self._memory.setdefault(meta.uid, RunMemory()).doomed = True
                self._claim_nothing(meta.uid)

    def _forget_working(self, key: Key) -> None:
        view = self._observer.run(key)
        memory = self._memory.get(view.metadata.uid) if view is not None else None
        if memory is not None:
            memory.working = None

    def _wake(self, run_uids: set[str]) -> None:
        for uid in run_uids:
            key = self._observer.key_of(uid)
            if key is not None:
                self.queue.add(key)
