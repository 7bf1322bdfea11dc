"""`create_app`: the API service, put together from what it is given."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import Store
from stagework.model_gateway.errors import EndpointError
from stagework.model_gateway.gateway import Gateway
from stagework.settings import Settings
from stagework.web.auth.authentication import Gate
from stagework.web.auth.authorization import Access
from stagework.web.auth.identity import Identities
from stagework.web.cluster import ClusterReader
from stagework.web.errors import ClusterUnavailable, ProblemError, from_endpoint, from_store
from stagework.web.heartbeats import Heartbeats
from stagework.web.https_input import HttpsSource
from stagework.web.readiness import Remembered
from stagework.web.routes import artifacts, health, heartbeats, inputs, models, runs
from stagework.web.services import Services
from stagework.web.sweep import Sweeper

OPERATOR_ACCOUNT: Final = "stagework-operator"
"""ServiceAccount of the operator, in the release's namespace."""

REACHABLE_SECONDS: Final = 2.0
"""How long an answer about readiness holds: the probe is open to everybody."""

_log = logging.getLogger("stagework.web")


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
        access=Access(reader, clock),
        heartbeats=Heartbeats(clock),
        https=https or HttpsSource(limits.inputHosts, limits.maxFileBytes),
        models=Gateway(settings.models, clock),
        reachable=Remembered(reader.is_reachable, REACHABLE_SECONDS, clock),
    )
    identities = Identities(
        reader,
        audience=settings.api.audience,
        operator_name=f"system:serviceaccount:{settings.releaseNamespace}:{OPERATOR_ACCOUNT}",
        clock=clock,
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
        task = asyncio.create_task(sweeper.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await services.models.close()

    app = FastAPI(
        title="stagework",
        # The page that shows it would load scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.services = services
    for each in (artifacts, inputs, runs, heartbeats, models, health):
        app.include_router(each.router)
    _answer_errors(app)
    app.add_middleware(Gate, identities=identities)
    return app


def _answer_errors(app: FastAPI) -> None:
    """Every error as `{"error", "hint"}`; what we did not foresee is logged and stays inside."""

    async def problem(_request: Request, error: Exception) -> Response:
        if isinstance(error, ProblemError):
            return error.response()
        if isinstance(error, StoreError):
            return from_store(error).response()
        if isinstance(error, EndpointError):
            return from_endpoint(error).response()
        if isinstance(error, ClusterUnavailable):
            _log.warning("the API server does not answer", extra={"error": str(error)})
            return error.problem().response()
        if isinstance(error, HTTPException):
            detail = {"error": str(error.detail), "hint": "see /v1/openapi.json"}
            return JSONResponse(detail, error.status_code, error.headers)
        # The caller has hung up: nobody reads this answer.
        return Response(status_code=HTTPStatus.BAD_REQUEST)

    async def invalid(_request: Request, _error: Exception) -> Response:
        detail = {"error": "the request does not fit", "hint": "see /v1/openapi.json"}
        return JSONResponse(detail, HTTPStatus.BAD_REQUEST)

    async def unforeseen(_request: Request, error: Exception) -> Response:
        _log.error("unforeseen", exc_info=error)
        detail = {"error": "an error of this service", "hint": "its log says more"}
        return JSONResponse(detail, HTTPStatus.INTERNAL_SERVER_ERROR)

    for kind in (
        ProblemError,
        StoreError,
        EndpointError,
        ClusterUnavailable,
        HTTPException,
        ClientDisconnect,
    ):
        app.add_exception_handler(kind, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unforeseen)
