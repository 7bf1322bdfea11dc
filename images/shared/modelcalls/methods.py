"""The choice of a stage's method, by the stage's environment.

`builtin` needs nothing but the image. Stages that can also ask a model endpoint choose with
`Choice`; the others have a table from a name to a function, and know no endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import stagekit
from stagekit import contract

F = TypeVar("F", bound=Callable[..., object])

BUILTIN = contract.METHOD_BUILTIN
ENDPOINT = contract.METHOD_ENDPOINT
AUTO = contract.METHOD_AUTO
ONNX = contract.METHOD_ONNX

ASKING = (BUILTIN, ENDPOINT, AUTO)
"""What a stage knows that can ask an endpoint."""


def chosen(ctx: stagekit.Context, methods: Mapping[str, F]) -> F:
    """The method that the pipeline asks for; refuses a name that the stage does not know."""
    # `auto` prefers an endpoint, and there is none for such a stage.
    name = BUILTIN if ctx.method in {"", AUTO} else ctx.method
    _refuse_unknown(name, methods)
    ctx.method_used = name
    return methods[name]


def check_asking(ctx: stagekit.Context, *others: str) -> None:
    """Refuses an unknown method of a stage that can ask an endpoint, before it reads its input.

    `others` are the methods that it knows besides.
    """
    _refuse_unknown(ctx.method, (*ASKING, *others))


def _refuse_unknown(name: str, known: Collection[str]) -> None:
    if name not in known:
        raise stagekit.Refused(
            "UnknownMethod",
            f"this stage has no method {name[:40]!r}: use one of {', '.join(sorted(known))}",
        )
