"""Weights in a safetensors file, mapped and not copied: a page is read when it is used.

The format: eight bytes with the header's length, the header as JSON (name, type, shape, place),
then the numbers.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
"""A tensor of a model."""

_LONGEST_HEADER = 4 << 20


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def load(path: Path) -> dict[str, Weights]:
    """All tensors of single-precision numbers by name; raises ValueError for a broken file."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    length = int.from_bytes(mapped[:8], "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"not a safetensors file: {path.name}")
    try:
        raw = msgspec.json.decode(mapped[8 : 8 + length], type=dict[str, msgspec.Raw])
        entries = {
            name: msgspec.json.decode(entry, type=_Entry)
            for name, entry in raw.items()
            if name != "__metadata__"
        }
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a safetensors file: {path.name}: {error}") from error
    view = memoryview(mapped)[8 + length :]
    return {
        name: np.frombuffer(view[slice(*entry.data_offsets)], dtype="<f4").reshape(entry.shape)
        for name, entry in entries.items()
        if entry.dtype == "F32"
    }
