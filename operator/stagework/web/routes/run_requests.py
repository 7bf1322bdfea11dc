"""What people ask of one run: to stop it, or to approve stages that wait for it."""

from fastapi import APIRouter

from stagework.api.kinds import APPROVE, STOP
from stagework.api.run_requests import RunAsked, RunRequest
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.queue.readers import user_of
from stagework.web.routes.services import CallerParam, ServicesParam

router = APIRouter()


@router.post("/v1/runs/{namespace}/{name}/stop")
async def stop(
    namespace: str,
    name: str,
    given: RunRequest,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> RunAsked:
    """End the run now and keep its record, by an Intervention; `dry_run` only says what ends."""
    where = checked_namespace(namespace), checked_run_name(name)
    requests = services.queue.run_requests
    return await requests.ask(user_of(caller), *where, STOP, given, dry_run=dry_run)


@router.post("/v1/runs/{namespace}/{name}/approve")
async def approve(
    namespace: str,
    name: str,
    given: RunRequest,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> RunAsked:
    """Let stages start that wait for approval, likewise."""
    where = checked_namespace(namespace), checked_run_name(name)
    requests = services.queue.run_requests
    return await requests.ask(user_of(caller), *where, APPROVE, given, dry_run=dry_run)
