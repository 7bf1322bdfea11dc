"""The words of names in the product: plain ones, or ours, and then the glossary explains them.

`plain_words.txt` holds words of English, Python and Kubernetes in their usual meaning. A word with
a meaning of our own belongs in the table of `ARCHITECTURE.md`.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hack.devcluster.paths import ROOT

PRODUCT = ROOT / "operator"
PLAIN = Path(__file__).with_name("plain_words.txt").read_text().splitlines()
_WORD = re.compile(r"[A-Z]+\d*(?![a-z])|[A-Z]?[a-z]+\d*")


@cache
def glossary() -> frozenset[str]:
    """The words in the first column of the table."""
    section = (ROOT / "ARCHITECTURE.md").read_text().split("\n## Words\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)[1:]
    return frozenset(
        word for row in rows for word in (*words_of(row), *re.findall(r"\w+", row.lower()))
    )


def words_of(name: str) -> list[str]:
    """`PodView` and `pod_view` are pod and view."""
    return [word.lower() for word in _WORD.findall(name)]


def names() -> Iterator[tuple[str, Path]]:
    """Every module, package, class, function, parameter, attribute and constant, and where it is.

    Private ones too; of variables only those of a module or a class, for others live a few lines.
    """
    for path in sorted(PRODUCT.rglob("*.py")):
        yield path.parent.name if path.stem == "__init__" else path.stem, path
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _given_by(node):
                yield name, path


def _given_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.ClassDef(name=name, body=body):
            yield name
            yield from _assigned(body)
        case ast.Module(body=body):
            yield from _assigned(body)
        case _:
            pass


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name
            case _:
                pass


def is_known(word: str, vocabulary: frozenset[str]) -> bool:
    """Also plurals and past forms of its words, and single letters such as those of types."""
    return len(word) == 1 or any(
        word.removesuffix(ending) in vocabulary for ending in ("", "s", "d", "ed")
    )


def test_every_word_of_a_name_is_plain_or_explained() -> None:
    vocabulary = glossary().union(PLAIN)
    unknown = {
        f"{word!r} in {name}, {path.relative_to(ROOT)}"
        for name, path in names()
        if not name.startswith("__")
        for word in words_of(name)
        if not is_known(word, vocabulary)
    }
    assert not unknown, (
        "say it in a usual word, explain it in ARCHITECTURE.md, section Words, or list it:\n"
        + "\n".join(sorted(unknown))
    )


def test_plain_words_are_sorted_and_none_is_ours() -> None:
    assert sorted(set(PLAIN)) == PLAIN
    assert glossary().isdisjoint(PLAIN)


def test_a_word_of_ours_would_be_noticed() -> None:
    vocabulary = glossary().union(PLAIN)
    assert is_known("tombstones", vocabulary)
    assert not is_known("tombstone", frozenset(PLAIN))
    assert not is_known("doomed", vocabulary)
