"""What attempts have left: for the operator (results) and for people (committed stages)."""

import hashlib
from typing import Final

import msgspec
from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

from stagekit.contract import RESULT_FILE
from stagework.artifacts.errors import NotStoredError
from stagework.artifacts.store import Store
from stagework.web.artifact_path import Prefix, namespace_word, run_word
from stagework.web.errors import not_found
from stagework.web.services import OPERATOR_ONLY, AnyCaller, Served

router = APIRouter()

RESULT_MAX_BYTES: Final = 8 * 1024 * 1024
"""A longer result.json is not read: it lists files, and 20,000 of them are less than that."""


@router.get(
    "/v1/results/{namespace}/{run_uid}/{stage}/{attempt}",
    response_class=Response,
    dependencies=[OPERATOR_ONLY],
)
async def results(
    namespace: str, run_uid: str, stage: str, attempt: str, served: Served
) -> Response:
    """Every result.json of an attempt: of each Pod that has come so far, normally one."""
    # The Pod's part of the prefix is what we look for; any word stands in for it here.
    wanted = Prefix.of(
        namespace=namespace, run_uid=run_uid, stage=stage, attempt=attempt, pod_uid="any"
    )
    folder = f"{wanted.namespace}/{wanted.run_uid}/{wanted.stage}"
    found: list[dict[str, object]] = []
    for name in await served.store.folders(folder):
        number, _, pod = name.partition("-")
        if number != str(wanted.attempt):
            continue
        result = await _result(served.store, f"{folder}/{name}/{RESULT_FILE}")
        if result is not None:
            found.append({"pod": pod, **result})
    return JSONResponse({"results": found})


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


@router.get("/v1/runs/{namespace}/{name}/artifacts", response_class=Response)
async def run_artifacts(namespace: str, name: str, caller: AnyCaller, served: Served) -> Response:
    """The committed stages of a PipelineJob with their prefixes and files."""
    await served.access.person(caller, "get", namespace_word(namespace), run_word(name))
    run = await served.reader.get_run(namespace, name)
    if run is None:
        raise not_found(f"there is no PipelineJob {name!r} in namespace {namespace!r}")
    stages: list[dict[str, object]] = []
    for commit in run.commits:
        entries = await served.store.files(commit.prefix)
        stages.append(
            {
                "name": commit.stage,
                "attempt": commit.attempt,
                "prefix": commit.prefix,
                "files": [{"path": each.path, "size": each.size} for each in entries],
            }
        )
    return JSONResponse({"name": run.name, "uid": run.uid, "stages": stages})
