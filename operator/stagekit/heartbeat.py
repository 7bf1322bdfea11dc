"""Heartbeats: a thread tells the API service every 10 s that this Pod lives, and how far it is.

Where the API service does not answer, the API server is asked for a sign of life: either one
keeps the self-fence from falling.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from stagekit import contract, text, wire
from stagekit.fence import Fence
from stagekit.link import Link

_MIN_GAP_SECONDS: Final = 2.0
_NOTE_MAX_BYTES: Final = 256
_PROBE_TIMEOUT_SECONDS: Final = 5.0


class Progress:
    """How far the stage is; written by the stage, read by the heartbeat thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fields: dict[str, object] = {}
        self._reported: Callable[[], dict[str, int]] = dict
        self.changed = threading.Event()

    def set(self, done: int | None = None, total: int | None = None, note: str = "") -> None:
        """Note how far the work is; what is not given stays as it was."""
        given: dict[str, object] = {}
        if done is not None:
            given["done"] = max(0, int(done))
        if total is not None:
            given["total"] = max(0, int(total))
        if note:
            given["note"] = text.clean(note, _NOTE_MAX_BYTES)
        with self._lock:
            self._fields.update(given)
        self.changed.set()

    def begin(self, item: int | None) -> None:
        """Note the number of the batch's item that is worked on from now on; None: of none."""
        with self._lock:
            self._fields.pop("item", None)
            if item is not None:
                self._fields["item"] = item
        self.changed.set()

    def follow(self, reported: Callable[[], dict[str, int]]) -> None:
        """Have each heartbeat say what a program reports: `done`, `total` and `item`."""
        self._reported = reported

    @property
    def item(self) -> int | None:
        """The number of the item that is worked on, where one is."""
        item = self._said().get("item")
        return item if isinstance(item, int) else None

    def encode(self) -> bytes:
        """The heartbeat's body."""
        return json.dumps(self._said(), ensure_ascii=False).encode("utf-8")

    def _said(self) -> dict[str, object]:
        with self._lock:
            return {**self._fields, **self._reported()}


class Notes(Progress):
    """Progress of the work on one item: `done` and `total` are the batch's, a note is passed on."""

    def __init__(self, whole: Progress) -> None:
        super().__init__()
        self._whole = whole

    def set(
        self,
        done: int | None = None,  # noqa: ARG002
        total: int | None = None,  # noqa: ARG002
        note: str = "",
    ) -> None:
        """Pass on the note."""
        self._whole.set(note=note)


class Heartbeats(threading.Thread):
    """Sends until stopped: every `interval_seconds`, and soon after a change of progress."""

    def __init__(
        self,
        link: Link,
        progress: Progress,
        fence: Fence | None,
        *,
        probe: Callable[[], bool],
        interval_seconds: float = contract.HEARTBEAT_SECONDS,
        min_gap_seconds: float = _MIN_GAP_SECONDS,
    ) -> None:
        super().__init__(name="stagekit-heartbeats", daemon=True)
        self._link = link
        self._progress = progress
        self._fence = fence
        self._probe = probe
        self._interval = interval_seconds
        self._min_gap = min_gap_seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat, then wait for the interval or a change; never faster than the minimal gap."""
        while not self._stopped.is_set():
            began = time.monotonic()
            self._progress.changed.clear()
            answered = self._link.beat(self._progress.encode()) or self._probe()
            if answered and self._fence is not None:
                self._fence.contact()
            self._stopped.wait(self._min_gap)
            rest = self._interval - (time.monotonic() - began)
            if rest > 0 and not self._stopped.is_set():
                self._progress.changed.wait(rest)

    def stop(self) -> None:
        """End the thread; returns at once."""
        self._stopped.set()
        self._progress.changed.set()


def api_server_answers(variables: Mapping[str, str]) -> bool:
    """True if the cluster's API server gives any HTTP answer at all.

    The Pod has no certificate of the cluster (no ServiceAccount is mounted) and sends nothing
    secret, so the server's certificate is not checked: a sign of life is all that is asked.
    """
    host = variables.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        return False
    port = variables.get("KUBERNETES_SERVICE_PORT", "443")
    shown = f"[{host}]" if ":" in host else host
    try:
        wire.exchange(
            "GET",
            f"https://{shown}:{port}/livez",
            {},
            timeout=_PROBE_TIMEOUT_SECONDS,
            verify=False,
        )
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return True
