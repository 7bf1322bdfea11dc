"""Reads a backup whole, makes what can go on, and tells history the rest.

What is there already is left alone, so that a restore that was broken off is simply done again.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from stagework.api.base import explain
from stagework.api.facts import AnyFact, RunFact, encoded
from stagework.api.kinds import KINDS, Kind
from stagework.api.pipelinejob import PipelineJob
from stagework.api.tasks import RestoreData
from stagework.cluster.client import paths
from stagework.cluster.client.errors import AlreadyExists, ApiError
from stagework.plans.pipelinejob.facts import facts_of
from stagework.tasks.backup.archive import ArchiveError, Json, check_archive, read_archive
from stagework.tasks.backup.places import place_of
from stagework.tasks.backup.restore_plan import ForHistory, LeaveOut, Make, restored
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed

FACTS_AT_ONCE: Final = 200
"""In one request to the API service."""

_KINDS: Final = {kind.kind: kind for kind in KINDS}
_fact: TypeAdapter[AnyFact] = TypeAdapter(AnyFact)


@dataclass
class Restored:
    """What a restore has come to."""

    made: list[str] = field(default_factory=list[str])
    there: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])
    facts: int = 0


async def run(surroundings: Surroundings, data: RestoreData) -> Report:
    """One restore; raises TaskFailed where any of it could not be done, after all the rest was."""
    place = place_of(surroundings, data.source)
    name = data.name or (await place.names() or [""])[-1]
    if not name:
        raise TaskFailed("there is no backup")
    done = Restored()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        await place.fetch(name, path)
        try:
            header = check_archive(path)
        except ArchiveError as error:
            raise TaskFailed(f"{name}: {error}") from error
        for line in read_archive(path):
            if line.kind == "object":
                await _restore(surroundings, line.content, done)
        made = datetime.fromisoformat(header["made"])
        await _record_facts(surroundings, path, made, done)
    summary = (
        f"{name}: {len(done.made)} objects made, {len(done.there)} there already, "
        f"{done.facts} facts of history"
    )
    if done.failed:
        raise TaskFailed(f"{summary}; {len(done.failed)} failed: {'; '.join(done.failed[:5])}")
    return Report(
        summary,
        {
            "dryRun": surroundings.dry_run,
            "name": name,
            "made": done.made,
            "there": done.there,
            "leftOut": done.left_out,
            "facts": done.facts,
        },
    )


async def _restore(surroundings: Surroundings, found: Json, done: Restored) -> None:
    step, meta = restored(found), found["metadata"]
    title = f"{found.get('kind')} {meta.get('namespace')}/{meta.get('name')}"
    if isinstance(step, LeaveOut):
        done.left_out.append(f"{title}: {step.reason}")
    if not isinstance(step, Make):
        return
    if surroundings.dry_run:
        done.made.append(title)
        return
    kind = _KINDS[found["kind"]]
    try:
        await _make(surroundings, kind, step)
    except AlreadyExists:
        done.there.append(title)
    except ApiError as error:
        done.failed.append(f"{title}: {error}")
    else:
        done.made.append(title)


async def _make(surroundings: Surroundings, kind: Kind, step: Make) -> None:
    meta = step.manifest["metadata"]
    api, target = surroundings.api, kind.ref(meta["namespace"], meta["name"])
    await api.create(
        paths.collection(kind.resource, meta["namespace"]), orjson.dumps(step.manifest)
    )
    if step.status:
        body = orjson.dumps({"status": step.status})
        await api.patch(paths.object_path(target, "status"), body)
    if step.resume:
        await api.patch(paths.object_path(target), orjson.dumps({"spec": {"suspend": False}}))


async def _record_facts(
    surroundings: Surroundings, path: Path, made: datetime, done: Restored
) -> None:
    """Facts first: an ended run that they tell of needs not to be told from its object."""
    waiting: list[AnyFact] = []
    ended: set[str] = set()
    for fact in _facts(path):
        if isinstance(fact, RunFact) and fact.ended is not None:
            ended.add(fact.uid)
        waiting.append(fact)
        if len(waiting) >= FACTS_AT_ONCE:
            await _post(surroundings, waiting, done)
    for line in read_archive(path):
        if line.kind == "object" and isinstance(step := restored(line.content), ForHistory):
            waiting += _facts_of(step.found, ended, made, done)
            if len(waiting) >= FACTS_AT_ONCE:
                await _post(surroundings, waiting, done)
    await _post(surroundings, waiting, done)


async def _post(surroundings: Surroundings, facts: list[AnyFact], done: Restored) -> None:
    if facts and not surroundings.dry_run:
        await surroundings.service.send("/v1/facts", encoded(facts))
    done.facts += len(facts)
    facts.clear()


def _facts(path: Path) -> Iterator[AnyFact]:
    for line in read_archive(path):
        if line.kind == "fact":
            try:
                yield _fact.validate_python(line.content)
            except ValidationError as error:
                raise TaskFailed(f"the backup has a fact that is none: {error}") from error


def _facts_of(
    found: dict[str, Any], ended: set[str], made: datetime, done: Restored
) -> list[AnyFact]:
    meta = found["metadata"]
    if meta.get("uid") in ended:
        return []
    try:
        parts = {key: found[key] for key in ("metadata", "spec", "status")}
        return list(facts_of(PipelineJob.model_validate(parts), made))
    except ValidationError as error:
        title = f"{found['kind']} {meta.get('namespace')}/{meta.get('name')}"
        done.left_out.append(f"{title}: history cannot be told of it: {explain(error)}")
        return []
