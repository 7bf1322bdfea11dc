"""Why a model cannot be used; each sentence says what to change and names no model."""

from __future__ import annotations

import stagekit


def not_found(message: str) -> stagekit.Refused:
    """A file of the model is not there."""
    return stagekit.Refused("ModelNotFound", message)


def broken(message: str) -> stagekit.Refused:
    """A file is damaged, or the network is not what `model.json` says."""
    return stagekit.Refused("ModelBroken", message)


def labels_do_not_fit(message: str) -> stagekit.Refused:
    """`labels.txt` and the network's outputs do not belong together."""
    return stagekit.Refused("LabelsDoNotFit", message)
