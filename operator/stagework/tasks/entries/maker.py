"""Makes runs of entries, each once, and remembers them.

A run is made under the name of its entry and remembered then: a process that ends in between finds
it there. What a person has refused us (a quota, an admission policy) ends the pass; what is wrong
with one entry leaves the others alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.tasks import EntryMapping, Makes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import AlreadyExists, ApiError, Invalid
from stagework.tasks.entries.known import ENTRIES_MAX, KnownEntries, Sorted, sort_entries
from stagework.tasks.entries.mapping import EntryRefused, EntryRun, run_of
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed

MEMORY_NAME: Final = "entries"
"""Under this name the memory keeps what was made."""
_REFUSALS_SHOWN: Final = 20


@dataclass
class Pass:
    """What one pass over a document has come to."""

    made: list[str] = field(default_factory=list[str])
    """Names of runs that were made."""
    there: list[str] = field(default_factory=list[str])
    """Names of runs that were there already."""
    refused: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Entries that cannot become runs, and why."""
    same: int = 0
    left: int = 0

    @property
    def complete(self) -> bool:
        """Nothing of the document is left to do, as it is."""
        return not self.left and not self.refused

    def report(self, *, dry: bool) -> Report:
        """For people and programs."""
        word = "would be made" if dry else "made"
        summary = f"{len(self.made)} runs {word}, {self.same + len(self.there)} known"
        summary += f", {len(self.refused)} entries refused" if self.refused else ""
        summary += f", {self.left} left for the next pass" if self.left else ""
        return Report(
            summary,
            {
                "dryRun": dry,
                "made": self.made,
                "known": self.same + len(self.there),
                "left": self.left,
                "refused": self.refused[:_REFUSALS_SHOWN],
                "refusedCount": len(self.refused),
            },
        )


async def make_runs(
    surroundings: Surroundings,
    entries: list[object],
    makes: Makes,
    mapping: EntryMapping,
    content: Iterable[str] = (),
) -> Pass:
    """Every new entry becomes a run. Raises TaskFailed, ApiError or MemoryUnavailable."""
    namespace = checked_namespace(surroundings, makes)
    if len(entries) > ENTRIES_MAX:
        raise TaskFailed(f"{len(entries)} entries are more than {ENTRIES_MAX}: split the document")
    done, runs = Pass(), list[EntryRun]()
    pointers = tuple(content)
    for number, entry in enumerate(entries):
        try:
            runs.append(run_of(entry, makes, mapping, pointers))
        except EntryRefused as error:
            done.refused.append({"entry": str(number), "error": str(error)})
    known = KnownEntries.of(await surroundings.memory.read(MEMORY_NAME))
    ordered = sort_entries(runs, known, makes.limit)
    done.same, done.left = len(ordered.same), ordered.left
    done.refused += [{"entry": known_by, "error": "id came twice"} for known_by in ordered.doubles]
    if surroundings.dry_run:
        done.made = [run.name for run in ordered.new]
        return done
    try:
        await _make_all(surroundings, namespace, ordered, known, done)
    finally:
        if ordered.new:
            known.forget_beyond(ENTRIES_MAX, runs)
            await surroundings.memory.write(MEMORY_NAME, known.encoded())
    return done


def checked_namespace(surroundings: Surroundings, makes: Makes) -> str:
    """Where runs are made; raises TaskFailed for one that the values do not name."""
    namespace = makes.namespace or surroundings.settings.releaseNamespace
    if namespace not in surroundings.namespaces:
        raise TaskFailed(
            f"no runs are made in namespace {namespace!r}: an administrator can add it to "
            f"tasks.{surroundings.task}.namespaces of the chart's values"
        )
    return namespace


async def _make_all(
    surroundings: Surroundings, namespace: str, ordered: Sorted, known: KnownEntries, done: Pass
) -> None:
    path = paths.collection(PIPELINEJOB.resource, namespace)
    for run in ordered.new:
        try:
            await surroundings.api.create(path, orjson.dumps(_manifest(surroundings, run)))
            done.made.append(run.name)
        except AlreadyExists:
            done.there.append(run.name)
        except Invalid as error:
            done.refused.append({"entry": run.id, "error": str(error)})
            continue
        except ApiError as error:
            raise TaskFailed(f"after {len(done.made)} runs: {run.name}: {error}") from error
        known.add(run)


def _manifest(surroundings: Surroundings, run: EntryRun) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "stagework", names.LABEL_TASK: surroundings.task}
    return {
        "apiVersion": PIPELINEJOB.resource.api_version,
        "kind": PIPELINEJOB.kind,
        "metadata": {"name": run.name, "labels": labels},
        "spec": run.spec,
    }
