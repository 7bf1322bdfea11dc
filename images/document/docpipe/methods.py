"""The methods that stages of this image know; how one is chosen is the same in all images."""

from __future__ import annotations

from modelcalls.methods import ASKING, BUILTIN, ENDPOINT, ONNX, chosen, refuse_unknown

import stagekit

__all__ = ["BUILTIN", "ENDPOINT", "ONNX", "check_asking", "chosen"]


def check_asking(ctx: stagekit.Context, *others: str) -> None:
    """Refuses an unknown method of a stage that can ask an endpoint, before it reads its input."""
    refuse_unknown(ctx.method, (*ASKING, *others))
