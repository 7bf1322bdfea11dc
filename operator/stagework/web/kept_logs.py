"""Logs of attempts that failed: read from the cluster once, kept beside the attempt's artifacts.

A log can hold secrets. So it is no artifact like others: nobody reads it but who may read logs.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from stagework.api.stage_status import LOG_LINE_BYTES
from stagework.api.text import shortened
from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import OpenFile, Store, put
from stagework.policies.logged_container import logged_container
from stagework.web.artifact_path import LOG_FILE, ArtifactPrefix
from stagework.web.cluster import ClusterReader, RecordedAttempt, Run
from stagework.web.errors import ClusterUnavailable

READ_SECONDS: Final = 8.0
"""A log that has not come by then is not to be had: its node may be away."""
NOW_LINES: Final = 2000
NOW_BYTES: Final = 256 * 1024
"""Of the log of a stage at work so much is shown at once."""
_LAST_BYTES: Final = 8 * 1024
"""The last line is looked for in so much of the end."""


@dataclass(frozen=True)
class KeptLog:
    """What has become of a log: its last line, or why it is not kept."""

    last_line: str = ""
    size: int = 0
    fault: str = ""


class KeptLogs:
    """Keeps the last `max_bytes` of each."""

    def __init__(self, store: Store, reader: ClusterReader, max_bytes: int) -> None:
        self._store = store
        self._reader = reader
        self._max_bytes = max_bytes

    async def keep(self, prefix: ArtifactPrefix, pod: str, container: str) -> KeptLog:
        """Read the log of that very Pod and keep it; what is kept already stays as it is."""
        key = f"{prefix}/{LOG_FILE}"
        try:
            if await self._store.stat(key) is not None:
                return _kept(await _whole(await self._store.open(key)))
            raw = await self._read(prefix, pod, container)
            if raw is None:
                return KeptLog(fault="its Pod is gone")
            if raw:
                await put(self._store, key, _once(raw), len(raw), hashlib.sha256(raw).hexdigest())
        except (ClusterUnavailable, TimeoutError):
            return KeptLog(fault="its node, or the API server, did not give it")
        except StoreError as error:
            return KeptLog(fault=shortened(str(error), LOG_LINE_BYTES))
        return _kept(raw)

    async def now(self, run: Run, attempt: RecordedAttempt) -> bytes | None:
        """How the log of the attempt's Pod ends; None where it has none that can be read.

        Raises ClusterUnavailable. Which Pod it is the run's status says, not the Pod.
        """
        where = run.namespace, run.uid, attempt.stage, attempt.attempt
        for pod in await self._reader.stage_pods(*where):
            container = logged_container(pod)
            if pod.metadata.uid == attempt.pod and container:
                names = run.namespace, pod.metadata.name, container
                return await self._now(*names)
        return None

    async def attempts(self, namespace: str, run_uid: str, stage: str) -> dict[int, str]:
        """Attempts of a stage whose logs are kept, with the keys under which they are."""
        folder = f"{namespace}/{run_uid}/{stage}"
        found: dict[int, str] = {}
        for attempt_folder in await self._store.folders(folder):
            number, _, _pod = attempt_folder.partition("-")
            key = f"{folder}/{attempt_folder}/{LOG_FILE}"
            if number.isdigit() and await self._store.stat(key) is not None:
                found[int(number)] = key
        return found

    async def open(self, key: str) -> OpenFile:
        """Read one of these; raises NotStoredError."""
        return await self._store.open(key)

    async def _read(self, prefix: ArtifactPrefix, pod: str, container: str) -> bytes | None:
        async with asyncio.timeout(READ_SECONDS):
            known = await self._reader.get_pod(prefix.namespace, pod)
            if known is None or known.metadata.uid != prefix.pod_uid:
                return None
            return await self._ending(
                prefix.namespace, pod, container, last_lines=None, max_bytes=self._max_bytes
            )

    async def _now(self, *names: str) -> bytes:
        namespace, pod, container = names
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._ending(
                    *(namespace, pod, container), last_lines=NOW_LINES, max_bytes=NOW_BYTES
                )
        except TimeoutError as error:
            raise ClusterUnavailable("its node does not give the log") from error

    async def _ending(
        self, namespace: str, pod: str, container: str, *, last_lines: int | None, max_bytes: int
    ) -> bytes:
        ending = Ending(max_bytes)
        log = self._reader.pod_log(namespace, pod, container, last_lines)
        async with aclosing(log) as chunks:
            async for chunk in chunks:
                ending.add(chunk)
        return ending.content()


class Ending:
    """The end of a stream of bytes; a cut is told and stands between two lines."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._left_out = 0

    def add(self, chunk: bytes) -> None:
        """The next bytes."""
        self._kept += chunk
        if len(self._kept) > 2 * self._max_bytes:
            self._drop(len(self._kept) - self._max_bytes)

    def content(self) -> bytes:
        """What is kept of it, of which the first line says how much is missing before it."""
        kept = bytes(self._kept[-self._max_bytes :])
        left_out = self._left_out + len(self._kept) - len(kept)
        if not left_out:
            return kept
        line_end = kept.find(b"\n") + 1
        start = line_end if line_end < len(kept) else 0
        return b"[the first %d bytes are left out]\n" % (left_out + start) + kept[start:]

    def _drop(self, count: int) -> None:
        del self._kept[:count]
        self._left_out += count


def last_line(log: bytes) -> str:
    """The last line in which something stands, cleaned and cut; what overwrote it counts."""
    text = log[-_LAST_BYTES:].decode("utf-8", "replace")
    for line in reversed(text.splitlines()):
        cleaned = shortened(line, LOG_LINE_BYTES)
        if cleaned:
            return cleaned
    return ""


def _kept(raw: bytes) -> KeptLog:
    return KeptLog(last_line(raw), len(raw))


async def _whole(opened: OpenFile) -> bytes:
    return b"".join([chunk async for chunk in opened.chunks])


async def _once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
