"""Folders with real ONNX models, so small that tests make them: built operation by operation.

The detector does find squares of a colour: red minus the rest, averaged over windows. The encoder
counts tokens. None of them is trained; each is a graph that the runtime computes like any other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE, WINDOW, STEP = 64, 16, 4
"""The detector's picture, and the squares that it looks at, in its pixels."""
LABELS = ("red square", "person")
"""What it tells apart: red, and (because a test wants one) blue, which it calls a person."""
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "mill", "water", "sea", "gate")


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, NDArray[Any]],
) -> onnx.ModelProto:
    """A model of these nodes."""
    held = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "secret-model-name", inputs, outputs, held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def floats(name: str, *sides: int | str) -> onnx.ValueInfoProto:
    """A slot of numbers."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)


def write(folder: Path, made: onnx.ModelProto) -> None:
    """Writes (or replaces) the network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(made.SerializeToString())


def save(folder: Path, made: onnx.ModelProto, about: dict[str, Any], **files: str) -> Path:
    """Writes a model's folder; `labels` becomes labels.txt."""
    write(folder, made)
    (folder / "model.json").write_text(json.dumps(about))
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def _window_boxes() -> NDArray[np.float32]:
    """Centre, width and height of each window, in the order in which they are averaged."""
    per_side = (SIDE - WINDOW) // STEP + 1
    middles = np.arange(per_side) * STEP + WINDOW / 2
    down, across = np.meshgrid(middles, middles, indexing="ij")
    boxes = np.stack([across, down, np.full_like(down, WINDOW), np.full_like(down, WINDOW)])
    return boxes.reshape(1, 4, -1).astype(np.float32)


def detector(folder: Path, layout: str = "v8", sigmoid: bool = True, **about: Any) -> Path:
    """Finds red and blue squares; without `sigmoid` its scores are no shares."""
    colours = np.array([[1, -1, -1], [-1, -1, 1]], dtype=np.float32).reshape(2, 3, 1, 1)
    boxes = _window_boxes()
    count = boxes.shape[2]
    nodes = [
        helper.make_node("Conv", ["picture", "colours"], ["seen"]),
        helper.make_node(
            "AveragePool", ["seen"], ["mean"], kernel_shape=[WINDOW] * 2, strides=[STEP] * 2
        ),
        helper.make_node("Mul", ["mean", "strength"], ["strong"]),
        helper.make_node("Clip", ["strong", "least"], ["scores"]),
        helper.make_node("Reshape", ["scores", "table"], ["flat"]),
    ]
    ones = np.ones((1, 1, count), dtype=np.float32)
    parts = ["boxes", "flat"] if layout == "v8" else ["boxes", "ones", "flat"]
    if layout == "v8":
        nodes.append(helper.make_node("Concat", parts, ["found"], axis=1))
        sides = (1, 4 + len(LABELS), count)
    else:
        nodes.append(helper.make_node("Concat", parts, ["columns"], axis=1))
        nodes.append(helper.make_node("Transpose", ["columns"], ["found"], perm=[0, 2, 1]))
        sides = (1, count, 5 + len(LABELS))
    made = model(
        nodes,
        [floats("picture", 1, 3, SIDE, SIDE)],
        [floats("found", *sides)],
        {
            "colours": colours,
            "boxes": boxes,
            "ones": ones,
            "strength": np.array(1 if sigmoid else 9, dtype=np.float32),
            "least": np.array(0, dtype=np.float32),
            "table": np.array([1, len(LABELS), count], dtype=np.int64),
        },
    )
    about_network = {"task": "detection", "width": SIDE, "height": SIDE, "layout": layout}
    return save(
        folder, made, {**about_network, "least_score": 0.6, **about}, labels="\n".join(LABELS)
    )


def counter(
    folder: Path, rows: int | str = "texts", tokens: int | str = "tokens", **about: Any
) -> Path:
    """An encoder whose vector counts a text's tokens by their number: `sentence_embedding`."""
    size = len(WORDS)
    sides = [rows, tokens]
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, sides)
        for name in ("input_ids", "attention_mask")
    )
    nodes = [
        helper.make_node("Gather", ["one_hot", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["counted"]),
        helper.make_node("ReduceSum", ["counted", "middle"], ["sentence_embedding"], keepdims=0),
    ]
    made = model(
        nodes,
        [ids, mask],
        [floats("sentence_embedding", rows, size), floats("counted", rows, tokens, size)],
        {
            "one_hot": np.eye(size, dtype=np.float32),
            "last": np.array([2], dtype=np.int64),
            "middle": np.array([1], dtype=np.int64),
        },
    )
    return save(folder, made, {"task": "embedding", **about}, vocab="\n".join(WORDS))
