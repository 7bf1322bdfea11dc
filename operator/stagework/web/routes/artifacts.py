"""Artifacts of attempts: Pods write their own and read committed ones; people read."""

import hashlib
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagekit.contract import RESULT_FILE
from stagework.artifacts.errors import TooLargeError
from stagework.artifacts.store import Store, put
from stagework.web import bodies
from stagework.web.artifact_path import Place, parse
from stagework.web.errors import ProblemError, bad_request
from stagework.web.services import AnyCaller, PodOnly, Served

router = APIRouter()


@router.put("/v1/artifacts/{address:path}", status_code=201, response_class=Response)
async def write(address: str, request: Request, caller: PodOnly, served: Served) -> Response:
    """Keep one file below the caller's own prefix; whole and with the announced digest."""
    place = parse(address)
    served.access.pod_writes(caller, place.prefix)
    if not place.path:
        raise bad_request("a file's path is missing after the prefix")
    size = bodies.announced_size(request)
    sha256 = bodies.announced_sha256(request, required=True)
    limit = served.settings.artifacts.maxFileBytes
    if size > limit:
        raise TooLargeError(size, limit)
    await _refuse_if_sealed(served.store, place, sha256)
    presigned = await served.store.presign_put(place.key)
    if presigned is not None:
        return bodies.elsewhere(presigned)
    kept = await put(served.store, place.key, bodies.body_of(request), size, sha256)
    answer = {"path": place.path, "size": kept.size, "sha256": kept.sha256}
    return JSONResponse(answer, status_code=HTTPStatus.CREATED)


async def _refuse_if_sealed(store: Store, place: Place, sha256: str) -> None:
    """`result.json` comes last: after it an attempt's artifacts change no more.

    The same result.json may come again: its sender may not have heard our answer.
    """
    key = f"{place.prefix}/{RESULT_FILE}"
    if await store.stat(key) is None:
        return
    if place.path == RESULT_FILE:
        digest = hashlib.sha256()
        async for chunk in (await store.open(key)).chunks:
            digest.update(chunk)
        if digest.hexdigest() == sha256:
            return
    raise ProblemError(
        HTTPStatus.CONFLICT,
        f"this attempt has written its {RESULT_FILE}: its artifacts are final",
        "a new attempt has a prefix of its own",
    )


@router.get("/v1/artifacts/{address:path}", response_class=Response)
async def read(address: str, caller: AnyCaller, served: Served) -> Response:
    """One file; or, with a slash at the end of the prefix, the list of all."""
    place = parse(address)
    await served.access.reads(caller, place.prefix)
    if not place.path:
        entries = await served.store.files(str(place.prefix))
        return JSONResponse({"files": [{"path": e.path, "size": e.size} for e in entries]})
    presigned = await served.store.presign_get(place.key)
    if presigned is not None:
        return bodies.elsewhere(presigned)
    return bodies.opened_response(await served.store.open(place.key))
