"""The routes of the old batch service, in its shape, from the same numbers.

In which namespace and of which Pipeline it makes batches is a setting (`batches.oldClients`): the
old service had one of each. A batch's id is its name.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from stagework.api.batch import CHUNK_MAX, BatchSpec
from stagework.api.batch_answers import NewBatch
from stagework.api.batch_items import Items
from stagework.api.old_batch import (
    OldBatchList,
    OldBatchStarted,
    OldBatchStatus,
    OldStarted,
)
from stagework.api.pipelinejob import PipelineRef
from stagework.overview.batch_row import batch_row
from stagework.overview.old_batch import old_batch
from stagework.web import bodies
from stagework.web.artifact_path import checked_run_name
from stagework.web.errors import bad_request, not_found
from stagework.web.routes.services import CallerParam, Services, ServicesParam

router = APIRouter()

_TITLE_LETTERS: Final = 128
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["batch_name", "files"],
                    "properties": {
                        "batch_name": {"type": "string", "maxLength": _TITLE_LETTERS},
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        },
                        "chunk_size": {"type": "integer", "minimum": 1, "maximum": CHUNK_MAX},
                    },
                }
            }
        },
    }
}


@router.post("/pipeline/batch", openapi_extra=_FORM)
async def start(request: Request, caller: CallerParam, services: ServicesParam) -> OldBatchStarted:
    """Make a batch of files; zip archives are unpacked."""
    namespace, pipeline = _where(services)
    await services.batches.requests.require_create(caller, namespace)
    content_type = request.headers.get("Content-Type", "")
    taken = await services.batches.uploads.take(namespace, content_type, bodies.body_of(request))
    title = _title(taken.fields)
    chunk_size = _chunk_size(taken.fields)
    if not taken.items:
        raise bad_request("the upload has no files", "add one part `files` for each")
    manifest = await services.batches.uploads.manifest(namespace, taken)
    spec = BatchSpec(
        pipelineRef=PipelineRef(name=pipeline), items=Items(manifest=manifest), title=title
    )
    if chunk_size is not None:
        spec = spec.model_copy(update={"chunkSize": chunk_size})
    made = await services.batches.requests.create(caller, NewBatch(namespace=namespace, spec=spec))
    count = len(taken.items)
    started = OldStarted(
        context_id=made.metadata.name,
        message=f"batch {title!r} of {count} {'file' if count == 1 else 'files'} was started",
    )
    return OldBatchStarted(success=True, data=started)


@router.get("/pipeline/batch/{batch_id}")
async def status(batch_id: str, caller: CallerParam, services: ServicesParam) -> OldBatchStatus:
    """Where a batch stands."""
    namespace, _ = _where(services)
    known = await services.batches.views.one(caller, namespace, checked_run_name(batch_id))
    return OldBatchStatus(success=True, data=old_batch(batch_row(known)))


@router.get("/pipeline/batch")
async def latest(
    caller: CallerParam,
    services: ServicesParam,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> OldBatchList:
    """The newest ones."""
    namespace, pipeline = _where(services)
    listed = await services.batches.views.listed(caller, namespace)
    rows = [row for row in map(batch_row, listed) if row.pipeline == pipeline]
    return OldBatchList(success=True, data=[old_batch(row) for row in rows[:limit]])


def _where(services: Services) -> tuple[str, str]:
    old = services.settings.batches.oldClients
    if not old.namespace or not old.pipeline:
        raise not_found(
            "this route makes batches nowhere",
            "an administrator names a namespace and a pipeline in settings.batches.oldClients",
        )
    return old.namespace, old.pipeline


def _title(fields: dict[str, str]) -> str:
    title = fields.get("batch_name", "")
    if not title or len(title) > _TITLE_LETTERS or not title.isprintable():
        raise bad_request(f"batch_name must be a text of 1 to {_TITLE_LETTERS} characters")
    return title


def _chunk_size(fields: dict[str, str]) -> int | None:
    text = fields.get("chunk_size", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < len(str(CHUNK_MAX)) + 1):
        raise bad_request(f"chunk_size must be a number from 1 to {CHUNK_MAX}: {text[:40]!r}")
    if not 1 <= int(text) <= CHUNK_MAX:
        raise bad_request(f"chunk_size must be a number from 1 to {CHUNK_MAX}: {text}")
    return int(text)
