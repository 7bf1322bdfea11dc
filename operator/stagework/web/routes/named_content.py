"""The content behind an address that a run or an item names, as an answer: streamed, or a redirect.

The same rules for both: uploads of the own namespace, what the own bucket or a store of the
settings has for it, hosts that the settings allow. What else an item may name, the artifacts of the
stage that its list is from, is said by who asks.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from fastapi import Response

from stagework.artifacts.paths import checked
from stagework.batches.errors import Refused
from stagework.batches.stores import StoreUnavailable
from stagework.web import bodies
from stagework.web.artifact_path import LOG_FILE, UPLOADS, checked_sha256
from stagework.web.errors import ProblemError, bad_request, forbidden, from_batch, not_found
from stagework.web.routes.services import Services

UPLOAD_FORM: Final = "the form is artifact://<namespace>/uploads/<sha256>/<name>"
_UPLOAD_SEGMENTS: Final = 3


async def content(services: Services, uri: str, namespace: str, *, beside: str = "") -> Response:
    """`beside`: a prefix of artifacts that may be named, too; raises ProblemError."""
    parts = _split(uri)
    if parts.scheme == "artifact":
        key = f"{parts.netloc}{unquote(parts.path)}"
        own = beside.startswith(f"{namespace}/") and key != f"{beside}/{LOG_FILE}"
        if own and key.startswith(f"{beside}/"):
            return await _stored(services, key, key.rpartition("/")[2])
        return await uploaded(services, uri, namespace)
    if parts.scheme == "s3":
        return await _in_bucket(services, parts.netloc, unquote(parts.path), namespace)
    download = await services.https.fetch(uri, namespace)
    return bodies.file_response(download.chunks, download.size, name=download.name)


async def uploaded(services: Services, uri: str, own: str) -> Response:
    """An upload of the own namespace; raises ProblemError."""
    split = _split(uri)
    if split.scheme != "artifact":
        raise bad_request(f"not an upload's address: {uri[:200]!r}", UPLOAD_FORM)
    namespace, path = split.netloc, unquote(split.path)
    if namespace != own:
        raise forbidden(f"an upload must be of the run's own namespace, {own}")
    parts = path.lstrip("/").split("/")
    if len(parts) != _UPLOAD_SEGMENTS or parts[0] != UPLOADS:
        raise bad_request(f"not an upload's address: {path[:200]!r}", UPLOAD_FORM)
    checked_sha256(parts[1])
    return await _stored(services, f"{namespace}/{'/'.join(parts)}", parts[-1])


async def _in_bucket(services: Services, bucket: str, path: str, own: str) -> Response:
    """Our own bucket, and there only what is laid down for this namespace; or an item store.

    The service's key can read everything in the bucket, so the place is what keeps one
    namespace from reading another one's files.
    """
    s3 = services.settings.artifacts.s3
    if s3 is None or bucket != s3.bucket:
        return await _in_item_store(services, bucket, path.lstrip("/"), own)
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


async def _in_item_store(services: Services, bucket: str, key: str, own: str) -> Response:
    store = services.batches.stores.of_bucket(own, bucket)
    if store is None:
        raise forbidden(
            f"inputs may not be read from bucket {bucket[:80]!r}",
            "only what settings.batches.stores has for this namespace; or upload the file instead",
        )
    if not key.startswith(store.prefix) or {"", ".", ".."} & set(key.split("/")):
        raise forbidden(f"not an object of store {store.name!r}: {key[:200]!r}", store.prefix)
    try:
        found = await services.batches.stores.open(store, key)
    except Refused as refusal:
        raise from_batch(refusal) from None
    except StoreUnavailable as error:
        hint = "it will be tried again"
        later = {"Retry-After": "5"}
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), hint, later) from None
    return bodies.file_response(found.chunks, found.size, name=key.rpartition("/")[2])


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise bad_request(f"not a URL: {uri[:200]!r}") from None
