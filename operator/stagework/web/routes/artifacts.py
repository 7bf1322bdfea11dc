"""Artifacts of attempts: Pods write their own and read committed ones; people read."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagekit.contract import RESULT_FILE
from stagework.artifacts.errors import TooLargeError
from stagework.artifacts.store import Store, put, stored_digest
from stagework.web import bodies
from stagework.web.artifact_path import ArtifactPath, parse
from stagework.web.errors import ProblemError, bad_request
from stagework.web.routes.services import CallerParam, ServicesParam, StagePodParam

router = APIRouter()


@router.put("/v1/artifacts/{address:path}", status_code=201, response_class=Response)
async def write(
    address: str, request: Request, caller: StagePodParam, services: ServicesParam
) -> Response:
    """Keep one file below the caller's own prefix; whole and with the announced digest."""
    path = parse(address)
    services.authorization.require_own_prefix(caller, path.prefix)
    if not path.file:
        raise bad_request("a file's path is missing after the prefix")
    size = bodies.announced_size(request)
    sha256 = bodies.announced_sha256(request, required=True)
    limit = services.settings.artifacts.maxFileBytes
    if size > limit:
        raise TooLargeError(size, limit)
    await _refuse_if_sealed(services.store, path, sha256)
    presigned = await services.store.presign_put(path.key)
    if presigned is not None:
        return bodies.redirect(presigned)
    stored = await put(services.store, path.key, bodies.body_of(request), size, sha256)
    answer = {"path": path.file, "size": stored.size, "sha256": stored.sha256}
    return JSONResponse(answer, status_code=HTTPStatus.CREATED)


async def _refuse_if_sealed(store: Store, path: ArtifactPath, sha256: str) -> None:
    """`result.json` comes last: after it an attempt's artifacts change no more.

    The same result.json may come again: its sender may not have heard our answer.
    """
    key = f"{path.prefix}/{RESULT_FILE}"
    if await store.stat(key) is None:
        return
    if path.file == RESULT_FILE and await stored_digest(store, key) == sha256:
        return
    raise ProblemError(
        HTTPStatus.CONFLICT,
        f"this attempt has written its {RESULT_FILE}: its artifacts are final",
        "a new attempt has a prefix of its own",
    )


@router.get("/v1/artifacts/{address:path}", response_class=Response)
async def read(address: str, caller: CallerParam, services: ServicesParam) -> Response:
    """One file; or, with a slash at the end of the prefix, the list of all."""
    path = parse(address)
    await services.authorization.require_readable(caller, path.prefix)
    if not path.file:
        files = await bodies.listed_files(services.store, str(path.prefix))
        return JSONResponse({"files": files})
    presigned = await services.store.presign_get(path.key)
    if presigned is not None:
        return bodies.redirect(presigned)
    return bodies.stored_file_response(await services.store.open(path.key))
