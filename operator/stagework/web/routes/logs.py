"""Logs: those of attempts that failed, which the operator has kept, and that of one at work.

People who may read logs read them.
"""

import hashlib
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from starlette.responses import JSONResponse

from stagework.web import bodies
from stagework.web.artifact_path import (
    ArtifactPrefix,
    checked_namespace,
    checked_pod_name,
    checked_run_name,
    checked_stage,
)
from stagework.web.cluster import Run
from stagework.web.errors import not_found
from stagework.web.routes.services import OPERATOR_ONLY, CallerParam, ServicesParam

router = APIRouter()


async def _prefix(  # the path's words, by their names in it
    namespace: str, run_uid: str, stage: str, attempt: str, pod_uid: str
) -> ArtifactPrefix:
    return ArtifactPrefix.of(
        namespace=namespace, run_uid=run_uid, stage=stage, attempt=attempt, pod_uid=pod_uid
    )


async def _readable_run(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> Run:
    authorization = services.authorization
    await authorization.require_right(
        caller, "get", checked_namespace(namespace), checked_run_name(name)
    )
    await authorization.require_logs(caller, namespace)
    return await services.run(namespace, name)


async def _keys(
    namespace: str, name: str, stage: str, caller: CallerParam, services: ServicesParam
) -> dict[int, str]:
    run = await _readable_run(namespace, name, caller, services)
    return await services.logs.attempts(run.namespace, run.uid, checked_stage(stage))


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


@router.get(
    "/v1/runs/{namespace}/{name}/logs/{stage}/now",
    response_class=Response,
    responses={304: {"description": "As before."}},
)
async def log_now(
    stage: str,
    run: Annotated[Run, Depends(_readable_run)],
    services: ServicesParam,
    if_none_match: Annotated[str, Header(alias="If-None-Match")] = "",
) -> Response:
    """How the log of the attempt's Pod ends that is at work; asks for `pods/log` likewise.

    404 where there is none to read. Ask again for what comes after; its ETag is its content's.
    """
    attempt = next((one for one in run.attempts if one.stage == checked_stage(stage)), None)
    found = await services.logs.now(run, attempt) if attempt is not None else None
    if found is None:
        raise not_found("no Pod of it has a log now", "kept ones: the same path without /now")
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in (tag.strip() for tag in if_none_match.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found, headers={**headers, **bodies.NEVER_RUN}, media_type=bodies.BYTES)


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
