"""What attempts have left: for the operator (results) and for people (committed stages)."""

import hashlib
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Header, Response
from pydantic import TypeAdapter
from starlette.responses import JSONResponse

from stagekit.contract import RESULT_FILE
from stagework.artifacts.errors import NotStoredError
from stagework.artifacts.store import Store
from stagework.overview.run_page import RunPage
from stagework.web import bodies
from stagework.web.artifact_path import ArtifactPrefix, checked_namespace, checked_run_name
from stagework.web.errors import not_found
from stagework.web.queue.readers import user_of
from stagework.web.routes.services import OPERATOR_ONLY, CallerParam, ServicesParam

router = APIRouter()

_PAGE: Final = TypeAdapter(RunPage)
RESULT_MAX_BYTES: Final = 8 * 1024 * 1024
"""A longer result.json is not read: it lists files, and 20,000 of them are less than that."""


@router.get(
    "/v1/results/{namespace}/{run_uid}/{stage}/{attempt}",
    response_class=Response,
    dependencies=[OPERATOR_ONLY],
)
async def results(
    namespace: str, run_uid: str, stage: str, attempt: str, services: ServicesParam
) -> Response:
    """Every result.json of an attempt: of each Pod that has come so far, normally one."""
    # The Pod's part of the prefix is what we look for; any word stands in for it here.
    prefix = ArtifactPrefix.of(
        namespace=namespace, run_uid=run_uid, stage=stage, attempt=attempt, pod_uid="any"
    )
    stage_folder = f"{prefix.namespace}/{prefix.run_uid}/{prefix.stage}"
    stored: list[dict[str, object]] = []
    for attempt_folder in await services.store.folders(stage_folder):
        number, _, pod_uid = attempt_folder.partition("-")
        if number != str(prefix.attempt):
            continue
        result = await _result(services.store, f"{stage_folder}/{attempt_folder}/{RESULT_FILE}")
        if result is not None:
            stored.append({"pod": pod_uid, **result})
    return JSONResponse({"results": stored})


async def _result(store: Store, key: str) -> dict[str, object] | None:
    try:
        opened = await store.open(key)
    except NotStoredError:
        return None
    if opened.size > RESULT_MAX_BYTES:
        return None
    raw = b"".join([chunk async for chunk in opened.chunks])
    try:
        decoded = msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return None
    return {"digest": hashlib.sha256(raw).hexdigest(), "result": decoded}


@router.get(
    "/v1/runs/{namespace}/{name}",
    response_model=RunPage,
    responses={304: {"description": "As before."}},
)
async def run_page(
    namespace: str,
    name: str,
    caller: CallerParam,
    services: ServicesParam,
    if_none_match: Annotated[str, Header(alias="If-None-Match")] = "",
) -> Response:
    """A run that is there, as a page draws it; one that has gone is `/v1/runs/UID`.

    Its ETag stays while nothing has changed but ages.
    """
    await services.authorization.require_right(
        caller, "get", checked_namespace(namespace), checked_run_name(name)
    )
    picture = await services.queue.boards.run_picture(user_of(caller), namespace, name)
    if picture is None:
        raise not_found(
            f"there is no PipelineJob {name!r} in namespace {namespace!r}",
            f"history may know it: /v1/runs?namespace={namespace}&name={name}",
        )
    headers = {"ETag": picture.etag, "Cache-Control": "private, no-cache"}
    if picture.etag in (tag.strip() for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return JSONResponse(_PAGE.dump_python(picture.page, mode="json"), headers=headers)


@router.get("/v1/runs/{namespace}/{name}/artifacts", response_class=Response)
async def run_artifacts(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> Response:
    """The committed stages of a PipelineJob with their prefixes and files."""
    await services.authorization.require_right(
        caller, "get", checked_namespace(namespace), checked_run_name(name)
    )
    run = await services.run(namespace, name)
    stages: list[dict[str, object]] = []
    for committed in run.committed:
        files = await bodies.listed_files(services.store, committed.prefix)
        stages.append(
            {
                "name": committed.stage,
                "attempt": committed.attempt,
                "prefix": committed.prefix,
                "files": files,
            }
        )
    return JSONResponse({"name": run.name, "uid": run.uid, "stages": stages})
