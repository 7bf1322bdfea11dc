"""Faults that the server can be told to show, and what it remembers of its callers."""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "slow",  # waits `seconds` before it answers
        "rate limit",  # 429 with Retry-After: `seconds`
        "server error",  # 500
        "cut",  # half an answer, then the connection ends
        "no protocol",  # 200 with a page of HTML
        "invalid JSON",  # 200, but the content is half a JSON document
        "wrong schema",  # 200, but the content is JSON of another form
    }
)


@dataclass
class Fault:
    """One fault, shown to the next `times` requests; -1: to all."""

    kind: str
    times: int = -1
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind!r}")


@dataclass
class Seen:
    """What came in, for tests to look at."""

    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    at_once: int = 0
    most_at_once: int = 0


class State:
    """What the server is like, changed and read by many threads."""

    def __init__(
        self, key: str, model: str, *, keeps_to_schema: bool, takes_pictures: bool
    ) -> None:
        self.key = key
        self.model = model
        self.keeps_to_schema = keeps_to_schema
        self.takes_pictures = takes_pictures
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._seen = Seen()

    def show(self, fault: Fault | None) -> None:
        """From now on show this fault; None: none."""
        with self._lock:
            self._fault = fault

    def begins(self, path: str, model: str, key: str) -> Fault | None:
        """A request came; gives the fault to show it."""
        with self._lock:
            seen = self._seen
            seen.requests.append({"path": path, "model": model, "key": key})
            seen.at_once += 1
            seen.most_at_once = max(seen.most_at_once, seen.at_once)
            fault = self._fault
            if fault is not None and fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self._fault = None
            return fault

    def ends(self) -> None:
        """A request has its answer."""
        with self._lock:
            self._seen.at_once -= 1

    def report(self) -> dict[str, Any]:
        """What was seen so far."""
        with self._lock:
            return asdict(self._seen)
