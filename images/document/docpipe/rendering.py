"""What the stages have in common that show pages: they take the run's input, and sound has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from modelcalls import methods

import stagekit
from docpipe import inputs, outputs
from docpipe.outputs import Preview, Thumbnail
from docpipe.reading.kinds import Kind

T = TypeVar("T", Preview, Thumbnail)


def shown(
    ctx: stagekit.Context,
    stage: str,
    table: Mapping[str, Callable[[stagekit.Context, Path, Kind], T]],
) -> T:
    """Does the stage by the chosen method, writes its JSON, and gives what was made."""
    method = methods.chosen(ctx, table)
    path, kind = inputs.given(ctx)
    if kind == "sound":
        raise stagekit.Skip("NoPages", "sound has no pages to show")
    made = method(ctx, path, kind)
    outputs.write(ctx.outputs, stage, made)
    ctx.value("method", made.method)
    return made
