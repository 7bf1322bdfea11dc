"""Runs as they change: a list, then a watch; a new list whenever the watch cannot go on.

A thread of its own reads, the command's loop takes the changes from a queue, so that the loop
never blocks on the network: signals, timeouts and the live view stay prompt.
"""

import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stagework.api.pipelinejob import PipelineJob
from stagework.cli.cluster import Cluster
from stagework.cli.errors import CommandError, NotAllowed, NotThere, Refused
from stagework.cli.objects import RUNS, Objects, read_run
from stagework.cli.replies import mapping
from stagework.cli.stored_objects import path

WATCH_SECONDS: Final = 240
"""The server ends a watch after this long; it is then taken up where it ended."""
REFUSALS_MAX: Final = 5
"""So many refusals in a row, and the same is not asked again."""
SILENCE_SECONDS: Final = 90.0
"""A watch without even a bookmark (one a minute) for this long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Listed:
    """All runs that there are."""

    runs: tuple[PipelineJob, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One run as it is now."""

    run: PipelineJob


@dataclass(frozen=True, slots=True)
class Deleted:
    """The run of this uid is gone."""

    uid: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Reading failed; it is tried again."""

    text: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Reading was refused so often that it is tried no more."""

    error: CommandError


Event = Listed | Seen | Deleted | Trouble | Denied


class Feed:
    """Changes of the runs of one namespace (None: of all)."""

    def __init__(
        self, cluster: Cluster, namespace: str | None, *, interval_seconds: float, only: str = ""
    ) -> None:
        """`interval_seconds` lie between two lists where watching does not work."""
        self._cluster = cluster
        self._objects = Objects(cluster)
        self._namespace = namespace
        self._interval_seconds = interval_seconds
        self._only = only
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stop = threading.Event()

    def start(self) -> None:
        """List once, here and now (raises CommandError), then go on in the background."""
        version = self._list()
        threading.Thread(target=self._read, args=(version,), daemon=True, name="feed").start()

    def stop(self) -> None:
        """Take no more notice; the thread ends with its next line, or with the process."""
        self._stop.set()

    def next(self, timeout_seconds: float) -> Event | None:
        """The next change; None where there was none within the time."""
        try:
            return self._queue.get(timeout=timeout_seconds)
        except queue.Empty:
            return None

    def _list(self) -> str:
        listing = self._objects.runs(self._namespace, only=self._only)
        for text in listing.unreadable:
            self._queue.put(Trouble(text))
        self._queue.put(Listed(listing.runs))
        return listing.version

    def _read(self, version: str) -> None:
        reported, refusals = "", 0
        while not self._stop.is_set():
            try:
                version = self._watch(version) if version else self._list()
                reported, refusals = "", 0
            except CommandError as error:
                # An outage passes by itself; a right that is missing does not.
                refusals = refusals + 1 if isinstance(error, NotAllowed | NotThere) else 0
                if refusals >= REFUSALS_MAX:
                    self._queue.put(Denied(error))
                    return
                # One line an outage: the next list tells whether it is over.
                if error.message != reported:
                    self._queue.put(Trouble(error.message))
                reported, version = error.message, ""
                self._stop.wait(self._interval_seconds)

    def _watch(self, version: str) -> str:
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        if self._only:
            query["fieldSelector"] = f"metadata.name={self._only}"
        where = path(RUNS, self._namespace)
        for line in self._cluster.lines(where, query, timeout_seconds=SILENCE_SECONDS):
            if self._stop.is_set():
                break
            event = mapping(json.loads(line))
            kind, body = str(event.get("type")), mapping(event.get("object"))
            if kind == "ERROR":
                # Mostly 410: too old to go on from. A new list mends every cause.
                return ""
            version = str(mapping(body.get("metadata")).get("resourceVersion") or version)
            self._hand_on(kind, body)
        return version

    def _hand_on(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == "DELETED":
            self._queue.put(Deleted(str(mapping(body.get("metadata")).get("uid", ""))))
        elif kind in ("ADDED", "MODIFIED"):
            try:
                self._queue.put(Seen(read_run(body)))
            except Refused as error:
                self._queue.put(Trouble(error.message))
