"""The choice of a stage's method, by the stage's environment.

`builtin` needs nothing but this image. Stages that can also ask a model endpoint choose with
`modelcalls`; the others have a table `METHODS` from a name to a function, and know no endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    if name not in methods:
        known = ", ".join(sorted(methods))
        raise stagekit.Refused(
            "UnknownMethod", f"this stage has no method {name[:40]!r}: use one of {known}"
        )
    ctx.method_used = name
    return methods[name]
