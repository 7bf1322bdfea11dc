"""Requests in JSON, rebuilt from the fields and parts that stages use: nothing else is passed on.

What a caller sends is decoded, checked and written anew, so that no other reading of it can find
what we have not seen: a key that stands there twice, a part of a type that makes the server fetch
something, a field that chooses the model or how the server works.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from stagework.model_gateway.errors import Unfit
from stagework.settings import EndpointSettings

_Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]
_Short = Annotated[str, msgspec.Meta(max_length=256)]


class _Address(msgspec.Struct, omit_defaults=True):
    url: Annotated[str, msgspec.Meta(pattern="^data:image/")]
    detail: Literal["auto", "low", "high"] | None = None


class _TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: _Text


class _PicturePart(msgspec.Struct, tag_field="type", tag="image_url"):
    image_url: _Address


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant"]
    content: _Text | list[_TextPart | _PicturePart] | None = None


class _Schema(msgspec.Struct, omit_defaults=True):
    name: _Short
    schema: dict[str, Any]
    description: _Text | None = None
    strict: bool | None = None


class _AsText(msgspec.Struct, tag_field="type", tag="text"):
    pass


class _AsObject(msgspec.Struct, tag_field="type", tag="json_object"):
    pass


class _AsSchema(msgspec.Struct, tag_field="type", tag="json_schema"):
    json_schema: _Schema


class _Request(msgspec.Struct, omit_defaults=True):
    n: int | None = None
    stream: bool | None = None


class _Chat(_Request, kw_only=True):
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1, max_length=1000)]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: _Short | Annotated[list[_Short], msgspec.Meta(max_length=16)] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: _AsText | _AsObject | _AsSchema | None = None


class _Pictures(_Request, kw_only=True):
    prompt: _Text
    size: Annotated[str, msgspec.Meta(pattern="^(auto|[0-9]{1,5}x[0-9]{1,5})$")] | None = None
    quality: Literal["auto", "low", "medium", "high", "standard", "hd"] | None = None
    response_format: Literal["b64_json"] | None = None


class _Vectors(_Request, kw_only=True):
    input: _Text | list[_Text | int | list[int]]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None


_TYPES: Final[Mapping[str, type[_Request]]] = {
    "chat/completions": _Chat,
    "images/generations": _Pictures,
    "embeddings": _Vectors,
}


def rebuilt(path: str, body: bytes, settings: EndpointSettings) -> bytes:
    """The request to send to this path of the protocol, with our model; raises Unfit."""
    try:
        request = msgspec.json.decode(body, type=_TYPES[path])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unfit(f"the request is not of those that are passed on{_place(error)}") from None
    if request.stream:
        raise Unfit("streaming is not supported: leave `stream` out")
    _check_ceilings(request, settings)
    fields: dict[str, Any] = msgspec.to_builtins(request)
    fields.pop("stream", None)
    return msgspec.json.encode({**fields, "model": settings.model})


def _check_ceilings(request: _Request, settings: EndpointSettings) -> None:
    tokens = settings.maxTokens
    wanted = {"n": (request.n, settings.maxReplies)}
    if isinstance(request, _Chat):
        wanted["max_tokens"] = request.max_tokens, tokens
        wanted["max_completion_tokens"] = request.max_completion_tokens, tokens
    for name, (number, most) in wanted.items():
        if number is not None and not 1 <= number <= most:
            raise Unfit(f"`{name}` must be between 1 and {most}")


def _place(error: Exception) -> str:
    """Where it does not fit; nothing of what stands there."""
    _, found, place = str(error).rpartition(" - at `")
    return f": look at {place.rstrip(chr(96))[:200]}" if found else ""
