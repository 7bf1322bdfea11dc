"""What lies beside the network: `model.json`, which says how to feed it, and its labels."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from onnxmodels.reasons import broken, labels_do_not_fit, not_found
from stagekit import text

ABOUT: Final = "model.json"
LABELS: Final = "labels.txt"
MOST_LABELS: Final = 10_000
LONGEST_LABEL: Final = 64
"""Bytes; a label is a stranger's text, and stands in outputs and on people's screens."""
_LARGEST_TEXT: Final = 4 << 20

Side = Annotated[int, msgspec.Meta(ge=32, le=4096)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Colour = tuple[float, float, float]


class Detection(
    msgspec.Struct, tag_field="task", tag="detection", forbid_unknown_fields=True, frozen=True
):
    """A network that finds boxes: one picture in, one table out.

    `layout` v8: [1, 4 + labels, boxes]; v5: [1, boxes, 5 + labels]. The first four are a box's
    centre, width and height in the network's pixels; v5 has the box's own score before the labels'.
    """

    width: Side
    height: Side
    layout: Literal["v8", "v5"] = "v8"
    fit: Literal["letterbox", "stretch"] = "letterbox"
    channels: Literal["rgb", "bgr"] = "rgb"
    mean: Colour = (0.0, 0.0, 0.0)
    std: Colour = (1.0, 1.0, 1.0)
    least_score: Share = 0.25
    most_overlap: Share = 0.45

    def __post_init__(self) -> None:
        if not all(self.std):
            raise ValueError("`std` has a zero")


class Embedding(
    msgspec.Struct, tag_field="task", tag="embedding", forbid_unknown_fields=True, frozen=True
):
    """A network that turns the tokens of a text into vectors.

    `pooling` makes one vector of those of the tokens, where the network does not do it itself.
    `prefix` stands before each text, where the model was trained so.
    """

    most_pieces: Annotated[int, msgspec.Meta(ge=8, le=8192)] = 256
    pooling: Literal["mean", "first"] = "mean"
    prefix: Annotated[str, msgspec.Meta(max_length=64)] = ""


T = TypeVar("T", Detection, Embedding)


class Folder:
    """A model's folder."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def has(self, name: str) -> bool:
        """True where there is such a file."""
        return (self._place / name).is_file()

    def file(self, name: str) -> Path:
        """One of its files; refuses a folder without it, or where it cannot be read."""
        path = self._place / name
        try:
            with path.open("rb"):
                return path
        except FileNotFoundError:
            raise not_found(f"the model's folder has no {name}") from None
        except OSError as error:
            raise not_found(f"the model's {name} cannot be read: {error.strerror}") from error

    def about(self, kind: type[T]) -> T:
        """What `model.json` says; refuses what it does not know, and a model for another task."""
        raw = self._read(ABOUT)
        try:
            about = msgspec.json.decode(raw, type=Detection | Embedding)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise broken(f"{ABOUT}: {str(error)[:100]}") from error
        if not isinstance(about, kind):
            raise broken(f"{ABOUT} is for {_task(type(about))}, this stage wants {_task(kind)}")
        return about

    def labels(self) -> list[str]:
        """The lines of `labels.txt`: line n names the network's class n - 1."""
        try:
            lines = self._read(LABELS).decode("utf-8-sig").rstrip().splitlines()
        except UnicodeDecodeError as error:
            raise broken(f"{LABELS} is not UTF-8: save it so") from error
        labels = [text.clean(line, LONGEST_LABEL) for line in lines]
        if not labels or len(labels) > MOST_LABELS:
            raise labels_do_not_fit(f"{LABELS} has {len(labels)} lines: one a class, in order")
        if "" in labels:
            raise labels_do_not_fit(f"line {labels.index('') + 1} of {LABELS} is empty")
        return labels

    def digest(self, *names: str) -> str:
        """The first letters of the sha256 over the network and these files: this model's own."""
        # A large network keeps its numbers in files beside it.
        paths = [*sorted(self._place.glob("model.onnx*")), *map(self.file, names)]
        whole = hashlib.sha256()
        for path in paths:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()[:16]

    def _read(self, name: str) -> bytes:
        path = self.file(name)
        if path.stat().st_size > _LARGEST_TEXT:
            raise broken(f"the model's {name} is larger than {_LARGEST_TEXT >> 20} MiB")
        return path.read_bytes()


def _task(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)
