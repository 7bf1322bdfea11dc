"""`create_app`: the API service, put together from what it is given."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from stagework.api.tasks import PROGRAMS, task_object_name
from stagework.artifacts.s3 import Backend
from stagework.artifacts.store import Store
from stagework.batches.books import Books
from stagework.batches.stores import connect
from stagework.history.sql import SqlHistory
from stagework.history.store import History
from stagework.model_gateway.gateway import Gateway
from stagework.settings import ItemStoreSettings, Settings
from stagework.web.attempt_writes import AttemptWrites
from stagework.web.auth.authentication import Authentication
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Identities
from stagework.web.auth.review_budget import ReviewBudget
from stagework.web.auth.sign_ins import SignIns
from stagework.web.auth.tickets import Tickets
from stagework.web.batches.service import BatchService
from stagework.web.board.assets import BUNDLE, Assets
from stagework.web.cluster import ClusterReader
from stagework.web.described import PROBLEMS, Described
from stagework.web.error_answers import answer_errors
from stagework.web.heartbeats import Heartbeats
from stagework.web.history_care import HistoryCare
from stagework.web.https_input import FetchLimits, HttpsSource
from stagework.web.kept_logs import KeptLogs
from stagework.web.live.followers import Followers
from stagework.web.queue.service import QueueService
from stagework.web.readiness import CachedProbe
from stagework.web.routes import (
    artifacts,
    background_jobs,
    backups,
    batch_live,
    batches,
    board,
    checks,
    cleanup,
    container_ends,
    facts,
    health,
    heartbeats,
    inputs,
    items,
    logs,
    models,
    old_batches,
    old_queue,
    operator_batches,
    queue,
    queue_live,
    recover,
    remembered,
    run_requests,
    runs,
    schedules,
    tickets,
)
from stagework.web.routes.services import Services
from stagework.web.schedules.service import ScheduleService
from stagework.web.space import Space
from stagework.web.sweep import Sweeper

_log = logging.getLogger("stagework.web")

OPERATOR_ACCOUNT: Final = "stagework-operator"
"""ServiceAccount of the operator, in the release's namespace."""

_ROUTES: Final = (
    artifacts,
    inputs,
    items,
    operator_batches,
    batches,
    batch_live,
    old_batches,
    schedules,
    runs,
    run_requests,
    logs,
    heartbeats,
    container_ends,
    models,
    queue,
    queue_live,
    recover,
    old_queue,
    facts,
    remembered,
    background_jobs,
    tickets,
    backups,
    checks,
    cleanup,
    board,
    health,
)

REACHABLE_SECONDS: Final = 2.0
"""How long an answer about readiness holds: the probe is open to everybody."""


def create_app(
    reader: ClusterReader,
    store: Store,
    settings: Settings,
    clock: Callable[[], float] = time.monotonic,
    *,
    history: History | None = None,
    https: HttpsSource | None = None,
    wall_clock: Callable[[], float] = time.time,
    connected: Callable[[ItemStoreSettings], Backend] = connect,
    unforeseen: Callable[[], None] = lambda: None,
    bundle: Path = BUNDLE,
) -> FastAPI:
    """The whole service; `clock` (seconds, any start) measures ages, `wall_clock` keep times,
    `connected` opens stores of items, `unforeseen` ends the process: background work has failed;
    `bundle`: the folder of the board's files.
    """
    given = _Given(
        *(reader, store, settings, clock, wall_clock),
        https=https,
        history=history or SqlHistory(settings.history),
        connected=connected,
        assets=Assets.of(bundle),
    )
    services = _services(given)
    budget = ReviewBudget(clock)
    known = _identities(reader, services.tickets, settings, clock, budget)
    sign_ins = _sign_ins(reader, settings, wall_clock, budget)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        beside = (services.sweeper.run(), services.history_care.run(), sign_ins.run())
        async with _running(services, unforeseen, *beside):
            yield

    app = routed_app(lifespan=lifespan)
    app.state.services = services
    answer_errors(app)
    app.add_middleware(Authentication, identities=known, sign_ins=sign_ins)
    return app


