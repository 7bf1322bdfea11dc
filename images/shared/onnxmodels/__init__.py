"""onnxmodels: a model of the pipeline's own, from a folder, on the processor; see the README.

`Folder` reads what lies beside the network, `Network` computes it. Whatever does not fit is refused
with a reason that says what to change: the model was given by the pipeline, and stays as it is.
"""

from onnxmodels.folder import Detection, Embedding, Folder
from onnxmodels.network import Network
from onnxmodels.reasons import broken, labels_do_not_fit, not_found

__all__ = [
    "Detection",
    "Embedding",
    "Folder",
    "Network",
    "broken",
    "labels_do_not_fit",
    "not_found",
]
