"""Every error of a route as problem+json; what we did not foresee stays inside."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from stagework.artifacts.errors import StoreError
from stagework.batches.errors import BatchError
from stagework.history.errors import HistoryError
from stagework.model_gateway.errors import EndpointError
from stagework.web.errors import (
    ClusterUnavailable,
    ProblemError,
    from_batch,
    from_endpoint,
    from_history,
    from_store,
    problem,
)

_SEE_DESCRIPTION: Final = "see /v1/openapi.json"
_FORESEEN: Final = (
    ProblemError,
    StoreError,
    BatchError,
    EndpointError,
    HistoryError,
    ClusterUnavailable,
    HTTPException,
    ClientDisconnect,
)

_log = logging.getLogger("stagework.web")


def answer_errors(app: FastAPI) -> None:
    """Give every error its answer."""
    for kind in _FORESEEN:
        app.add_exception_handler(kind, _foreseen)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unforeseen)


async def _foreseen(_request: Request, error: Exception) -> Response:
    if isinstance(error, ProblemError):
        return error.response()
    if isinstance(error, StoreError):
        return from_store(error).response()
    if isinstance(error, BatchError):
        return from_batch(error).response()
    if isinstance(error, EndpointError):
        return from_endpoint(error).response()
    if isinstance(error, HistoryError):
        _log.warning("history does not answer", extra={"error": str(error)})
        return from_history(error).response()
    if isinstance(error, ClusterUnavailable):
        _log.warning("the API server does not answer", extra={"error": str(error)})
        return error.problem().response()
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail), _SEE_DESCRIPTION, error.headers)
    # The caller has hung up: nobody reads this answer.
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _invalid(_request: Request, error: Exception) -> Response:
    text = "the request does not fit"
    if isinstance(error, RequestValidationError) and error.errors():
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        text = f"{text}: {place}: {first['msg']}"
    return problem(HTTPStatus.BAD_REQUEST, text[:400], _SEE_DESCRIPTION)


async def _unforeseen(_request: Request, error: Exception) -> Response:
    _log.error("unforeseen", exc_info=error)
    text = "an error of this service"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, text, "its log says more")
