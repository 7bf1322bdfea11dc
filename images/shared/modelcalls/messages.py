"""Messages of the chat protocol, made from text and pictures."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

Message = dict[str, Any]
"""One message: a role and its content, as the protocol wants it."""

_KINDS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "image/webp"),
)


def system(text: str) -> Message:
    """What the model is to do."""
    return {"role": "system", "content": text}


def user(text: str, *pictures: Message) -> Message:
    """What it is to work on; pictures come from `picture`."""
    if not pictures:
        return {"role": "user", "content": text}
    return {"role": "user", "content": [{"type": "text", "text": text}, *pictures]}


def assistant(text: str) -> Message:
    """What it has said before."""
    return {"role": "assistant", "content": text}


def picture(content: Path | bytes) -> Message:
    """A picture as a part of a message; raises ValueError for anything but PNG, JPEG and WebP."""
    raw = content.read_bytes() if isinstance(content, Path) else content
    kind = next((kind for start, kind in _KINDS if raw.startswith(start)), None)
    if kind is None:
        raise ValueError("a picture for a model must be PNG, JPEG or WebP")
    text = base64.b64encode(raw).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{text}"}}
