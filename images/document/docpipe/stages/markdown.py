"""`markdown`: the document as one Markdown text, and where its pages and headings lie in it.

From the pages that `extract` read; where there are none, from the speech that `stt` heard.
"""

from __future__ import annotations

import re

import stagefiles
from modelcalls import methods

import stagekit
from docpipe import outputs
from docpipe.outputs import Extract, Heading, Markdown, PageSpan, Stt
from docpipe.stages import extract
from docpipe.text import layout

STAGE = "markdown"
DOCUMENT = "document.md"
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_TABLE = re.compile(r"^\|(?: *:?-{3,}:? *\|)+$", re.MULTILINE)


def builtin(ctx: stagekit.Context) -> Markdown:
    """Headings by size of type, tables by columns, paragraphs by gaps."""
    if stagefiles.is_left_by(ctx, extract.STAGE):
        about = stagefiles.left_by(ctx, extract.STAGE, Extract)
        pages = outputs.read_pages(ctx.inputs.file(extract.STAGE, extract.PAGES))
        style, dropped = layout.style_of(pages), layout.repeated(pages)
        parts = [(page.number, layout.markdown_of(page, style, dropped)) for page in pages]
        return _built(ctx, parts, "extract", about.document.title, sorted(dropped))
    if stagefiles.is_left_by(ctx, "stt"):
        heard = stagefiles.left_by(ctx, "stt", Stt)
        return _built(ctx, [(1, heard.text)], "stt", "", [])
    raise stagekit.Skip("NoText", "the document has no text to work on")


def _built(
    ctx: stagekit.Context,
    parts: list[tuple[int, str]],
    origin: str,
    title: str,
    dropped: list[str],
) -> Markdown:
    whole, spans = "", list[PageSpan]()
    for number, part in parts:
        clean = part.strip()
        if not clean:
            continue
        if whole:
            whole += "\n\n"
        spans.append(PageSpan(number, len(whole), len(whole) + len(clean)))
        whole += clean
    if not whole:
        raise stagekit.Skip("NoText", "the document has no text to work on")
    (ctx.outputs / DOCUMENT).write_text(whole + "\n", encoding="utf-8")
    headings = [Heading(len(h[1]), h[2].strip(), h.start()) for h in _HEADING.finditer(whole)]
    return Markdown(
        method=methods.BUILTIN,
        origin="stt" if origin == "stt" else "extract",
        title=title or (headings[0].text if headings else ""),
        characters=len(whole),
        tables=len(_TABLE.findall(whole)),
        pages=spans,
        headings=headings,
        dropped=dropped,
    )


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `markdown.json` and `document.md`."""
    made = methods.chosen(ctx, METHODS)(ctx)
    stagefiles.write(ctx, STAGE, made)
    ctx.value("characters", made.characters)
    ctx.value("headings", len(made.headings))
    ctx.value("tables", made.tables)
    ctx.value("method", made.method)
