"""What each stage writes as JSON: the types, from which the published schemas are made.

A stage's file is `<stage>.json`, and `stagefiles` writes and reads it. `machine` is the class that
a model endpoint runs on, where one did the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from docpipe.pages import Kind, Page, Picture, Source


class Given(msgspec.Struct, frozen=True):
    """The input: `name` is cleaned for showing, `kind` is told by its bytes."""

    name: str
    kind: Kind
    size: int
    sha256: str
    title: str = ""
    author: str = ""


class PageFacts(msgspec.Struct, frozen=True):
    """One page that was read; `confidence` from 0 to 1 is Tesseract's own, else null."""

    number: int
    source: Source
    letters: int
    seconds: float
    confidence: float | None = None
    languages: str = ""


class LeftOut(msgspec.Struct, frozen=True):
    """A page that was not read, and why."""

    number: int
    reason: str
    message: str


class Extract(msgspec.Struct, frozen=True):
    """`extract.json`: what the document is; its pages' words are in `pages.jsonl`, one a line."""

    method: str
    document: Given
    pages: int
    letters: int
    scripts: dict[str, float]
    read: list[PageFacts]
    left_out: list[LeftOut]
    notes: list[str]
    file: str = "pages.jsonl"


class PageSpan(msgspec.Struct, frozen=True):
    """Where a page lies in `document.md`, in characters."""

    number: int
    start: int
    end: int


class Heading(msgspec.Struct, frozen=True):
    """A heading of `document.md`; `start` in characters."""

    level: int
    text: str
    start: int


class Markdown(msgspec.Struct, frozen=True):
    """`markdown.json`: how `document.md` is built."""

    method: str
    origin: Literal["extract", "stt"]
    title: str
    characters: int
    tables: int
    pages: list[PageSpan]
    headings: list[Heading]
    dropped: list[str]
    file: str = "document.md"


class Piece(msgspec.Struct, frozen=True):
    """A chunk: a part of `document.md` from character `start` to `end`."""

    id: str
    start: int
    end: int
    pages: list[int]
    section: str
    text: str


class Chunk(msgspec.Struct, frozen=True):
    """`chunk.json`: the document in pieces, in order, nothing twice."""

    method: str
    capacity: int
    chunks: list[Piece]


class Embed(msgspec.Struct, frozen=True):
    """`embed.json`: row n of `vectors.npy` (float32, length 1) is the vector of chunk `ids[n]`.

    Vectors can be compared with those of the same `space`, and with no others.
    """

    method: str
    dimensions: int
    ids: list[str]
    similarity: str = "cosine"
    file: str = "vectors.npy"
    machine: str | None = None
    space: str = ""


class Preview(msgspec.Struct, frozen=True):
    """`preview.json`: pages as pictures; `rendering: text` where the file has no layout here."""

    method: str
    pages_of_document: int
    pictures: list[Picture]
    left_out: list[LeftOut]


class Thumbnail(msgspec.Struct, frozen=True):
    """`thumbnail.json`: the first page that can be shown, small."""

    method: str
    page: int
    width: int
    height: int
    rendering: Literal["page", "text"]
    file: str = "thumbnail.png"


class Fulltext(msgspec.Struct, frozen=True):
    """`fulltext.json`: about `index.sqlite`, an SQLite FTS5 index of trigrams over the chunks."""

    method: str
    entries: int
    bytes: int
    tokenizer: str = "trigram"
    file: str = "index.sqlite"


class Segment(msgspec.Struct, frozen=True):
    """A piece of speech, from `start` to `end` in seconds."""

    start: float
    end: float
    text: str


class Stt(msgspec.Struct, frozen=True):
    """`stt.json`: what was heard; `loudness` in dB below full scale."""

    method: str
    seconds: float
    channels: int
    rate: int
    codec: str
    loudness: float
    text: str
    segments: list[Segment]
    machine: str | None = None


class Score(msgspec.Struct, frozen=True):
    """How near a label is: a cosine and its marks, comparable within one document only."""

    label: str
    score: float


class Classify(msgspec.Struct, frozen=True):
    """`classify.json`: the nearest label, or `unknown`; `margin` is its lead over the second.

    A model endpoint gives no scores: `margin` is null, and `sure` is what it says itself.
    """

    method: str
    label: str
    margin: float | None
    sure: bool
    scores: list[Score]
    note: str = ""
    machine: str | None = None


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of the document as it stands there, from character `start` of `document.md`."""

    text: str
    start: int
    pages: list[int]
    weight: float


class Summarize(msgspec.Struct, frozen=True):
    """`summarize.json`: the sentences that stand for the whole, in the document's order.

    A model endpoint's summary is in words of its own: `sentences` is empty, nothing was compared.
    """

    method: str
    compared_by: Literal["embeddings", "letters"] | None
    considered: int
    summary: str
    sentences: list[Sentence]
    machine: str | None = None


class Section(msgspec.Struct, frozen=True):
    """A section under its heading, in its own most telling sentences."""

    heading: str
    level: int
    pages: list[int]
    characters: int
    summary: str
    keywords: list[str]


class DeepSummary(msgspec.Struct, frozen=True):
    """`deep_summary.json`: the whole first, then section by section; also as `deep_summary.md`."""

    method: str
    compared_by: Literal["embeddings", "letters"] | None
    overview: str
    keywords: list[str]
    sections: list[Section]
    file: str = "deep_summary.md"
    machine: str | None = None


OUTPUTS: dict[str, type[msgspec.Struct]] = {
    "extract": Extract,
    "stt": Stt,
    "preview": Preview,
    "thumbnail": Thumbnail,
    "markdown": Markdown,
    "chunk": Chunk,
    "fulltext": Fulltext,
    "embed": Embed,
    "classify": Classify,
    "summarize": Summarize,
    "deep_summary": DeepSummary,
}
"""The type of each stage's JSON, in the order of the stages."""

LINES: dict[str, type[msgspec.Struct]] = {"extract_page": Page}
"""The types of files with one JSON object a line."""


def read_pages(path: Path) -> list[Page]:
    """Reads `pages.jsonl`."""
    return msgspec.json.Decoder(Page).decode_lines(path.read_bytes())
