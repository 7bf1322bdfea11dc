"""Writes a backup to a file, keeps it where the job data says, and forgets the oldest."""

import tempfile
from pathlib import Path
from typing import Final

import msgspec

from stagework.api.backups import ExportPage
from stagework.api.base import format_time
from stagework.api.kinds import INTERVENTION, KINDS
from stagework.api.tasks import BackupData
from stagework.cluster.client import paths
from stagework.tasks.backup.archive import ArchiveWriter
from stagework.tasks.backup.places import place_of
from stagework.tasks.surroundings import Report, Surroundings

KEPT_KINDS: Final = tuple(kind for kind in KINDS if kind is not INTERVENTION)
"""What was asked of a run that is gone is history, and is kept as such."""


class _Page(msgspec.Struct):
    items: list[dict[str, object]] | None = None


_page = msgspec.json.Decoder(_Page)


async def run(surroundings: Surroundings, data: BackupData) -> Report:
    """One backup."""
    made = surroundings.now()
    name = f"stagework-{made:%Y%m%dT%H%M%SZ}"
    place = place_of(surroundings, data.target)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        header = {"made": format_time(made), "namespaces": surroundings.namespaces}
        with ArchiveWriter(path, header) as archive:
            await _add_objects(surroundings, archive)
            await _add_facts(surroundings, archive)
        size = path.stat().st_size
        if not surroundings.dry_run:
            await place.keep(name, path)
    # The new one is there before an old one goes.
    old = [known for known in await place.names() if known != name][: -(data.keep - 1) or None]
    if surroundings.dry_run:
        old = []
    for known in old:
        await place.forget(known)
    return Report(
        f"{archive.objects} objects and {archive.facts} facts of history in {name}",
        {
            "dryRun": surroundings.dry_run,
            "name": name,
            "bytes": size,
            "objects": archive.objects,
            "facts": archive.facts,
            "forgotten": old,
        },
    )


async def _add_objects(surroundings: Surroundings, archive: ArchiveWriter) -> None:
    """Of every kind that is kept, as one consistent list each."""
    for kind in KEPT_KINDS:
        for namespace in surroundings.namespaces:
            listed: list[dict[str, object]] = []
            collection = paths.collection(kind.resource, namespace)
            async for body in surroundings.api.list_pages(collection, on_restart=listed.clear):
                listed += _page.decode(body).items or []
            for found in listed:
                named = {"apiVersion": kind.resource.api_version, "kind": kind.kind}
                archive.add_object({**found, **named})


async def _add_facts(surroundings: Surroundings, archive: ArchiveWriter) -> None:
    pages = surroundings.service.pages("/v1/export", ExportPage, lambda page: page.next)
    async for page in pages:
        for fact in page.facts:
            archive.add_fact(fact.model_dump(mode="json"))
