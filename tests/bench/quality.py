"""Quality of the document pipeline: `python -m tests.bench quality [--write] [--keep-seconds]`.

Every stage runs as in a Pod, with a folder as its store. Printed are the character error rate of
reading scans, the share of known sentences found after `extract` and in one piece after `chunk`,
hits at 3 of questions against the vectors of `embed`, how many documents `classify` knows, and
seconds a page by stage. `--write` keeps the tables in docs/quality.md; with `--keep-seconds` the
seconds are not measured, and those on the page stay.
"""

# ruff: noqa: E501  (sentences of a page)

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("document", "document/tools", "shared")
sys.path[:0] = [str(ROOT / "images" / folder) for folder in FOLDERS]

import sample_texts as texts  # noqa: E402
from docpipe.__main__ import STAGES  # noqa: E402
from docpipe.outputs import Chunk, Extract, read_pages  # noqa: E402

from tests.bench import heldout  # noqa: E402
from tests.bench.heldout import error_rate  # noqa: E402
from tests.bench.machine import describe  # noqa: E402
from tests.unit.document.chain import Chain  # noqa: E402

SAMPLES = ROOT / "manifests" / "samples"
PAGE = ROOT / "docs" / "quality.md"
SECONDS = "## Seconds a page\n"
FILES = {
    "report": "document-report.pdf",
    "minutes": "document-minutes.docx",
    "scan": "document-scan.jpg",
    "korean": "document-korean.pdf",
    "korean-scan": "document-korean-scan.jpg",
}
ENGLISH, KOREAN = ("report", "minutes", "scan"), ("korean", "korean-scan")
SEARCHED = ("extract", "markdown", "chunk", "embed")
"""The stages that a question needs."""

Chains = dict[str, Chain]


def known(name: str) -> list[str]:
    """The sentences that a sample is made of."""
    sections = {"report": texts.REPORT, "minutes": texts.MINUTES, "korean": texts.KOREAN}
    if name in sections:
        return texts.sentences_of(sections[name])
    lines = texts.SCAN if name == "scan" else texts.KOREAN_SCAN
    return texts.sentences_of((texts.Section("", lines[1:]),))


def run(chain: Chain, stages: Sequence[str]) -> dict[str, float]:
    """Stages of a document, and the seconds that each took, from start to stored results."""
    seconds = dict[str, float]()
    for stage in stages:
        began = time.monotonic()
        chain.run_all(stage)
        seconds[stage] = time.monotonic() - began
    return seconds


def reading_rows(chains: Chains, folder: Path) -> list[tuple[str, ...]]:
    """Character error rates of the samples' scans, and of pages that are only measured."""
    rows: list[tuple[str, ...]] = []
    for name, language, printed in (
        ("scan", "english", texts.SCAN),
        ("korean-scan", "korean", texts.KOREAN_SCAN),
    ):
        page = read_pages(chains[name].file("extract", "pages.jsonl"))[0]
        wanted = " ".join(printed)
        bare = error_rate("".join(wanted.split()), "".join(page.text.split()))
        rates = (error_rate(wanted, page.text), bare, heldout.unwritable(wanted))
        shown = (f"{rate:.1%}" for rate in rates)
        rows.append((language, "the sample", *shown, f"{page.confidence or 0:.2f}"))
        rows.append(heldout.unseen_pages(language, folder))
    return rows


def sentence_rows(chains: Chains) -> list[tuple[str, ...]]:
    """Known sentences that come back word for word."""
    rows: list[tuple[str, ...]] = []
    for name, file in FILES.items():
        chain, wanted = chains[name], known(name)
        whole = " ".join(chain.file("markdown", "document.md").read_text().split())
        pieces = [" ".join(c.text.split()) for c in chain.read("chunk", Chunk).chunks]
        after = sum(sentence in whole for sentence in wanted) / len(wanted)
        kept = sum(any(s in piece for piece in pieces) for s in wanted) / len(wanted)
        rows.append((file, str(len(wanted)), f"{after:.0%}", f"{kept:.0%}"))
    return rows


def question_rows(chains: Chains) -> list[tuple[str, ...]]:
    """Questions over the samples and the held-out passages of a language, together."""
    english = [chains[name] for name in (*ENGLISH, "english")]
    korean = [chains[name] for name in (*KOREAN, "korean-texts")]
    return [
        *heldout.asked(
            "english",
            english,
            {"samples": texts.QUESTIONS, "held-out": heldout.questions("english", "held-out")},
        ),
        *heldout.asked(
            "korean",
            korean,
            {
                "samples": texts.KOREAN_QUESTIONS,
                "tuning": heldout.questions("korean", "tuning"),
                "held-out": heldout.questions("korean", "held-out"),
            },
        ),
    ]


def time_rows(chains: Chains, seconds: dict[str, dict[str, float]]) -> list[tuple[str, ...]]:
    """Seconds a page, by stage and sample; `-` where the stage was skipped."""
    rows: list[tuple[str, ...]] = []
    for stage in STAGES:
        cells = [stage]
        for name in FILES:
            pages = chains[name].read("extract", Extract).pages
            done = chains[name].outcomes[stage] == "Succeeded"
            cells.append(f"{seconds[name][stage] / pages:.2f}" if done else "-")
        rows.append(tuple(cells))
    return rows


