"""What objects, pages of a list and lines of a watch look like, decoded as little as possible.

The caller names a msgspec Struct with the few fields it uses; everything else is skipped while
scanning, which is what makes a 3 KB Job cost microseconds. `metadata` is all we ask of it.
"""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from stagework.cluster.client.claimed_times import decoded


class Metadata(Protocol):
    """The part of an object's metadata that tells which object and which version it is."""

    @property
    def uid(self) -> str: ...
    @property
    def resourceVersion(self) -> str: ...  # noqa: N802
    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...


class KubeObject(Protocol):
    """Any object with metadata."""

    @property
    def metadata(self) -> Metadata: ...


T = TypeVar("T", bound=KubeObject)
ItemT = TypeVar("ItemT")


class ListMeta(msgspec.Struct):
    """Metadata of a list."""

    resourceVersion: str = ""
    token: str = msgspec.field(default="", name="continue")


class ListPage(msgspec.Struct, Generic[ItemT]):
    """One page of a list."""

    metadata: ListMeta
    items: list[ItemT] | None = None


class WatchEvent(msgspec.Struct, Generic[ItemT]):
    """One line of a watch."""

    type: str
    object: ItemT


class _PageEnd(msgspec.Struct):
    metadata: ListMeta


class Identity(msgspec.Struct):
    """What can still be told of an object that is a bookmark or does not decode."""

    uid: str = ""
    resourceVersion: str = ""


class _Anything(msgspec.Struct):
    metadata: Identity = msgspec.field(default_factory=Identity)


_page_end = msgspec.json.Decoder(_PageEnd)
_anything = msgspec.json.Decoder(_Anything)
_raw_page = msgspec.json.Decoder(ListPage[msgspec.Raw])
_raw_event = msgspec.json.Decoder(WatchEvent[msgspec.Raw])

OnBadObject = Callable[[bytes, msgspec.DecodeError], None]
"""Told of an object that does not decode; the object is skipped."""

_OBJECT_EVENTS: Final = frozenset({"ADDED", "MODIFIED", "DELETED"})


def next_page(body: bytes) -> str:
    """The continue token of a page; empty where it is the last one."""
    return _page_end.decode(body).metadata.token


def identity(raw: bytes | msgspec.Raw) -> Identity:
    """Uid and version of any object, empty where it has none."""
    try:
        return _anything.decode(raw).metadata
    except msgspec.DecodeError:
        return Identity()


class Lines:
    """Cuts a stream of chunks into lines of any length.

    A line may be several MB, in hundreds of chunks: they are collected and joined once.
    """

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end within this chunk, without their line ends; empty ones left out."""
        if b"\n" not in chunk:
            self._begun.append(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._begun:
            self._begun.append(lines[0])
            lines[0] = b"".join(self._begun)
            self._begun.clear()
        rest = lines.pop()
        if rest:
            self._begun.append(rest)
        return [line for line in lines if line]


class Codec(Generic[T]):
    """Typed decoding of one kind of object."""

    def __init__(self, kind: type[T]) -> None:
        self._object = msgspec.json.Decoder(kind)
        # The parameters are values here, which a type checker does not follow.
        self._page: msgspec.json.Decoder[ListPage[T]] = msgspec.json.Decoder(
            ListPage[kind]  # pyright: ignore[reportGeneralTypeIssues, reportInvalidTypeArguments]
        )
        self._event: msgspec.json.Decoder[WatchEvent[T]] = msgspec.json.Decoder(
            WatchEvent[kind]  # pyright: ignore[reportGeneralTypeIssues, reportInvalidTypeArguments]
        )

    def one(self, raw: bytes | msgspec.Raw) -> T:
        """One object; raises msgspec.DecodeError."""
        return decoded(self._object, raw)

    def page(self, body: bytes, on_bad: OnBadObject) -> ListPage[T]:
        """A page of a list; objects that do not decode are reported and left out."""
        try:
            return self._page.decode(body)
        except msgspec.ValidationError:
            raw = _raw_page.decode(body)
        good: list[T] = []
        for encoded in raw.items or []:
            try:
                good.append(self.one(encoded))
            except msgspec.DecodeError as error:
                on_bad(bytes(encoded), error)
        return ListPage(raw.metadata, good)

    def event(self, line: bytes, on_bad: OnBadObject) -> WatchEvent[T] | WatchEvent[msgspec.Raw]:
        """A line of a watch, its object typed, or raw for BOOKMARK, ERROR and bad objects.

        A bad object is reported, and comes back raw so that its version can still be counted.
        """
        # The server writes the type first; a line that differs only costs a second look.
        if not line.startswith((b'{"type":"BOOKMARK"', b'{"type":"ERROR"')):
            try:
                typed = self._event.decode(line)
            except msgspec.ValidationError:
                return self._again(_raw_event.decode(line), on_bad)
            if typed.type in _OBJECT_EVENTS:
                return typed
        return _raw_event.decode(line)

    def _again(
        self, raw: WatchEvent[msgspec.Raw], on_bad: OnBadObject
    ) -> WatchEvent[T] | WatchEvent[msgspec.Raw]:
        if raw.type not in _OBJECT_EVENTS:
            return raw
        try:
            return WatchEvent(raw.type, self.one(raw.object))
        except msgspec.DecodeError as error:
            on_bad(bytes(raw.object), error)
            return raw
