"""The project's own held-out texts, and what is measured on them: reading, questions, kinds.

They lie in images/document/tools/heldout. What is marked "tuning" there may be looked at while a
method is changed; the rest is only measured. The documents of the part "check" are no held-out set:
their author wrote the `markers` after them, and words of theirs stand among these.
"""

import struct
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import make_scans
import numpy as np
import tesseract
from docpipe.encoding import embeddings
from docpipe.outputs import Chunk, Embed, read_pages
from docpipe.stages import classify
from docpipe.text import labels

from tests.unit.document.chain import Chain

TEXTS = Path(__file__).parents[2] / "images" / "document" / "tools" / "heldout"
FONTS = Path("/usr/share/fonts/truetype/nanum")
FACES = ("NanumGothic.ttf", "NanumMyeongjo.ttf", "NanumBarunGothic.ttf", "NanumSquareR.ttf")
PAGES = ((2.7, 6.0), (-4.4, 9.0), (0.6, 12.0), (-1.9, 4.0))
"""Skew in degrees and noise of the unseen pages, one in each typeface."""
PASSAGES_A_PAGE = 3
HITS = 3
_LETTERS = 21
"""The part of Tesseract's language data that lists the letters it can write."""

Row = tuple[str, ...]


def texts(name: str) -> dict[str, list[dict[str, str]]]:
    """The tables of one of the files."""
    return tomllib.loads((TEXTS / f"{name}.toml").read_text(encoding="utf-8"))


def questions(language: str, part: str) -> list[tuple[str, str]]:
    """Questions of a part, each with words of the one passage that answers it."""
    return [(q["ask"], q["answer"]) for q in texts(language)["question"] if q["part"] == part]


def document(language: str, folder: Path) -> Path:
    """All passages of a language as one document."""
    path = folder / f"held-out-{language}.md"
    parts = (f"## {p['heading']}\n\n{p['text']}" for p in texts(language)["passage"])
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def error_rate(wanted: str, read: str) -> float:
    """Edits per character (Levenshtein); any white space counts as one space."""
    a, b = " ".join(wanted.split()), " ".join(read.split())
    row = list(range(len(b) + 1))
    for n, x in enumerate(a, start=1):
        before, row[0] = row[0], n
        for m, y in enumerate(b, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (x != y))
    return row[-1] / len(a)


def unseen_pages(language: str, folder: Path) -> Row:
    """Error rates of pages drawn from held-out passages, and what no setting could bring back."""
    passages = texts(language)["passage"]
    rates, bare, sure, unknown = list[float](), list[float](), list[float](), list[float]()
    for n, ((skew, noise), face) in enumerate(zip(PAGES, FACES, strict=True)):
        some = passages[n * PASSAGES_A_PAGE :][:PASSAGES_A_PAGE]
        printed = [some[0]["heading"], *(passage["text"] for passage in some)]
        path = folder / f"unseen-{language}-{n}.jpg"
        make_scans.scan(path, printed, FONTS / face, skew, noise, seed=900 + n)
        chain = Chain(folder / path.stem, path)
        chain.run_all("extract")
        page = read_pages(chain.file("extract", "pages.jsonl"))[0]
        wanted = " ".join(printed)
        rates.append(error_rate(wanted, page.text))
        bare.append(error_rate("".join(wanted.split()), "".join(page.text.split())))
        sure.append(page.confidence or 0.0)
        unknown.append(unwritable(wanted))
    return (
        language, "unseen pages", _percent(rates), _percent(bare), _percent(unknown),
        ", ".join(f"{confidence:.2f}" for confidence in sure),
    )  # fmt: skip


def _percent(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:.1%}" for share in shares)


def unwritable(text: str) -> float:
    """The share of Korean syllables among a text's letters that Debian's model can never write."""
    known = _writable(tesseract.LANGUAGE_DATA / "kor.traineddata")
    syllables = [c for c in text if "가" <= c <= "힣"]
    return sum(c not in known for c in syllables) / max(len("".join(text.split())), 1)


def _writable(data: Path) -> set[str]:
    raw = data.read_bytes()
    (count,) = struct.unpack_from("<i", raw)
    starts = struct.unpack_from(f"<{count}q", raw, 4)
    end = min(start for start in starts if start > starts[_LETTERS])
    lines = raw[starts[_LETTERS] : end].decode().splitlines()[1:]
    return {line.split(" ", 1)[0] for line in lines}


def asked(
    language: str, chains: Sequence[Chain], sets: dict[str, Sequence[tuple[str, str]]]
) -> Iterator[Row]:
    """For each set: questions whose answer is in one of the nearest chunks of all documents."""
    pieces, rows, made_by = list[str](), list[np.ndarray](), set[str]()
    for chain in chains:
        about = chain.read("embed", Embed)
        by_id = {c.id: " ".join(c.text.split()) for c in chain.read("chunk", Chunk).chunks}
        pieces += [by_id[chunk_id] for chunk_id in about.ids]
        rows.append(np.load(chain.file("embed", about.file)))
        made_by.add(about.method)
    (method,) = made_by  # vectors of two methods cannot be compared
    for name, pairs in sets.items():
        near = embeddings.encode([ask for ask, _ in pairs], method) @ np.concatenate(rows).T
        places = [
            next((n for n, at in enumerate(order) if answer in pieces[at]), len(pieces))
            for order, (_, answer) in zip(np.argsort(-near, axis=1), pairs, strict=True)
        ]
        hits, first = sum(place < HITS for place in places), places.count(0)
        yield (
            language, name, method, str(len(pieces)), f"{hits} of {len(pairs)}",
            f"{first} of {len(pairs)}", f"{min(HITS / len(pieces), 1.0):.0%}",
        )  # fmt: skip


def kinds(part: str) -> tuple[list[Row], list[Row]]:
    """How many documents of a part get their label, by language; and which were taken for what."""
    rows, wrong = list[Row](), Counter[tuple[str, str, str]]()
    for language in ("english", "korean"):
        some = [
            document
            for document in texts("kinds")["document"]
            if (document["language"], document["part"]) == (language, part)
        ]
        for is_known in (True, False):
            judged = [
                (document["kind"], classify.judged([document["text"]], labels.LABELS))
                for document in some
                if (document["kind"] != labels.UNKNOWN) == is_known
            ]
            right = sum(kind == made.label for kind, made in judged)
            missing = sum(is_known and made.label == labels.UNKNOWN for _, made in judged)
            sure = [kind == made.label for kind, made in judged if made.sure]
            plain = sum(
                document["kind"]
                == classify.judged([document["text"]], labels.LABELS, weight=0.0).label
                for document in some
                if (document["kind"] != labels.UNKNOWN) == is_known
            )
            chance = f"{1 / len(labels.LABELS):.0%}" if is_known else "-"
            rows.append(
                (
                    language,
                    part,
                    "of the labels" if is_known else "of none of them",
                    f"{right} of {len(judged)}",
                    f"{plain} of {len(judged)}",
                    str(missing),
                    f"{sum(sure)} of {len(sure)}",
                    chance,
                )
            )
            wrong.update((language, kind, m.label) for kind, m in judged if kind != m.label)
    return rows, [(*key, str(count)) for key, count in sorted(wrong.items())]
