"""Rendering pages: its stages take the run's input, and sound has no pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs
from docpipe.outputs import Preview, Thumbnail
from docpipe.pages import Kind

T = TypeVar("T", Preview, Thumbnail)


def rendered(
    ctx: stagekit.Context,
    stage: str,
    table: Mapping[str, Callable[[stagekit.Context, Path, Kind], T]],
) -> T:
    """Does the stage by the chosen method, writes its JSON, and gives what was made."""
    method = methods.chosen(ctx, table)
    path, kind = inputs.source(ctx)
    if kind == "sound":
        raise stagekit.Skip("NoPages", "sound has no pages to show")
    made = method(ctx, path, kind)
    stagefiles.write(ctx, stage, made)
    ctx.value("method", made.method)
    return made
