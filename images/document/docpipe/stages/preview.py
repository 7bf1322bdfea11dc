"""`preview`: every page as a picture; each page is an item.

PDFs and pictures are shown as they are. Office files, HTML and text are shown as text on a sheet,
and the output says so: their own layout wants their own program.
"""

from __future__ import annotations

from pathlib import Path

from modelcalls import methods

import stagekit
from docpipe import inputs, params, rendering
from docpipe.outputs import LeftOut, Preview
from docpipe.pages import Failure, Kind, Picture, Task
from docpipe.reading import isolation

STAGE = "preview"
FOLDER = "pages"
SIDE = 1200
"""The long side in pixels, unless the param `preview_side` says otherwise."""


def builtin(ctx: stagekit.Context, path: Path, kind: Kind) -> Preview:
    """PDFium and Pillow."""
    folder = ctx.outputs / FOLDER
    folder.mkdir(exist_ok=True)
    most = inputs.most_pages(ctx)
    side = params.number(ctx, "preview_side", SIDE, least=200, most=4000)
    task = Task("draw", str(path), kind, last=most, folder=str(folder), side=side)
    answers = isolation.ask(task)
    pages = isolation.opened(answers).pages
    pictures: list[Picture] = []
    left_out: list[LeftOut] = []
    for item in ctx.items(range(1, min(pages, most) + 1), key=lambda number: f"page {number}"):
        with item:
            answer = next(answers, Failure(0, "PageLost", "the reader ended before this page"))
            if isinstance(answer, Picture):
                pictures.append(answer)
            elif isinstance(answer, Failure):
                left_out.append(LeftOut(item.value, answer.reason, answer.message))
                raise stagekit.Refused(answer.reason, answer.message)
    return Preview(methods.BUILTIN, pages, pictures, left_out)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `preview.json` and a picture a page in `pages/`."""
    made = rendering.rendered(ctx, STAGE, METHODS)
    ctx.value("pictures", len(made.pictures))
