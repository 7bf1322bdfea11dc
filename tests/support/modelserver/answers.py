"""Answers, computed from the question alone: the same question, the same answer."""

import base64
import hashlib
import io
import json
import re
import struct
import wave
import zlib
from collections.abc import Sequence
from typing import Any, cast

DIMENSIONS = 64
"""Length of the vectors."""
_SCHEMA_IN_WORDS = "JSON Schema:\n"


def question(messages: Sequence[dict[str, Any]]) -> str:
    """The text of the first user message; the size of each picture as a sentence."""
    content = next(message["content"] for message in messages if message["role"] == "user")
    if isinstance(content, str):
        return content
    parts = cast("list[dict[str, Any]]", content)
    return " ".join(_part(part) for part in parts)


def _part(part: dict[str, Any]) -> str:
    if part["type"] == "text":
        return str(part["text"])
    address = str(part["image_url"]["url"])
    raw = base64.b64decode(address.partition("base64,")[2])
    width, height = struct.unpack(">II", raw[16:24])
    return f"A picture of {width}x{height}."


def schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that the reply must fit: from `response_format`, or from the words."""
    form: Any = body.get("response_format")
    if form:
        schema: dict[str, Any] = form["json_schema"]["schema"]
        return schema
    for message in body["messages"]:
        text = str(message["content"]) if isinstance(message["content"], str) else ""
        if _SCHEMA_IN_WORDS in text:
            return json.loads(text.partition(_SCHEMA_IN_WORDS)[2])
    return None


def chat(body: dict[str, Any]) -> str:
    """A document that fits the schema, filled from the question; without a schema an echo."""
    asked = question(body["messages"])
    schema = schema_of(body)
    if schema is None:
        return f"You said: {asked}"
    return json.dumps(_filled(schema, schema, "it", asked), ensure_ascii=False)


def number(name: str, asked: str) -> float:
    """From 0 to 1, fixed by a field's name and the question."""
    digest = hashlib.sha256(f"{name}\n{asked}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def words(asked: str, limit: int) -> str:
    """The question's first words, as many as fit."""
    echo = ""
    for word in re.findall(r"[\w'-]+", asked):
        if len(echo) + len(word) + 1 > limit:
            break
        echo = f"{echo} {word}".strip()
    return echo or asked[:limit] or "nothing"


def _filled(schema: dict[str, Any], whole: dict[str, Any], name: str, asked: str) -> Any:  # noqa: C901
    if "$ref" in schema:
        target: Any = whole
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _filled(target, whole, name, asked)
    for several in ("anyOf", "allOf"):
        if several in schema:
            return _filled(schema[several][0], whole, name, asked)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        choices = schema["enum"]
        return choices[int(number(name, asked) * len(choices))]
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {key: _filled(field, whole, key, asked) for key, field in fields.items()}
    if kind == "array":
        count = max(schema.get("minItems", 1), 1)
        return [_filled(schema["items"], whole, f"{name}{i}", asked) for i in range(count)]
    if kind in ("number", "integer"):
        low, high = schema.get("minimum", 0), schema.get("maximum", 1)
        value = low + (high - low) * number(name, asked)
        return round(value) if kind == "integer" else round(value, 3)
    if kind == "boolean":
        return True
    return words(asked, schema.get("maxLength", 60))


def vector(text: str) -> list[float]:
    """Hashed words: texts with the same words are near each other."""
    sums = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        sums[digest[0] % DIMENSIONS] += 1 if digest[1] % 2 else -1
    length = sum(value * value for value in sums) ** 0.5 or 1.0
    return [value / length for value in sums]


def png(prompt: str, width: int, height: int) -> bytes:
    """Stripes in two colours that the prompt's hash fixes."""
    digest = hashlib.sha256(prompt.encode()).digest()
    first, second = digest[:3], digest[3:6]
    rows = [b"\0" + (first if y // 32 % 2 else second) * width for y in range(height)]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def transcript(recording: bytes) -> dict[str, Any]:
    """How long a WAV file is, and how loud each second."""
    with wave.open(io.BytesIO(recording)) as file:
        rate, frames, width = file.getframerate(), file.getnframes(), file.getsampwidth()
        sound = file.readframes(frames)
    seconds = frames / rate
    step = rate * width
    pieces = [sound[i : i + step] for i in range(0, len(sound), step)]
    heard = ["sound" if any(piece) else "silence" for piece in pieces]
    segments = [
        {"id": i, "start": float(i), "end": min(i + 1.0, seconds), "text": word}
        for i, word in enumerate(heard)
    ]
    text = " ".join(heard)
    return {"text": text, "language": "en", "duration": seconds, "segments": segments}
