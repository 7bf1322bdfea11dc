"""Quality of the document pipeline on its samples: `python -m tests.bench.quality [--write]`.

Every stage runs as in a Pod, with a folder as its store. Printed are the character error rate of
reading scans, the share of known sentences found after `extract` and in one piece after `chunk`,
hits at 3 of questions against the embeddings, and seconds a page by stage. `--write` keeps the
tables in docs/quality.md.
"""

# ruff: noqa: ISC004, E501  (sentences of a page)

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("document", "document/tools", "modelcalls")
sys.path[:0] = [str(ROOT / "images" / folder) for folder in FOLDERS]

import make_scans  # noqa: E402
import numpy as np  # noqa: E402
import sample_texts as texts  # noqa: E402
from docpipe import encoder  # noqa: E402
from docpipe.__main__ import STAGES  # noqa: E402
from docpipe.outputs import Chunk, Embed, Extract, read_pages  # noqa: E402

from tests.bench.machine import describe  # noqa: E402
from tests.unit.document.chain import Chain  # noqa: E402

SAMPLES = ROOT / "manifests" / "samples"
NANUM = Path("/usr/share/fonts/truetype/nanum")
PAGE = ROOT / "docs" / "quality.md"
FILES = {
    "report": "document-report.pdf",
    "minutes": "document-minutes.docx",
    "scan": "document-scan.jpg",
    "korean": "document-korean.pdf",
    "korean-scan": "document-korean-scan.jpg",
}
ENGLISH, KOREAN = ("report", "minutes", "scan"), ("korean", "korean-scan")
HITS = 3


def error_rate(wanted: str, read: str) -> float:
    """Edits per character (Levenshtein); any white space counts as one space."""
    a, b = " ".join(wanted.split()), " ".join(read.split())
    row = list(range(len(b) + 1))
    for n, x in enumerate(a, start=1):
        before, row[0] = row[0], n
        for m, y in enumerate(b, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (x != y))
    return row[-1] / len(a)


def known(name: str) -> list[str]:
    """The sentences that a sample is made of."""
    sections = {"report": texts.REPORT, "minutes": texts.MINUTES, "korean": texts.KOREAN}
    if name in sections:
        return texts.sentences_of(sections[name])
    lines = texts.SCAN if name == "scan" else texts.KOREAN_SCAN
    return texts.sentences_of((texts.Section("", lines[1:]),))


def run(name: str, folder: Path) -> tuple[Chain, dict[str, float]]:
    """All stages of a sample, and the seconds that each took, from start to stored results."""
    chain, seconds = Chain(folder / name, SAMPLES / FILES[name]), dict[str, float]()
    for stage in STAGES:
        began = time.monotonic()
        chain.run_all(stage)
        seconds[stage] = time.monotonic() - began
    return chain, seconds


def reading_rows(chains: dict[str, Chain], folder: Path) -> list[tuple[str, ...]]:
    """Character error rates of the samples' scans, and of pages drawn only here."""
    rows: list[tuple[str, ...]] = []
    for name, language, said in (
        ("scan", "English", texts.SCAN),
        ("korean-scan", "Korean", texts.KOREAN_SCAN),
    ):
        page = read_pages(chains[name].file("extract", "pages.jsonl"))[0]
        rate = error_rate(" ".join(said), page.text)
        rows.append((language, "the sample", f"{rate:.1%}", f"{page.confidence or 0:.2f}"))
        rates = [_unseen(folder, language, n) for n in range(len(UNSEEN))]
        shown = ", ".join(f"{rate:.1%}" for rate, _ in rates)
        sure = ", ".join(f"{confidence:.2f}" for _, confidence in rates)
        rows.append((language, "unseen pages", shown, sure))
    return rows


UNSEEN = ((1.1, 5.0), (-3.0, 8.0), (4.2, 11.0))
"""Skew in degrees and noise of pages on which nothing was tuned; in two typefaces by turns."""


def _unseen(folder: Path, language: str, n: int) -> tuple[float, float]:
    sections = texts.REPORT if language == "English" else texts.KOREAN
    section = sections[(n + 1) % len(sections)]
    said = [section.heading, *section.paragraphs]
    font = NANUM / ("NanumGothic.ttf", "NanumMyeongjo.ttf")[n % 2]
    path = folder / f"unseen-{language}-{n}.jpg"
    make_scans.scan(path, said, font, *UNSEEN[n], seed=70 + n)
    chain = Chain(folder / path.stem, path)
    chain.run_all("extract")
    page = read_pages(chain.file("extract", "pages.jsonl"))[0]
    return error_rate(" ".join(said), page.text), page.confidence or 0.0


