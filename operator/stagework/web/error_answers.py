"""Every error of a route as `{"error", "hint"}`; what we did not foresee stays inside."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from stagework.artifacts.errors import StoreError
from stagework.model_gateway.errors import EndpointError
from stagework.web.errors import ClusterUnavailable, ProblemError, from_endpoint, from_store

_SEE_DESCRIPTION: Final = "see /v1/openapi.json"
_FORESEEN: Final = (
    ProblemError,
    StoreError,
    EndpointError,
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
    if isinstance(error, EndpointError):
        return from_endpoint(error).response()
    if isinstance(error, ClusterUnavailable):
        _log.warning("the API server does not answer", extra={"error": str(error)})
        return error.problem().response()
    if isinstance(error, HTTPException):
        detail = {"error": str(error.detail), "hint": _SEE_DESCRIPTION}
        return JSONResponse(detail, error.status_code, error.headers)
    # The caller has hung up: nobody reads this answer.
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _invalid(_request: Request, _error: Exception) -> Response:
    detail = {"error": "the request does not fit", "hint": _SEE_DESCRIPTION}
    return JSONResponse(detail, HTTPStatus.BAD_REQUEST)


async def _unforeseen(_request: Request, error: Exception) -> Response:
    _log.error("unforeseen", exc_info=error)
    detail = {"error": "an error of this service", "hint": "its log says more"}
    return JSONResponse(detail, HTTPStatus.INTERNAL_SERVER_ERROR)