def table(*rows: Sequence[str]) -> str:
    """A Markdown table; the first row is its head."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def measured(*, with_seconds: bool) -> list[str]:
    """The tables under their headings; that of the seconds is the last, where it is wanted."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        chains = {name: Chain(folder / name, SAMPLES / file) for name, file in FILES.items()}
        wanted = tuple(STAGES) if with_seconds else SEARCHED
        seconds = {name: run(chain, wanted) for name, chain in chains.items()}
        for name, language in (("english", "english"), ("korean-texts", "korean")):
            chains[name] = Chain(folder / name, heldout.document(language, folder))
            run(chains[name], SEARCHED)
        parts = [*_quality(chains, folder)]
        if with_seconds:
            note = "From a stage's start to its stored results, its reader's start included.\n\n"
            parts.append(SECONDS + note + table(("stage", *FILES), *time_rows(chains, seconds)))
        return parts


def _quality(chains: Chains, folder: Path) -> list[str]:
    kinds, mistaken = zip(*(heldout.kinds(part) for part in ("tuning", "check")), strict=True)
    kind_head = (
        "language",
        "part",
        "documents",
        "right",
        "without markers",
        "unknown",
        "right where sure",
        "chance",
    )
    return [
        "## Reading scans\n"
        "Character error rate of Tesseract's reading, white space as one space, and without any white\n"
        "space. The reader's settings were chosen on texts of the samples, drawn in other ways; the\n"
        'unseen pages were only measured. "Not in the model": Korean syllables that Debian\'s language\n'
        "data do not have, so that they are never read right.\n\n"
        + table(
            ("language", "pages", "error rate", "without spaces", "not in the model", "confidence"),
            *reading_rows(chains, folder),
        ),
        "## Known sentences\nFound word for word in `document.md`, and whole in one chunk.\n\n"
        + table(("sample", "sentences", "after extract", "after chunk"), *sentence_rows(chains)),
        "## Questions\n"
        "The chunk with the answer is among the three nearest by cosine, or is the nearest. The pool is\n"
        "all samples of the language and the held-out passages.\n\n"
        + table(
            ("language", "questions", "method", "chunks", "hits at 3", "hits at 1", "3 by chance"),
            *question_rows(chains),
        ),
        "## Kinds\n"
        "Short documents whose label `classify` finds; `unknown` is right for those of none of the kinds.\n"
        "These figures flatter: the markers (`docpipe/text/markers.py`) and examples were written by the author of the\n"
        "documents, after them, and some words of the part `check` are among the markers. The column without\n"
        "markers leaves those out; there is no blind set yet. On real documents of others, labelled by readers\nof this project, far fewer were right; those files are not ours to keep, so no command prints how many.\n\n"
        + table(kind_head, *(row for rows in kinds for row in rows))
        + "\n\nWhat was taken for what, in the part `check`:\n\n"
        + table(("language", "kind", "taken for", "documents"), *mistaken[1]),
    ]


HEAD = """\
# Quality of the document pipeline

Measured by `python -m tests.bench quality --write` on the samples of `manifests/samples`, whose
words are known (`images/document/tools/sample_texts.py`), and on the texts of
`images/document/tools/heldout`. All are few, clean and of the project's own making: the figures
guard against getting worse, and promise nothing for other documents.

How to read them:
- **Held-out** questions and pages were written before the methods were changed, and only measured;
  **tuning** was looked at while they were. All have the same author as the methods. For `classify`
  there is no held-out set: see there.
- **Korean scans**: Debian's Korean data for Tesseract lack many syllables. Where one stands, it or
  its whole word is lost; no setting of the reader brings it back.
- **Questions**: "by chance" is what picking three chunks blindly would hit. The encoder learned
  English. What it cannot read is compared by parts of words (`builtin-ngrams`): that finds texts
  which share words with the question, and no others. An endpoint that knows the language is better.
- **Seconds** are wall-clock on a machine that did other work too; see its load at the end.
"""


def kept_seconds(page: str) -> str:
    """The seconds of a page and the machine on which they were measured; empty where it has none."""
    _, heading, rest = page.partition(SECONDS)
    return heading + rest.strip()


def main() -> None:
    """Measure, print, perhaps keep."""
    parser = argparse.ArgumentParser(prog="quality", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/quality.md")
    parser.add_argument("--keep-seconds", action="store_true", help="measure no seconds")
    asked = parser.parse_args()
    parts = measured(with_seconds=not asked.keep_seconds)
    sys.stdout.write("\n\n".join(parts) + "\n")
    if not asked.write:
        return
    if asked.keep_seconds:
        parts.append(kept_seconds(PAGE.read_text(encoding="utf-8")))
    else:
        parts.append("## Measured on\n" + "\n".join(f"- {line}" for line in describe()))
    PAGE.write_text("\n\n".join((HEAD.rstrip(), *parts)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
