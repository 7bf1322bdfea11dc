"""`create_app`: the API service, put together from what it is given."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from fastapi import FastAPI

from stagework.artifacts.store import Store
from stagework.model_gateway.gateway import Gateway
from stagework.settings import Settings
from stagework.web.auth.authentication import Authentication
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Identities
from stagework.web.cluster import ClusterReader
from stagework.web.error_answers import answer_errors
from stagework.web.heartbeats import Heartbeats
from stagework.web.https_input import HttpsSource
from stagework.web.readiness import CachedProbe
from stagework.web.routes import artifacts, health, heartbeats, inputs, models, runs
from stagework.web.routes.services import Services
from stagework.web.sweep import Sweeper

OPERATOR_ACCOUNT: Final = "stagework-operator"
"""ServiceAccount of the operator, in the release's namespace."""

REACHABLE_SECONDS: Final = 2.0
"""How long an answer about readiness holds: the probe is open to everybody."""


def create_app(
    reader: ClusterReader,
    store: Store,
    settings: Settings,
    clock: Callable[[], float] = time.monotonic,
    *,
    https: HttpsSource | None = None,
    wall_clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The whole service; `clock` (seconds, any start) measures ages, `wall_clock` keep times."""
    limits = settings.artifacts
    services = Services(
        reader=reader,
        store=store,
        settings=settings,
        authorization=Authorization(reader, clock),
        heartbeats=Heartbeats(clock),
        https=https or HttpsSource(limits.inputHosts, limits.maxFileBytes),
        models=Gateway(settings.models, clock),
        reachable=CachedProbe(reader.is_reachable, REACHABLE_SECONDS, clock),
    )
    sweeper = Sweeper(
        store,
        reader,
        namespaces=settings.namespaces,
        keep_seconds=limits.keepSeconds,
        clock=wall_clock,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        async with _running(services, sweeper):
            yield

    app = routed_app(lifespan=lifespan)
    app.state.services = services
    answer_errors(app)
    app.add_middleware(Authentication, identities=_identities(reader, settings, clock))
    return app


def routed_app(**options: Any) -> FastAPI:
    """An app with every route and nothing behind them: what the description is made of."""
    app = FastAPI(
        title="stagework",
        # The page that shows it would load scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        **options,
    )
    for routes in (artifacts, inputs, runs, heartbeats, models, health):
        app.include_router(routes.router)
    return app


def _identities(
    reader: ClusterReader, settings: Settings, clock: Callable[[], float]
) -> Identities:
    return Identities(
        reader,
        audience=settings.api.audience,
        namespaces=settings.namespaces,
        operator_name=f"system:serviceaccount:{settings.releaseNamespace}:{OPERATOR_ACCOUNT}",
        clock=clock,
    )


@contextlib.asynccontextmanager
async def _running(services: Services, sweeper: Sweeper) -> AsyncGenerator[None, None]:
    """Sweep while the service runs; close every connection after it."""
    task = asyncio.create_task(sweeper.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await services.models.close()
    await services.https.close()
