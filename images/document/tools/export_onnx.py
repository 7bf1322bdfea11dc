"""Writes the built-in encoder as an ONNX model's folder: to try method `onnx` without another.

    cd images/document
    PYTHONPATH=.:../shared:../../operator python tools/export_onnx.py FOLDER

Wants the package `onnx`, which neither the image nor a model's user needs. The graph is that of
`docpipe/encoding/encoder.py`, operation by operation; a unit test compares the vectors of both.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec
import numpy as np
import onnx
from docpipe.encoding import encoder, safetensors
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR = 17, 8
"""Old enough for every runtime of the last years."""


class Graph:
    """Nodes and constants, each named by a number."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def do(self, operation: str, *given: str, **how: object) -> str:
        """Adds a node; gives the name of what it makes."""
        made = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(given), [made], **how))
        return made

    def constant(self, value: NDArray[np.generic]) -> str:
        """Adds a constant; gives its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        """Adds a number."""
        return self.constant(np.array(value, dtype=np.float32))

    def whole(self, *values: int) -> str:
        """Adds a list of whole numbers: a shape, axes, places."""
        return self.constant(np.array(values, dtype=np.int64))


class Bert:
    """Builds the layers of the encoder."""

    def __init__(self, place: Path) -> None:
        self.config = msgspec.json.decode((place / "config.json").read_bytes())
        self.weights = safetensors.load(place / "model.safetensors")
        self.graph = Graph()

    def built(self) -> onnx.ModelProto:
        """The whole graph: three inputs as sentence-transformers exports them, one output."""
        x = self._embedded()
        for layer in range(self.config["num_hidden_layers"]):
            x = self._layer(x, f"encoder.layer.{layer}.")
        self.graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
        rows = ["texts", "tokens"]
        names = ("input_ids", "attention_mask", "token_type_ids")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, rows) for name in names]
        size = self.config["hidden_size"]
        output = helper.make_tensor_value_info(
            "last_hidden_state", TensorProto.FLOAT, [*rows, size]
        )
        made = helper.make_graph(
            self.graph.nodes, "encoder", inputs, [output], self.graph.constants
        )
        return helper.make_model(
            made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR
        )

    def _weight(self, name: str) -> str:
        return self.graph.constant(self.weights[name])

    def _embedded(self) -> str:
        g = self.graph
        words = g.do("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        kinds = g.do(
            "Gather", self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids"
        )
        length = g.do("Gather", g.do("Shape", "input_ids"), g.whole(1))
        places = g.do(
            "Slice", self._weight("embeddings.position_embeddings.weight"), g.whole(0), length
        )
        x = g.do("Add", g.do("Add", words, kinds), places)
        return self._normed(x, "embeddings.LayerNorm")

    def _layer(self, x: str, name: str) -> str:
        g = self.graph
        x = self._normed(
            g.do("Add", x, self._attended(x, name)), f"{name}attention.output.LayerNorm"
        )
        wide = self._linear(x, f"{name}intermediate.dense")
        bent = g.do("Erf", g.do("Mul", wide, g.number(0.5**0.5)))
        wide = g.do("Mul", g.do("Mul", wide, g.number(0.5)), g.do("Add", bent, g.number(1)))
        return self._normed(
            g.do("Add", x, self._linear(wide, f"{name}output.dense")), f"{name}output.LayerNorm"
        )

    def _attended(self, x: str, name: str) -> str:
        g = self.graph
        heads = self.config["num_attention_heads"]
        size = self.config["hidden_size"] // heads

        def split(part: str, order: list[int]) -> str:
            flat = self._linear(x, f"{name}attention.self.{part}")
            return g.do("Transpose", g.do("Reshape", flat, g.whole(0, 0, heads, size)), perm=order)

        query, value = split("query", [0, 2, 1, 3]), split("value", [0, 2, 1, 3])
        scores = g.do("MatMul", query, split("key", [0, 2, 3, 1]))
        scores = g.do("Add", g.do("Mul", scores, g.number(size**-0.5)), self._hidden_from())
        mixed = g.do("MatMul", g.do("Softmax", scores, axis=-1), value)
        mixed = g.do("Reshape", g.do("Transpose", mixed, perm=[0, 2, 1, 3]), g.whole(0, 0, -1))
        return self._linear(mixed, f"{name}attention.output.dense")

    def _hidden_from(self) -> str:
        g = self.graph
        mask = g.do("Cast", "attention_mask", to=TensorProto.FLOAT)
        mask = g.do("Unsqueeze", mask, g.whole(1, 2))
        return g.do("Mul", g.do("Sub", mask, g.number(1)), g.number(1e9))

    def _linear(self, x: str, name: str) -> str:
        g = self.graph
        weight = g.constant(self.weights[f"{name}.weight"].T)
        return g.do("Add", g.do("MatMul", x, weight), self._weight(f"{name}.bias"))

    def _normed(self, x: str, name: str) -> str:
        return self.graph.do(
            "LayerNormalization",
            x,
            self._weight(f"{name}.weight"),
            self._weight(f"{name}.bias"),
            epsilon=self.config["layer_norm_eps"],
        )


def export(folder: Path) -> None:
    """Writes `model.onnx`, `model.json` and `vocab.txt`."""
    place = encoder.folder()
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(Bert(place).built(), folder / "model.onnx")
    (folder / "model.json").write_text('{"task": "embedding", "most_pieces": 256}\n')
    shutil.copy(place / "vocab.txt", folder / "vocab.txt")


if __name__ == "__main__":
    export(Path(sys.argv[1]))
