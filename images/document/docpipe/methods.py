"""The choice of a stage's method, by the stage's environment.

`builtin` needs nothing but this image. Stages that can also ask a model endpoint choose with
`modelcalls`; the others have a table `METHODS` from a name to a function, and know no endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import stagekit
from stagekit import contract

F = TypeVar("F", bound=Callable[..., object])

BUILTIN = contract.METHOD_BUILTIN
ENDPOINT = contract.METHOD_ENDPOINT


def chosen(ctx: stagekit.Context, methods: Mapping[str, F]) -> F:
    """The method that the pipeline asks for; refuses a name that the stage does not know."""
    # `auto` prefers an endpoint, and there is none for such a stage.
    name = BUILTIN if ctx.method in {"", contract.METHOD_AUTO} else ctx.method
    _refuse_unknown(name, methods)
    ctx.method_used = name
    return methods[name]


def check_asking(ctx: stagekit.Context) -> None:
    """Refuses an unknown method of a stage that can ask an endpoint, before it reads its input."""
    _refuse_unknown(ctx.method, (BUILTIN, ENDPOINT, contract.METHOD_AUTO))


def _refuse_unknown(name: str, known: Collection[str]) -> None:
    if name not in known:
        raise stagekit.Refused(
            "UnknownMethod",
            f"this stage has no method {name[:40]!r}: use one of {', '.join(sorted(known))}",
        )
