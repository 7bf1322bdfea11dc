"""What history shall keep, as the operator and the restore of a backup tell it; nobody else may."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from stagework.api.base import explain
from stagework.api.facts import MAX_BYTES, MAX_FACTS, decoded
from stagework.web import bodies
from stagework.web.errors import bad_request
from stagework.web.routes.services import OPERATOR_OR_RESTORE, ServicesParam

router = APIRouter()


@router.post(
    "/v1/facts", status_code=204, response_class=Response, dependencies=[OPERATOR_OR_RESTORE]
)
async def facts(request: Request, services: ServicesParam) -> Response:
    """Kept on the disk once this answers; the same ones again change nothing."""
    raw = await bodies.small_body(request, MAX_BYTES)
    try:
        given = await asyncio.to_thread(decoded, raw)
    except ValidationError as error:
        hint = f"at most {MAX_FACTS} facts, as stagework.api.facts has them"
        raise bad_request(f"not facts: {explain(error)}", hint) from error
    await services.history.record(given)
    return Response(status_code=HTTPStatus.NO_CONTENT)
