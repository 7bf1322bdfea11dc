"""Fetches, maps, makes, remembers."""

import hashlib

import msgspec

from stagework.api.tasks import ApiSyncData
from stagework.tasks.entries.fetching import fetch
from stagework.tasks.entries.maker import checked_namespace, make_runs
from stagework.tasks.entries.mapping import EntryRefused, listed_entries
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed

MEMORY_NAME = "etag"
"""Under this name the memory keeps the ETag, and of which job data."""


class LastAnswer(msgspec.Struct):
    """An answer of which nothing is left to do."""

    etag: str = ""
    data: str = ""
    """Digest of the job data: with another one the same document is another matter."""


async def run(surroundings: Surroundings, data: ApiSyncData) -> Report:
    """One pull."""
    checked_namespace(surroundings, data)
    digest = hashlib.sha256(data.model_dump_json().encode()).hexdigest()[:16]
    last = _decoded(await surroundings.memory.read(MEMORY_NAME))
    etag = last.etag if last.data == digest else ""
    fetched = await fetch(surroundings, data.url, data.maxBytes, etag)
    if fetched is None:
        return Report("nothing has changed", {"changed": False})
    try:
        entries = listed_entries(fetched.content, data.entries)
    except EntryRefused as error:
        raise TaskFailed(f"{data.url}: {error}") from error
    done = await make_runs(surroundings, entries, data, data.mapping)
    if done.complete and not surroundings.dry_run:
        answer = LastAnswer(fetched.etag, digest)
        await surroundings.memory.write(MEMORY_NAME, msgspec.json.encode(answer))
    report = done.report(dry=surroundings.dry_run)
    return Report(report.summary, {"changed": True, **report.document})


def _decoded(raw: bytes) -> LastAnswer:
    try:
        return msgspec.json.decode(raw, type=LastAnswer) if raw else LastAnswer()
    except msgspec.DecodeError:
        return LastAnswer()