def routed_app(**options: Any) -> FastAPI:
    """An app with every route and nothing behind them: what the description is made of."""
    app = Described(
        title="stagework",
        responses=PROBLEMS,
        # The page that shows it would load scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        **options,
    )
    for routes in _ROUTES:
        app.include_router(routes.router)
    return app


@dataclass(frozen=True)
class _Given:
    """What the services are made of."""

    reader: ClusterReader
    store: Store
    settings: Settings
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    https: HttpsSource | None
    history: History
    connected: Callable[[ItemStoreSettings], Backend]
    assets: Assets


def _services(given: _Given) -> Services:
    reader, store, settings, clock = given.reader, given.store, given.settings, given.clock
    history, wall_clock = given.history, given.wall_clock
    authorization = Authorization(reader, clock, history.items)
    space = Space(store, settings.artifacts, clock)
    batches = BatchService.of(
        *(reader, store, settings),
        history=history,
        authorization=authorization,
        clock=clock,
        space=space,
        connected=given.connected,
    )
    return Services(
        reader=reader,
        store=store,
        settings=settings,
        space=space,
        attempts=AttemptWrites(store, space, clock),
        authorization=authorization,
        tickets=Tickets(clock),
        heartbeats=Heartbeats(clock),
        https=given.https or _https_source(settings),
        models=Gateway(settings.models, clock),
        logs=KeptLogs(store, reader, settings.artifacts.maxLogBytes),
        queue=QueueService.of(reader.queue, settings, clock, wall_clock, history),
        history=history,
        batches=batches,
        schedules=ScheduleService.of(reader, authorization, settings.namespaces),
        sweeper=_sweeper(store, reader, settings, batches.books, history=history, clock=wall_clock),
        history_care=_history_care(history, settings, wall_clock),
        wall_clock=wall_clock,
        assets=given.assets,
        reachable=CachedProbe(reader.is_reachable, REACHABLE_SECONDS, clock),
        followers=Followers.within(settings.api.maxConnections),
    )


def _https_source(settings: Settings) -> HttpsSource:
    limits = settings.artifacts
    return HttpsSource(
        limits.inputHosts,
        limits.maxFileBytes,
        internal_hosts=limits.internalHosts,
        limits=FetchLimits.of(limits),
    )


def _history_care(
    history: History, settings: Settings, wall_clock: Callable[[], float]
) -> HistoryCare:
    keep_seconds = settings.history.keepSeconds
    return HistoryCare(history, keep_seconds=keep_seconds, wall_clock=wall_clock)


def _sweeper(
    store: Store,
    reader: ClusterReader,
    settings: Settings,
    books: Books,
    *,
    history: History,
    clock: Callable[[], float],
) -> Sweeper:
    return Sweeper(
        store,
        reader,
        books=books,
        items=history.items,
        namespaces=settings.namespaces,
        keep_seconds=settings.artifacts.keepSeconds,
        clock=clock,
    )


def _identities(
    reader: ClusterReader,
    tickets: Tickets,
    settings: Settings,
    clock: Callable[[], float],
    budget: ReviewBudget,
) -> Identities:
    accounts = f"system:serviceaccount:{settings.releaseNamespace}:"
    return Identities(
        reader,
        tickets,
        audience=settings.api.audience,
        namespaces=settings.namespaces,
        operator_name=f"{accounts}{OPERATOR_ACCOUNT}",
        task_names={f"{accounts}{task_object_name(task)}": task for task in PROGRAMS},
        clock=clock,
        budget=budget,
    )


def _sign_ins(
    reader: ClusterReader,
    settings: Settings,
    wall_clock: Callable[[], float],
    budget: ReviewBudget,
) -> SignIns:
    return SignIns(
        reader.sign_ins, namespaces=settings.namespaces, wall_clock=wall_clock, budget=budget
    )


@contextlib.asynccontextmanager
async def _running(
    services: Services, unforeseen: Callable[[], None], *beside: Coroutine[Any, Any, None]
) -> AsyncGenerator[None, None]:
    """Sweep and keep while the service runs; close every connection after it."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error("unforeseen beside the requests", exc_info=error)
            unforeseen()

    tasks = [asyncio.create_task(work) for work in beside]
    for task in tasks:
        task.add_done_callback(ended)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await services.batches.freezer.close()
    await services.models.close()
    await services.https.close()
