"""Orphans: what is suspected, and what an administrator declares failed."""

from http import HTTPStatus

from fastapi import APIRouter

from stagework.api.recovery import RecoverAnswer, RecoverRequest
from stagework.web.artifact_path import checked_namespace
from stagework.web.errors import ProblemError
from stagework.web.queue.readers import user_of
from stagework.web.queue_source import NotWritten
from stagework.web.routes.services import CallerParam, ServicesParam

router = APIRouter()


@router.post("/v1/recover")
async def recover(
    body: RecoverRequest, caller: CallerParam, services: ServicesParam
) -> RecoverAnswer:
    """Declare stages failed of which nothing proves for so long whether they live.

    For whoever has the verb `recover` on runs; with `dryRun` nothing is written.
    """
    if body.namespace:
        checked_namespace(body.namespace)
    try:
        return await services.queue.recover_requests.recover(user_of(caller), body)
    except NotWritten as error:
        hint = "ask again with dryRun to see what is left"
        raise ProblemError(HTTPStatus.CONFLICT, str(error), hint) from error
