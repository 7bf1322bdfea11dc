"""Sweep: artifacts outlive their run by `keepSeconds`, then they go.

A run's absence is noted when it is first seen, and only what has been noted for the whole keep
time is deleted; so neither a restart nor a deleted run's age shortens the time. What people
have uploaded goes when it is older than the keep time and neither a living run names it nor, as a
model, a Pipeline. A sweep that cannot read the runs does nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import Store
from stagework.web.artifact_path import UPLOADS
from stagework.web.cluster import ClusterReader, Run
from stagework.web.errors import ClusterUnavailable

EVERY_SECONDS: Final = 600.0
"""From one sweep to the next."""
_INCOMING_SECONDS: Final = 24 * 3600.0

_log = logging.getLogger("stagework.web.sweep")


@dataclass(frozen=True)
class RunArtifacts:
    """Artifacts of one run (`gone_since` in seconds since 1970; None: not noted as gone)."""

    namespace: str
    run_uid: str
    gone_since: float | None


@dataclass(frozen=True)
class Upload:
    """Files that people uploaded, all with the same digest."""

    namespace: str
    sha256: str
    newest: float


@dataclass(frozen=True)
class Note:
    """Write down (or, with None, take back) since when a run is gone."""

    prefix: str
    gone_since: float | None


@dataclass(frozen=True)
class Delete:
    """Delete everything below the prefix."""

    prefix: str


def decide(
    kept: Iterable[RunArtifacts],
    uploaded: Iterable[Upload],
    runs: Iterable[Run],
    *,
    models: Iterable[str] = (),
    now: float,
    keep_seconds: float,
) -> list[Note | Delete]:
    """What to do, from what is there; `runs` must have been listed after `kept`.

    `models`: addresses that Pipelines name.
    """
    existing = list(runs)
    run_uids = {(run.namespace, run.uid) for run in existing}
    addresses = {*models, *(uri for run in existing for uri in (run.input_uri, *run.models))}
    named = {uri.rpartition("/")[0] for uri in addresses}
    actions: list[Note | Delete] = []
    for of_run in kept:
        prefix = f"{of_run.namespace}/{of_run.run_uid}"
        if (of_run.namespace, of_run.run_uid) in run_uids:
            if of_run.gone_since is not None:
                actions.append(Note(prefix, None))
        elif of_run.gone_since is None:
            actions.append(Note(prefix, now))
        elif now - of_run.gone_since >= keep_seconds:
            actions.append(Delete(prefix))
    for upload in uploaded:
        prefix = f"{upload.namespace}/{UPLOADS}/{upload.sha256}"
        if now - upload.newest >= keep_seconds and f"artifact://{prefix}" not in named:
            actions.append(Delete(prefix))
    return actions


class Sweeper:
    """Reads, decides, acts; one sweep at a time."""

    def __init__(
        self,
        store: Store,
        reader: ClusterReader,
        *,
        namespaces: tuple[str, ...],
        keep_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._reader = reader
        self._namespaces = namespaces
        self._keep_seconds = keep_seconds
        self._clock = clock

    async def run(self, every_seconds: float = EVERY_SECONDS) -> None:
        """Sweep until cancelled; a sweep that fails is tried again at its next time."""
        while True:
            try:
                await self.once()
            except (ClusterUnavailable, StoreError, OSError) as error:
                _log.warning("sweep given up", extra={"error": str(error)})
            await asyncio.sleep(every_seconds)

    async def once(self) -> list[Note | Delete]:
        """One sweep; gives what was done."""
        kept, uploaded = await self._inventory()
        runs = await self._reader.list_runs(self._namespaces)
        models = await self._reader.list_models(self._namespaces)
        now, keep = self._clock(), self._keep_seconds
        actions = decide(kept, uploaded, runs, models=models, now=now, keep_seconds=keep)
        for action in actions:
            if isinstance(action, Note):
                since = None if action.gone_since is None else repr(action.gone_since)
                await self._store.write_note(action.prefix, since)
            else:
                count = await self._store.delete(action.prefix)
                _log.info("artifacts deleted", extra={"prefix": action.prefix, "files": count})
        await self._store.tidy(_INCOMING_SECONDS)
        return actions

    async def _inventory(self) -> tuple[list[RunArtifacts], list[Upload]]:
        kept: list[RunArtifacts] = []
        uploaded: list[Upload] = []
        # Only where we may list runs: elsewhere nothing proves that a run is gone.
        for namespace in self._namespaces or await self._store.folders(""):
            for name in await self._store.folders(namespace):
                if name != UPLOADS:
                    note = await self._store.read_note(f"{namespace}/{name}")
                    kept.append(RunArtifacts(namespace, name, _seconds(note)))
                    continue
                for sha256 in await self._store.folders(f"{namespace}/{UPLOADS}"):
                    newest = await self._store.newest(f"{namespace}/{UPLOADS}/{sha256}")
                    uploaded.append(Upload(namespace, sha256, newest))
        return kept, uploaded


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
