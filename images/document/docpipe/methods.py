"""The choice of a stage's method.

Each stage has a table `METHODS` from a name to a function; the pipeline picks one by the stage's
environment. `builtin` is the one that needs nothing but this image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import stagekit

F = TypeVar("F", bound=Callable[..., object])

BUILTIN = "builtin"


def chosen(ctx: stagekit.Context, methods: Mapping[str, F]) -> F:
    """The method that the pipeline asks for; refuses a name that the stage does not know."""
    name = ctx.method or BUILTIN
    if name not in methods:
        known = ", ".join(sorted(methods))
        raise stagekit.Refused(
            "UnknownMethod", f"this stage has no method {name[:40]!r}: use one of {known}"
        )
    return methods[name]
