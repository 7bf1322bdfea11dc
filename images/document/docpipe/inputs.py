"""The run's input for the stages that open it, and earlier stages' text for the others."""

from __future__ import annotations

from pathlib import Path

import stagefiles

import stagekit
from docpipe import limits, outputs, params
from docpipe.pages import Kind
from docpipe.reading import kinds


def source(ctx: stagekit.Context) -> tuple[Path, Kind]:
    """The input and its kind; refuses a run without input."""
    path = ctx.inputs.source()
    if path is None:
        raise stagekit.Refused(
            "NoInput", "the run has no input: upload a document, name its address in spec.input.uri"
        )
    return path, kinds.of(path)


def most_pages(ctx: stagekit.Context) -> int:
    """How many pages of a document are worked on."""
    return params.number(ctx, "max_pages", limits.MOST_PAGES, 1, limits.MOST_PAGES_EVER)


def document(ctx: stagekit.Context) -> tuple[str, outputs.Markdown]:
    """The document's Markdown and how it is built; skips the stage where there is none."""
    if not stagefiles.is_left_by(ctx, "markdown"):
        raise stagekit.Skip("NoText", "the document has no text to work on")
    about = stagefiles.left_by(ctx, "markdown", outputs.Markdown)
    return ctx.inputs.file("markdown", about.file).read_text(encoding="utf-8"), about


def chunks(ctx: stagekit.Context) -> outputs.Chunk:
    """The document's chunks; skips the stage where there are none."""
    if not stagefiles.is_left_by(ctx, "chunk"):
        raise stagekit.Skip("NoText", "the document has no text to work on")
    return stagefiles.left_by(ctx, "chunk", outputs.Chunk)


def pages_between(about: outputs.Markdown, start: int, end: int) -> list[int]:
    """Numbers of the pages that a part of the document touches."""
    return [page.number for page in about.pages if page.start < end and start < page.end]
