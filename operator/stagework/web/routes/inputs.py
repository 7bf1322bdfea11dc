"""What runs work on: people upload it; stage Pods fetch what their run's `spec.input` names, and
the model that their stage names.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagekit.contract import ENV_MODEL
from stagework.artifacts.paths import checked
from stagework.web import bodies
from stagework.web.artifact_path import UPLOADS, checked_namespace, checked_sha256
from stagework.web.errors import bad_request, forbidden, not_found
from stagework.web.routes.services import CallerParam, Services, ServicesParam, StagePodParam

router = APIRouter()

_UPLOAD_SEGMENTS: Final = 3
_FORM: Final = "the form is artifact://<namespace>/uploads/<sha256>/<name>"


@router.put("/v1/uploads/{namespace}/{name:path}", status_code=201, response_class=Response)
async def upload(
    namespace: str, name: str, request: Request, caller: CallerParam, services: ServicesParam
) -> Response:
    """Keep a person's file under its digest; the answer's `uri` goes into `spec.input`."""
    await services.authorization.require_right(caller, "create", checked_namespace(namespace))
    if "/" in checked(name):
        raise bad_request("an upload's name has no '/'")
    size = bodies.announced_size(request)
    sha256 = bodies.announced_sha256(request, required=False)
    received = await services.store.receive(bodies.body_of(request), size, sha256)
    try:
        await services.store.keep(received, f"{namespace}/{UPLOADS}/{received.sha256}/{name}")
    except BaseException:
        await services.store.drop(received)
        raise
    uri = f"artifact://{namespace}/{UPLOADS}/{received.sha256}/{quote(name)}"
    answer = {"uri": uri, "size": received.size, "sha256": received.sha256}
    return JSONResponse(answer, status_code=HTTPStatus.CREATED)


@router.get("/v1/input", response_class=Response)
async def source(caller: StagePodParam, services: ServicesParam) -> Response:
    """The input of the caller's run, wherever it is."""
    run = await services.authorization.own_run(caller)
    if not run.input_uri:
        raise not_found("the run has no spec.input")
    parts = _split(run.input_uri)
    if parts.scheme == "artifact":
        return await _uploaded(services, parts.netloc, unquote(parts.path), run.namespace)
    if parts.scheme == "s3":
        return await _in_bucket(services, parts.netloc, unquote(parts.path), run.namespace)
    download = await services.https.fetch(run.input_uri)
    return bodies.file_response(download.chunks, download.size, name=download.name)


@router.get("/v1/model", response_class=Response)
async def model(caller: StagePodParam, services: ServicesParam) -> Response:
    """The archive with the model that the caller's stage names.

    Read from the Pod's own manifest, which nobody can change once it is made, and an upload of its
    own namespace: whoever may write stages there may start runs with any upload as input, too.
    """
    if not caller.model_uri:
        raise not_found("the stage names no model", f"set {ENV_MODEL} in its env, as a plain value")
    parts = _split(caller.model_uri)
    if parts.scheme != "artifact":
        raise bad_request(f"not an upload's address: {caller.model_uri[:200]!r}", _FORM)
    return await _uploaded(services, parts.netloc, unquote(parts.path), caller.prefix.namespace)


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise bad_request(f"not a URL: {uri[:200]!r}") from None


async def _uploaded(services: Services, namespace: str, path: str, own: str) -> Response:
    if namespace != own:
        raise forbidden("an upload must be of the run's own namespace", f"which is {own!r}")
    parts = path.lstrip("/").split("/")
    if len(parts) != _UPLOAD_SEGMENTS or parts[0] != UPLOADS:
        raise bad_request(f"not an upload's address: {path[:200]!r}", _FORM)
    checked_sha256(parts[1])
    return await _stored(services, f"{namespace}/{'/'.join(parts)}", parts[-1])


async def _in_bucket(services: Services, bucket: str, path: str, own: str) -> Response:
    """Only our own bucket, and there only what is laid down for this namespace.

    The service's key can read everything in the bucket, so the place is what keeps one
    namespace from reading another one's files.
    """
    s3 = services.settings.artifacts.s3
    if s3 is None or bucket != s3.bucket:
        raise forbidden(
            f"inputs may not be read from bucket {bucket[:80]!r}",
            "only the bucket of the artifact store; or upload the file instead",
        )
    folder = "/".join(part for part in (s3.prefix.strip("/"), own, "inputs") if part)
    key = path.lstrip("/")
    if not key.startswith(f"{folder}/"):
        raise forbidden("inputs in the bucket must be laid down for their namespace", folder)
    store_key = key.removeprefix(s3.prefix.strip("/")).lstrip("/")
    return await _stored(services, store_key, store_key.rpartition("/")[2])


async def _stored(services: Services, key: str, name: str) -> Response:
    checked(key)
    presigned = await services.store.presign_get(key)
    if presigned is None:
        return bodies.stored_file_response(await services.store.open(key), name)
    if await services.store.stat(key) is None:
        raise not_found("the run's input is not in the store", "upload it (again)")
    return bodies.redirect(presigned, name)
