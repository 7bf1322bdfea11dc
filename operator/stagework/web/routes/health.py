"""Probes; the only routes without a proof of identity."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from starlette.responses import PlainTextResponse

from stagework.web.routes.services import ServicesParam

router = APIRouter()


@router.get("/livez", response_class=Response)
async def livez() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", response_class=Response)
async def readyz(services: ServicesParam) -> Response:
    """Callers can be recognised: the API server answers."""
    if await services.reachable():
        return PlainTextResponse("ok\n")
    return PlainTextResponse(
        "the API server does not answer\n", status_code=HTTPStatus.SERVICE_UNAVAILABLE
    )
