"""Probes; the only routes without a proof of identity."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response
from starlette.responses import PlainTextResponse

from stagework.web.routes.services import ServicesParam

router = APIRouter()


_TEXT: Final = "text/plain"


@router.get("/livez", response_class=PlainTextResponse)
async def livez() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


_AWAY: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "The API server does not answer", "content": {_TEXT: {}}}
}


@router.get("/readyz", response_class=PlainTextResponse, responses=_AWAY)
async def readyz(services: ServicesParam) -> Response:
    """Callers can be recognised: the API server answers."""
    if await services.reachable():
        return PlainTextResponse("ok\n")
    return PlainTextResponse(
        "the API server does not answer\n", status_code=HTTPStatus.SERVICE_UNAVAILABLE
    )
