"""Logs of attempts that failed: the operator has them kept, people who may read logs read them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.responses import JSONResponse

from stagework.web import bodies
from stagework.web.artifact_path import (
    ArtifactPrefix,
    checked_namespace,
    checked_pod_name,
    checked_run_name,
    checked_stage,
)
from stagework.web.errors import not_found
from stagework.web.routes.services import OPERATOR_ONLY, CallerParam, ServicesParam

router = APIRouter()


async def _prefix(  # the path's words, by their names in it
    namespace: str, run_uid: str, stage: str, attempt: str, pod_uid: str
) -> ArtifactPrefix:
    return ArtifactPrefix.of(
        namespace=namespace, run_uid=run_uid, stage=stage, attempt=attempt, pod_uid=pod_uid
    )


async def _keys(
    namespace: str, name: str, stage: str, caller: CallerParam, services: ServicesParam
) -> dict[int, str]:
    authorization = services.authorization
    await authorization.require_right(
        caller, "get", checked_namespace(namespace), checked_run_name(name)
    )
    await authorization.require_logs(caller, namespace)
    run = await services.run(namespace, name)
    return await services.logs.attempts(namespace, run.uid, checked_stage(stage))


@router.put(
    "/v1/logs/{namespace}/{run_uid}/{stage}/{attempt}/{pod_uid}/{pod}/{container}",
    response_class=Response,
    dependencies=[OPERATOR_ONLY],
)
async def keep(
    prefix: Annotated[ArtifactPrefix, Depends(_prefix)],
    pod: str,
    container: str,
    services: ServicesParam,
) -> Response:
    """Read the log of an attempt's container and keep it; answers with its last line."""
    names = checked_pod_name(pod), checked_pod_name(container)
    kept = await services.logs.keep(prefix, *names)
    return JSONResponse({"lastLine": kept.last_line, "bytes": kept.size, "fault": kept.fault})


@router.get("/v1/runs/{namespace}/{name}/logs/{stage}", response_class=Response)
async def kept_attempts(keys: Annotated[dict[int, str], Depends(_keys)]) -> Response:
    """Attempts of a stage whose logs are kept; asks for the right to read logs (`pods/log`)."""
    return JSONResponse({"attempts": sorted(keys)})


@router.get("/v1/runs/{namespace}/{name}/logs/{stage}/{attempt}", response_class=Response)
async def kept_log(
    attempt: int, keys: Annotated[dict[int, str], Depends(_keys)], services: ServicesParam
) -> Response:
    """The kept log of one attempt; asks for the right to read logs (`pods/log`)."""
    if attempt not in keys:
        kept = ", ".join(map(str, sorted(keys))) or "none"
        raise not_found(
            f"no log of attempt {attempt} is kept",
            f"logs of attempts that failed are; of this stage: {kept}",
        )
    return bodies.stored_file_response(await services.logs.open(keys[attempt]))