def sentence_rows(chains: dict[str, Chain]) -> list[tuple[str, ...]]:
    """Known sentences that come back word for word."""
    rows: list[tuple[str, ...]] = []
    for name, chain in chains.items():
        wanted = known(name)
        whole = " ".join(chain.file("markdown", "document.md").read_text().split())
        pieces = [" ".join(c.text.split()) for c in chain.read("chunk", Chunk).chunks]
        after = sum(sentence in whole for sentence in wanted) / len(wanted)
        kept = sum(any(s in piece for piece in pieces) for s in wanted) / len(wanted)
        rows.append((FILES[name], str(len(wanted)), f"{after:.0%}", f"{kept:.0%}"))
    return rows


def question_rows(chains: dict[str, Chain]) -> list[tuple[str, ...]]:
    """Questions whose answer is among the three nearest chunks of all samples of a language."""
    return [
        _asked("English", [chains[name] for name in ENGLISH], texts.QUESTIONS),
        _asked("Korean", [chains[name] for name in KOREAN], texts.KOREAN_QUESTIONS),
    ]


def _asked(
    language: str, chains: list[Chain], questions: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    pieces: list[str] = []
    vectors = np.zeros((0, 384), dtype=np.float32)
    for chain in chains:
        by_id = {c.id: " ".join(c.text.split()) for c in chain.read("chunk", Chunk).chunks}
        pieces += [by_id[each] for each in chain.read("embed", Embed).ids]
        vectors = np.concatenate([vectors, np.load(chain.file("embed", "vectors.npy"))])
    asked = encoder.loaded().encode([question for question, _ in questions])
    best = np.argsort(-(asked @ vectors.T), axis=1)
    first = sum(a in pieces[row[0]] for (_, a), row in zip(questions, best, strict=True))
    hits = sum(
        any(answer in pieces[n] for n in row[:HITS])
        for (_, answer), row in zip(questions, best, strict=True)
    )
    count = len(questions)
    chance = min(HITS / len(pieces), 1.0)
    return language, str(len(pieces)), f"{hits} of {count}", f"{first} of {count}", f"{chance:.0%}"


def time_rows(
    chains: dict[str, Chain], seconds: dict[str, dict[str, float]]
) -> list[tuple[str, ...]]:
    """Seconds a page, by stage and sample; `-` where the stage was skipped."""
    rows: list[tuple[str, ...]] = []
    for stage in STAGES:
        cells = [stage]
        for name, chain in chains.items():
            pages = chain.read("extract", Extract).pages
            done = chain.outcomes[stage] == "Succeeded"
            cells.append(f"{seconds[name][stage] / pages:.2f}" if done else "-")
        rows.append(tuple(cells))
    return rows


def table(*rows: Sequence[str]) -> str:
    """A Markdown table; the first row is its head."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def measured() -> str:
    """All tables."""
    with tempfile.TemporaryDirectory() as folder:
        done = {name: run(name, Path(folder)) for name in FILES}
        chains = {name: chain for name, (chain, _) in done.items()}
        seconds = {name: took for name, (_, took) in done.items()}
        return "\n\n".join(
            (
                "## Reading scans\n"
                "Character error rate of Tesseract's reading, white space as one space. The reader's\n"
                "settings were chosen on the two samples; the unseen pages (other words, type, skew and\n"
                "noise) were only measured.",
                table(
                    ("language", "pages", "error rate", "own confidence"),
                    *reading_rows(chains, Path(folder)),
                ),
                "## Known sentences\nFound word for word in `document.md`, and whole in one chunk.",
                table(
                    ("sample", "sentences", "after extract", "after chunk"), *sentence_rows(chains)
                ),
                "## Questions\nThe chunk with the answer is among the three nearest by cosine, or is the nearest.",
                table(
                    ("language", "chunks", "hits at 3", "hits at 1", "at 3 by chance"),
                    *question_rows(chains),
                ),
                "## Seconds a page\nFrom a stage's start to its stored results, its reader's start included.",
                table(("stage", *FILES), *time_rows(chains, seconds)),
            )
        )


HEAD = """\
# Quality of the document pipeline

Measured by `python -m tests.bench.quality --write` on the samples of `manifests/samples`, whose
words are known (`images/document/tools/sample_texts.py`). They are few, clean and of the project's
own making: the figures guard against getting worse, and promise nothing for other documents.

How to read them:
- **Scans**: the reader's settings were chosen while looking at the two samples, so their own rates
  flatter it. The unseen pages are the ones to go by.
- **Questions**: a small pool. "By chance" is what picking three chunks blindly would hit. The
  encoder learned English: for Korean its hits are what chance gives. Use `fulltext`, or an endpoint
  that knows Korean.
- **Seconds** are wall-clock on a machine that did other work too; see its load at the end.
"""


def main() -> None:
    """Measure, print, perhaps keep."""
    parser = argparse.ArgumentParser(prog="quality", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/quality.md")
    asked = parser.parse_args()
    tables = measured()
    sys.stdout.write(tables + "\n")
    if asked.write:
        machine = "\n".join(f"- {line}" for line in describe())
        PAGE.write_text(f"{HEAD}\n{tables}\n\n## Measured on\n{machine}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
