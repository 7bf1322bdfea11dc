"""stagefiles: how a stage's JSON is written and read, in one way for all images.

A stage's file is `<stage>.json`. `write` and `read` are the only ways in and out, so a file that
does not fit its type is found where it is read, with the field's name. The published JSON Schemas
are made from the same types. What a type means is the image's own matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

import stagekit

T = TypeVar("T", bound=msgspec.Struct)

__all__ = ["is_left_by", "left_by", "name_of", "read", "schema", "write", "write_schemas"]


def name_of(stage: str) -> str:
    """The name of a stage's JSON file."""
    return f"{stage}.json"


def write(ctx: stagekit.Context, stage: str, output: msgspec.Struct) -> None:
    """Writes the stage's JSON into its outputs, readable for people."""
    (ctx.outputs / name_of(stage)).write_bytes(_readable(output))


def left_by(ctx: stagekit.Context, stage: str, kind: type[T]) -> T:
    """The JSON of a stage before this one; raises as `read` does."""
    return read(ctx.inputs.file(stage, name_of(stage)), kind)


def is_left_by(ctx: stagekit.Context, stage: str) -> bool:
    """True where a stage before this one has left its JSON."""
    return ctx.inputs.has(stage, name_of(stage))


def read(path: Path, kind: type[T]) -> T:
    """Reads a stage's JSON; raises `msgspec.ValidationError` with the field that does not fit."""
    return msgspec.json.decode(path.read_bytes(), type=kind)


def schema(name: str, kind: type[msgspec.Struct]) -> bytes:
    """The JSON Schema of a type, as it is published."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    return _readable({**head, **msgspec.json.schema(kind)})


def write_schemas(folder: Path, kinds: Mapping[str, type[msgspec.Struct]]) -> None:
    """Writes the JSON Schema of each type into `<folder>/<name>.json`."""
    for name, kind in kinds.items():
        (folder / name_of(name)).write_bytes(schema(name, kind))


def _readable(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
