"""Artifacts of attempts: Pods write their own and read committed ones; people read."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagework.artifacts.errors import TooLargeError
from stagework.web import bodies, ranges
from stagework.web.artifact_path import parse
from stagework.web.errors import bad_request
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
    namespace = path.prefix.namespace
    if bodies.sends_checksum(request):
        presigned = await services.attempts.address(path, size, sha256)
        if presigned is not None:
            return bodies.redirect(presigned)
    async with services.space.upload(namespace) as coming:
        chunks = coming.counted(bodies.body_of(request))
        stored = await services.attempts.write(path, chunks, size, sha256)
        coming.keep()
    answer = {"path": path.file, "size": stored.size, "sha256": stored.sha256}
    return JSONResponse(answer, status_code=HTTPStatus.CREATED)


@router.head("/v1/artifacts/{address:path}", response_class=Response, include_in_schema=False)
@router.get("/v1/artifacts/{address:path}", response_class=Response)
async def read(
    address: str,
    request: Request,
    caller: CallerParam,
    services: ServicesParam,
    *,
    redirect: bool = True,
) -> Response:
    """One file, or the part of it that `Range` asks for; or, with a slash at the end of the prefix,
    the list of all.

    A bucket gives its files itself (307), unless `redirect=false`: a page may ask nobody else.
    """
    path = parse(address)
    await services.authorization.require_readable(caller, path.prefix)
    if not path.file:
        files = await bodies.listed_files(services.store, str(path.prefix))
        return JSONResponse({"files": files})
    # A presigned address is for GET alone, where the store itself knows of ranges.
    if redirect and request.method != "HEAD":
        presigned = await services.store.presign_get(path.key)
        if presigned is not None:
            return bodies.redirect(presigned)
    return await ranges.stored_file(request, services.store, path.key)
