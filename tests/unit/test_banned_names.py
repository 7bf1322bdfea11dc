"""Names say what the field says: words that this project once had of its own do not come back.

Asked of every name in the product, its images, its programs and the support of its tests: modules,
classes, functions, parameters, attributes and variables, private ones too. Prose may say them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.devcluster.paths import ROOT
from tests.unit.test_glossary import words_of

ROOMS = ("operator", "hack", "images", "tests/support")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

INSTEAD = {
    "look": "reconcile, poll",
    "lift": "ungate",
    "claim": "slot request",
    "sight": "stage view",
    "family": "children",
    "advanced": "evaluated",
    "draft": "builder",
    "settle": "observe",
    "conclude": "record outcome",
    "carry out": "apply",
    "told": "external",
    "take own": "offer",
    "tell": "offer, notify",
    "let go": "evict",
    "stub": "tombstone",
    "loaded": "reload",
    "rescan": "resync",
    "owed": "watch lag",
    "line seconds": "queue latency",
    "doomed": "namespace terminating",
    "lingering": "leftover",
    "superseded": "stale",
    "remakes": "recreations",
    "dice": "rng",
    "wall": "wall clock",
    "bed": "dev cluster",
    "weather": "fault schedule",
    "pace": "time scale",
    "leap": "virtual time",
    "oracle": "invariants",
    "cues": "markers",
    "troubles": "errors",
    "telling": "salience",
    "each": "what it is: stage, pod",
}
"""A word, or several in a row, and what to say in its place."""
INSTEAD_IN: dict[str, dict[str, str]] = {
    "docpipe/": {
        "pieces": "tokens",
        "showing": "rendering",
        "questions": "prompts",
        "forms": "reply schemas",
        "readable": "coverage",
        "nearest": "embeddings",
    },
    "stagework/cli/": {"job": "run: a job is a batch/v1 Job"},
    "stagework/overview/": {"job": "run: a job is a batch/v1 Job"},
    "stagework/web/": {"gate": "authentication"},
    "interventions.py": {"ask": "intervene, apply: to ask goes with a question"},
}
"""The same, in paths that have this in them."""
ALLOWED = {
    "look ahead": "the field's own: lookahead",
    "look up": "the field's own: lookup",
    "wall clock": "",
    "not found": "",
    "persistent volume claim": "Kubernetes' own",
    "address family": "the socket module's",
    "model copy": "pydantic's",
}
"""Rows of words in which one of those is meant as everybody means it."""
EXCEPT = {
    "operator/stagework/children/stage_volumes.py claim": "a PersistentVolumeClaim",
    "operator/stagework/cli/service.py claims": "those of a JSON Web Token",
    "operator/stagework/overview/queue/board.py background_jobs": "a field of the old board",
    "operator/stagework/web/https_addresses.py family": "the socket module's word",
    "operator/stagework/web/https_input.py family": "the socket module's word",
    "operator/stagework/api/stage_status.py remakes": "a field of the status, which stays",
    "tests/support/cluster/journal.py CLAIM": "a PersistentVolumeClaim",
    "images/ad-image/tools/photograph_sneaker.py _wall": "the wall behind the shoe, in a picture",
    "images/ad-image/tools/photograph_sneaker.py wall": "the same",
    "images/ad-image/adimage/palettes.py wall": "the same, in a drawn picture",
}
"""Single names that mean what everybody means, and what that is."""


def names(tree: ast.Module) -> Iterator[str]:
    """Every name that the module gives."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def banned(name: str, instead: dict[str, str]) -> list[str]:
    """Banned words in the name."""
    spoken = f" {' '.join(words_of(name))} "
    for row in ALLOWED:
        spoken = spoken.replace(f" {row} ", " ")
    return [word for word in instead if f" {word} " in spoken or f" {word}s " in spoken]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_the_field_says(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    instead = dict(INSTEAD)
    for part, words in INSTEAD_IN.items():
        instead.update(words if part in place else {})
    said = {
        f"{name}: say {instead[word]}"
        for name in {path.stem, *names(ast.parse(path.read_text()))}
        for word in banned(name, instead)
        if f"{place} {name}" not in EXCEPT
    }
    assert said == set()


def test_a_banned_word_would_be_noticed_and_its_usual_meaning_is_not() -> None:
    assert banned("_carry_out", INSTEAD) == ["carry out"]
    assert banned("LookAgain", INSTEAD) == ["look"]
    assert banned("look_ahead", INSTEAD) == []
    assert banned("wall_clock", INSTEAD) == []


def test_every_exception_is_there() -> None:
    for place in EXCEPT:
        path, _, name = place.partition(" ")
        assert name in {*names(ast.parse((ROOT / path).read_text()))}, place
