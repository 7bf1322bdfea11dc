"""Replies, rebuilt from the fields that stages use: whatever else a server says stays here.

A server names its model in `model`, and may name it in other fields of its own; only the content
that was asked for passes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from stagework.model_gateway.errors import Down

T = TypeVar("T")

_REPLY_ID: Final = "reply"


class _Message(msgspec.Struct, omit_defaults=True):
    role: str = ""
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    index: int = 0
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_Choice]
    created: int = 0
    usage: dict[str, Any] | None = None


class _Picture(msgspec.Struct):
    b64_json: str


class _Pictures(msgspec.Struct):
    data: list[_Picture]
    created: int = 0


class _Vector(msgspec.Struct):
    embedding: list[float] | str
    index: int = 0
    object: str = "embedding"


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    usage: dict[str, Any] | None = None


class _Segment(msgspec.Struct):
    start: float
    end: float
    text: str
    id: int = 0


class _Transcript(msgspec.Struct, omit_defaults=True):
    text: str
    language: str = ""
    duration: float | str | None = None
    segments: list[_Segment] = []


def chat(raw: bytes, label: str) -> dict[str, Any]:
    """A chat completion."""
    reply = _decode(raw, _Chat)
    fields = {"id": _REPLY_ID, "object": "chat.completion", "model": label}
    return {**fields, **_plain(reply), "usage": _counts(reply.usage)}


def pictures(raw: bytes, _label: str) -> dict[str, Any]:
    """Generated pictures; as base64 only: an address would lead a Pod to another host."""
    return _plain(_decode(raw, _Pictures))


def vectors(raw: bytes, label: str) -> dict[str, Any]:
    """Embeddings."""
    reply = _decode(raw, _Vectors)
    return {"object": "list", "model": label, **_plain(reply), "usage": _counts(reply.usage)}


def transcript(raw: bytes, _label: str) -> dict[str, Any]:
    """A transcript, with segments where the server gives them."""
    return _plain(_decode(raw, _Transcript))


READERS: Final[Mapping[str, Callable[[bytes, str], dict[str, Any]]]] = {
    "chat/completions": chat,
    "images/generations": pictures,
    "embeddings": vectors,
    "audio/transcriptions": transcript,
}
"""Path of the protocol to the function that rebuilds its replies."""


def _decode(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Down("the endpoint's reply is not of the protocol") from None


def _plain(reply: msgspec.Struct) -> dict[str, Any]:
    return msgspec.to_builtins(reply)


def _counts(usage: dict[str, Any] | None) -> dict[str, int]:
    """Token counts; details are a server's own."""
    counts = usage or {}
    words = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {word: counts[word] if isinstance(counts.get(word), int) else 0 for word in words}
