"""What a test lets go wrong between client and server, and the record of all writes.

Hooks see each request twice: `before` anything is done, and `after` it is committed but before
the answer is sent. A hook returns None (go on), a Failure (answer with it) or DROP (cut the
connection). Hooks may wait: that is latency, and that is how a test stops an operator there.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import orjson

from tests.support.fakeapi.failures import Failure, internal_error, too_many_requests
from tests.support.fakeapi.resources import Resource
from tests.support.fakeapi.store import Change, Stored

_RBAC_VERBS: Final = {"POST": "create", "PUT": "update"}
READ_VERBS: Final = frozenset({"GET", "LIST", "WATCH"})


class Cut(Enum):
    """What a hook may answer besides a Failure."""

    DROP = auto()


DROP: Final = Cut.DROP
"""Cut the connection without an answer."""


@dataclass(slots=True)
class Seen:
    """One request as the hooks and the record see it."""

    number: int
    verb: str
    """GET, LIST, WATCH, POST, PATCH, PUT or DELETE."""
    resource: Resource
    subresource: str
    namespace: str
    name: str
    content_type: str = ""
    body: bytes = b""
    status: int = 0
    """HTTP status of the answer; 0 where none was sent (yet)."""
    query: str = ""
    """As it was sent."""

    @property
    def is_write(self) -> bool:
        return self.verb not in READ_VERBS

    @property
    def what(self) -> str:
        """Such as `PATCH pipelinejobs/status`."""
        tail = f"/{self.subresource}" if self.subresource else ""
        return f"{self.verb} {self.resource.plural}{tail}"

    @property
    def right(self) -> tuple[str, str, str]:
        """What RBAC must grant for it: group, resource and verb."""
        verb, _, resource = self.what.partition(" ")
        return self.resource.group, resource, _RBAC_VERBS.get(verb, verb.lower())

    def json(self) -> Any:
        return orjson.loads(self.body)


Verdict = Failure | Cut | None
Hook = Callable[[Seen], Awaitable[Verdict]]
Match = Callable[[Seen], bool]


def writes(seen: Seen) -> bool:
    """Matches every write."""
    return seen.is_write


def about(verb: str, plural: str, subresource: str = "") -> Match:
    """Matches one verb of one resource, such as `about("PATCH", "pipelinejobs", "status")`."""
    return lambda seen: (
        seen.verb == verb and seen.resource.plural == plural and seen.subresource == subresource
    )


@dataclass(slots=True)
class Record:
    """Which requests came; writes with their bodies, unless `bodies` is off (benches)."""

    counts: Counter[str] = field(default_factory=Counter[str])
    """By `Seen.what`."""
    writes: list[Seen] = field(default_factory=list[Seen])
    bodies: bool = True
    listeners: list[Callable[[Seen], None]] = field(default_factory=list[Callable[[Seen], None]])
    """Told of every request as it comes, before anything is done or refused."""

    def note(self, seen: Seen) -> None:
        self.counts[seen.what] += 1
        if seen.is_write and self.bodies:
            self.writes.append(seen)

    def clear(self) -> None:
        self.counts.clear()
        self.writes.clear()


@dataclass(slots=True)
class Faults:
    """All that is out of order at this moment."""

    before: list[Hook] = field(default_factory=list[Hook])
    after: list[Hook] = field(default_factory=list[Hook])
    deliveries: Callable[[Change], int] | None = None
    """How often a watcher is told of a change: 0 swallows it, 2 repeats it."""
    stale: dict[Resource, tuple[int, list[Stored]]] = field(
        default_factory=dict[Resource, tuple[int, list[Stored]]]
    )
    """Lists that are answered from an old cache: version and objects."""
    flow: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: watches stay open and say nothing, not even bookmarks."""

    def __post_init__(self) -> None:
        self.flow.set()

    def clear(self) -> None:
        """Everything works again."""
        self.before.clear()
        self.after.clear()
        self.stale.clear()
        self.deliveries = None
        self.flow.set()

    def latency(self, seconds: float, match: Match = lambda _: True) -> None:
        """Every matching request takes so much longer."""

        async def hook(seen: Seen) -> Verdict:
            if match(seen):
                await asyncio.sleep(seconds)
            return None

        self.before.append(hook)

    def refuse(self, match: Match, *, times: int, retry_after_seconds: int = 1) -> None:
        """429 with Retry-After."""
        self.before.append(_answering(match, times, too_many_requests(retry_after_seconds)))

    def fail(self, match: Match, *, times: int, failure: Failure | None = None) -> None:
        """500 (or another failure) before anything is done."""
        self.before.append(_answering(match, times, failure or internal_error()))

    def reset(self, match: Match, *, times: int) -> None:
        """The connection is cut before anything is done."""
        self.before.append(_answering(match, times, DROP))

    def lose_answer(self, match: Match, *, times: int) -> None:
        """The write is committed, then the connection is cut."""
        self.after.append(_answering(match, times, DROP))

    def never_answer(self, match: Match, *, times: int) -> None:
        """A half-open connection: neither an answer nor an end."""
        left = times

        async def hook(seen: Seen) -> Verdict:
            nonlocal left
            if left > 0 and match(seen):
                left -= 1
                await asyncio.Event().wait()
            return None

        self.before.append(hook)


def _answering(match: Match, times: int, verdict: Verdict) -> Hook:
    left = times

    async def hook(seen: Seen) -> Verdict:
        nonlocal left
        if left > 0 and match(seen):
            left -= 1
            return verdict
        return None

    return hook


async def ask(hooks: list[Hook], seen: Seen) -> Verdict:
    """The first verdict of the hooks that is one."""
    for hook in tuple(hooks):
        verdict = await hook(seen)
        if verdict is not None:
            return verdict
    return None
