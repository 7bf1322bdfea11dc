"""`extract`: the words of a document, page by page, with their places where it has any.

1. The bytes tell what the document is; a name that promises something else is noted.
2. A child process opens it and gives page after page: letters of a PDF, Markdown of an Office
   file or HTML, Tesseract's reading of pictures and scanned pages.
3. Each page is an item: one that cannot be read is recorded with its reason, the others go on.
4. Pages beyond `max_pages` are refused by number. Without any text the stage is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs, params
from docpipe.outputs import Extract, Given, LeftOut, PageFacts
from docpipe.pages import Answer, Failure, Kind, Opened, Page, Task
from docpipe.reading import isolation, kinds
from docpipe.reading.ocr import languages
from docpipe.text import scripts
from stagekit import text
from stagekit.link import digest_of

STAGE = "extract"
PAGES = "pages.jsonl"


def builtin(ctx: stagekit.Context, path: Path, kind: Kind) -> Extract:
    """PDFium, Tesseract, mammoth, python-pptx, openpyxl, markitdown, striprtf."""
    wanted = params.one_of(ctx, "lang", languages.KNOWN)
    most = inputs.most_pages(ctx)
    task = Task("read", str(path), kind, last=most, languages=wanted)
    answers = isolation.ask(task)
    opened = isolation.opened(answers)
    pages, left_out = _gathered(ctx, answers, opened, most)
    whole = "\n".join(page.text for page in pages)
    digest, size = digest_of(path)
    promised = kinds.promised(path.name)
    notes = [] if promised in (None, kind) else [f"the name promises {promised}, it is {kind}"]
    notes += [text.clean(f"page {page.number}: {page.note}", 500) for page in pages if page.note]
    with (ctx.outputs / PAGES).open("wb") as file:
        file.writelines(msgspec.json.encode(page) + b"\n" for page in pages)
    return Extract(
        method=methods.BUILTIN,
        document=Given(
            text.clean(path.name, 200), kind, size, digest,
            text.clean(opened.title, 200), text.clean(opened.author, 200),
        ),
        pages=opened.pages,
        letters=sum(c.isalnum() for c in whole),
        scripts=scripts.shares(whole[:500_000]),
        read=[_facts(page) for page in pages],
        left_out=left_out,
        notes=notes,
    )  # fmt: skip


def _gathered(
    ctx: stagekit.Context, answers: Iterator[Answer], opened: Opened, most: int
) -> tuple[list[Page], list[LeftOut]]:
    """Goes through the pages as they come, each an item of its own."""
    pages: list[Page] = []
    left_out: list[LeftOut] = []
    given_up = Failure(0, "PageLost", "the reader ended before this page")

    def answer_of(number: int) -> Answer:
        nonlocal given_up
        if number > most:
            return Failure(
                number, "PageLimit", f"page {number} is beyond the limit of {most}: see max_pages"
            )
        for answer in answers:
            if isinstance(answer, Failure) and answer.number == 0:
                given_up = answer
            else:
                return answer
        return msgspec.structs.replace(given_up, number=number)

    for item in ctx.items(range(1, opened.pages + 1), key=lambda number: f"page {number}"):
        with item:
            answer = answer_of(item.value)
            if isinstance(answer, Page):
                pages.append(answer)
                if not answer.text.strip():
                    why = answer.note or "there is no text on this page"
                    raise stagekit.Skip("NoText", why)
            elif isinstance(answer, Failure):
                left_out.append(LeftOut(item.value, answer.reason, answer.message))
                raise stagekit.Refused(answer.reason, answer.message)
    return pages, left_out


def _facts(page: Page) -> PageFacts:
    letters = sum(c.isalnum() for c in page.text)
    return PageFacts(
        page.number, page.source, letters, page.seconds, page.confidence, page.languages
    )


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `extract.json` and `pages.jsonl`."""
    method = methods.chosen(ctx, METHODS)
    path, kind = inputs.source(ctx)
    if kind == "sound":
        raise stagekit.Skip("NoPages", "sound has no pages to read: the stage stt writes it down")
    made = method(ctx, path, kind)
    stagefiles.write(ctx, STAGE, made)
    ctx.value("kind", kind)
    ctx.value("pages", made.pages)
    ctx.value("letters", made.letters)
    ctx.value("method", made.method)
    if made.notes:
        ctx.value("note", made.notes[0])
    if made.left_out and not made.read:
        # Where no page can be read, people want the cause, not how often it was met.
        raise stagekit.Refused(made.left_out[0].reason, made.left_out[0].message)
    if not made.letters and not made.left_out:
        raise stagekit.Skip("NoText", f"no text was found on {made.pages} page(s)")
