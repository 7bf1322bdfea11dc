"""`thumbnail`: the first page that can be shown, small."""

from __future__ import annotations

from pathlib import Path

from modelcalls import methods

import stagekit
from docpipe import params, rendering
from docpipe.outputs import Thumbnail
from docpipe.pages import Kind, Picture, Task
from docpipe.reading import isolation

STAGE = "thumbnail"
PICTURE = "thumbnail.png"
SIDE = 320
"""The long side in pixels, unless the param `thumbnail_side` says otherwise."""
_TRIED = 3
"""Pages that are tried where the first cannot be shown."""


def builtin(ctx: stagekit.Context, path: Path, kind: Kind) -> Thumbnail:
    """PDFium and Pillow."""
    side = params.number(ctx, "thumbnail_side", SIDE, least=32, most=1024)
    scratch = ctx.work / "thumbnail"
    scratch.mkdir(exist_ok=True)
    task = Task("draw", str(path), kind, last=_TRIED, folder=str(scratch), side=side, form="PNG")
    answers = isolation.ask(task)
    isolation.opened(answers)
    for answer in answers:
        if isinstance(answer, Picture):
            (scratch / answer.file).replace(ctx.outputs / PICTURE)
            return Thumbnail(
                methods.BUILTIN, answer.number, answer.width, answer.height, answer.rendering
            )
    raise stagekit.Refused("NoPicture", f"none of the first {_TRIED} pages can be shown")


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `thumbnail.json` and `thumbnail.png`."""
    made = rendering.rendered(ctx, STAGE, METHODS)
    ctx.value("thumbnail", f"{made.width}x{made.height}")
