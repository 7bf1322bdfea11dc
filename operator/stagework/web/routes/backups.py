"""Backups in the artifact store, and what history tells a backup; for those two tasks alone."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from stagework.api.backups import BackupList, ExportPage, KeptBackup
from stagework.api.facts import AnyFact
from stagework.api.history import RunQuery, place_of, token_of
from stagework.artifacts.store import Store, put
from stagework.web import bodies
from stagework.web.artifact_path import BACKUPS
from stagework.web.errors import bad_request, not_found
from stagework.web.routes.services import CallerParam, ServicesParam, task_only

router = APIRouter()

_FILE: Final = "archive"
_PAGE: Final = 100


@router.get("/v1/export", dependencies=[task_only("backup")])
async def export(
    caller: CallerParam,
    services: ServicesParam,
    after: Annotated[str, Query(max_length=2048)] = "",
) -> ExportPage:
    """All facts of the runs of the namespaces that the task may list, page by page."""
    try:
        place = place_of(after, 1)
    except ValueError:
        raise bad_request("not a place in this list", "use `next` of an answer") from None
    history = services.history
    readable = await services.authorization.readable(caller, await history.namespaces())
    page = await history.runs(RunQuery(namespaces=readable, after=place, limit=_PAGE))
    facts: list[AnyFact] = []
    for run in page.items:
        known = await history.run(run.uid)
        if known is not None:
            facts += [known.run, *known.attempts, *known.interventions]
    return ExportPage(facts=facts, next=token_of(page.next))


@router.get("/v1/backups", dependencies=[task_only("backup", "restore")])
async def backups(services: ServicesParam) -> BackupList:
    """Those that are kept."""
    names = await services.store.folders(BACKUPS)
    return BackupList(
        backups=[KeptBackup(name=name, size=await _size(services.store, name)) for name in names]
    )


@router.put(
    "/v1/backups/{name}",
    status_code=204,
    response_class=Response,
    dependencies=[task_only("backup")],
)
async def keep(name: str, request: Request, services: ServicesParam) -> Response:
    """Keep one, whole and with the announced digest."""
    size = bodies.announced_size(request)
    sha256 = bodies.announced_sha256(request, required=True)
    await put(services.store, _key(name), bodies.body_of(request), size, sha256)
    return Response(status_code=204)


@router.get("/v1/backups/{name}", response_class=Response, dependencies=[task_only("restore")])
async def read(name: str, services: ServicesParam) -> Response:
    """The whole of one."""
    return bodies.stored_file_response(await services.store.open(_key(name)))


@router.delete(
    "/v1/backups/{name}",
    status_code=204,
    response_class=Response,
    dependencies=[task_only("backup")],
)
async def forget(name: str, services: ServicesParam) -> Response:
    """Delete one."""
    if not await services.store.delete(_key(name).rpartition("/")[0]):
        raise not_found(f"there is no backup {name!r}")
    return Response(status_code=204)


def _key(name: str) -> str:
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise bad_request("a backup's name has letters, digits and dashes")
    return f"{BACKUPS}/{name}/{_FILE}"


async def _size(store: Store, name: str) -> int:
    entry = await store.stat(f"{BACKUPS}/{name}/{_FILE}")
    return entry.size if entry is not None else 0
