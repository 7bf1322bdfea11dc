"""The network itself: `model.onnx`, computed by onnxruntime on the processor.

The runtime gets the graph, and nothing else: no other provider than the processor's, no libraries
of the model's own. Its complaints may quote the model, so they go to the log in short and the
refusal says only of what kind they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from onnxmodels import processors
from onnxmodels.folder import Folder
from onnxmodels.reasons import broken
from stagekit.text import say

if TYPE_CHECKING:
    import onnxruntime

T = TypeVar("T")
Array = NDArray[Any]

NETWORK: Final = "model.onnx"
_KINDS: Final = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
}
_QUIET: Final = 4


class Slot(NamedTuple):
    """An input or output: what it takes, and its sides (None: any)."""

    name: str
    kind: str
    sides: tuple[int | None, ...]


class Network:
    """A loaded network; raises Refused where there is none or it is broken."""

    def __init__(self, folder: Folder) -> None:
        self.path = folder.file(NETWORK)
        self._session = _judged("loaded", lambda: _session(self.path))
        self.inputs = [_slot(node) for node in self._session.get_inputs()]
        self.outputs = [_slot(node) for node in self._session.get_outputs()]

    def run(self, feeds: Mapping[str, Array], output: str) -> NDArray[np.float32]:
        """One output for these inputs, each brought into the form that the network wants."""
        kinds = {slot.name: _KINDS.get(slot.kind) for slot in self.inputs}
        for name, kind in kinds.items():
            if name not in feeds or kind is None:
                raise broken(f"the network wants an input {name[:40]!r} that is not known here")
        given = {name: np.ascontiguousarray(feeds[name], kinds[name]) for name in kinds}
        made = _judged("computed", lambda: self._session.run([output], given))
        computed = np.asarray(made[0])
        if computed.dtype.kind != "f" or not np.isfinite(computed).all():
            raise broken("the network's output is no table of finite numbers: export it again")
        return computed.astype(np.float32)


def _session(path: Path) -> onnxruntime.InferenceSession:
    import onnxruntime  # noqa: PLC0415  (takes a moment, and most stages never need it)

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = processors.usable()
    options.inter_op_num_threads = 1
    # Threads that wait busily eat the share of those that work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _judged(what: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:  # noqa: BLE001  (the runtime's errors have no parent of their own)
        kind = type(error).__name__
        say(f"the model cannot be {what}: {kind}: {str(error)[:300]}")
        raise broken(f"{NETWORK} cannot be {what} ({kind}): see the log, export it again") from None


def _slot(node: Any) -> Slot:
    sides = tuple(side if isinstance(side, int) else None for side in node.shape)
    return Slot(node.name, node.type, sides)
