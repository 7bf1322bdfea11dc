"""Guards of the tree itself: each is a rule that matters, and that a person may forget."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import get_args

import pytest
from pydantic import BaseModel

from stagework.api.kinds import DEFINED, verbs
from stagework.api.machines import Fleet

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = ROOT / "operator"
PURE = ("api", "policies", "children", "plans", "overview")
FILES = sorted(path for path in OPERATOR.rglob("*.py") if path.stat().st_size > 0)
PURE_FILES = [
    path
    for path in FILES
    if path.relative_to(OPERATOR).parts[1] in PURE or "cli/text" in path.as_posix()
]


def _short(path: Path) -> str:
    return str(path.relative_to(OPERATOR))


def _public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes of a module, and the public methods of the latter."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                is_function = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                if is_function and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_the_source_root_is_no_package() -> None:
    """`operator` is a module of the standard library: a package of that name would hide it."""
    assert not (OPERATOR / "__init__.py").exists()


@pytest.mark.parametrize("path", PURE_FILES, ids=_short)
def test_every_public_thing_of_the_pure_tree_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [
        name
        for name, node in _public(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not ast.get_docstring(node)
    ]
    assert silent == []


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for inner in _inner(field.annotation):
            yield from _models(inner)


def _inner(annotation: object) -> Iterator[type[BaseModel]]:
    """Models named anywhere in an annotation."""
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _inner(argument)


RESOURCE_TYPES = {
    model
    for kind in DEFINED
    for root in (kind.spec, kind.status)
    if root is not None
    for model in _models(root)
} | set(_models(Fleet))


def _name(model: type[BaseModel]) -> str:
    return model.__name__


@pytest.mark.parametrize("model", sorted(RESOURCE_TYPES, key=_name), ids=_name)
def test_every_field_of_a_resource_is_described(model: type[BaseModel]) -> None:
    bare = [name for name, field in model.model_fields.items() if not field.description]

    assert bare == []


def test_the_types_of_all_kinds_were_found() -> None:
    names = {model.__name__ for model in RESOURCE_TYPES}

    assert {"Stage", "EnvVar", "KeyRef", "StageStatus", "Commit", "Condition"} <= names


def test_half_of_the_files_are_short() -> None:
    assert median(len(path.read_text().splitlines()) for path in FILES) < 150


def _words() -> list[str]:
    text = (OPERATOR / "stagework/api/names.py").read_text()
    return re.findall(r"^([A-Z][A-Z0-9_]+): Final", text, flags=re.MULTILINE)


def test_every_word_that_others_see_is_explained_and_used() -> None:
    source = (OPERATOR / "stagework/api/names.py").read_text()
    others = "\n".join(path.read_text() for path in FILES if path.name != "names.py")
    used = set(re.findall(r"\bnames\.([A-Z][A-Z0-9_]+)", others))
    inside = set(re.findall(r"\{([A-Z][A-Z0-9_]+)\}", source))

    assert [word for word in _words() if word not in used | inside] == []
    explained = re.findall(r'^([A-Z][A-Z0-9_]+): Final = .*\n"""', source, flags=re.MULTILINE)
    assert [word for word in _words() if word not in explained] == []


LONGEST_CLASS = 150
LONGEST_FUNCTION = 40


def _too_long(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > limit:
            yield f"{node.name}: {lines} lines, {limit} at most"


@pytest.mark.parametrize("path", FILES, ids=_short)
def test_no_class_and_no_function_is_long(path: Path) -> None:
    assert list(_too_long(path)) == []


TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONG_YET = {
    "tests/support/fakeapi/kubelet.py": "Kubelets",
    "tests/support/fakeapi/server.py": "FakeApi",
    "tests/support/fakeapi/store.py": "Store",
    "tests/support/stepper/engine.py": "PlayedEngine",
    "tests/support/stepper/pretend.py": "PretendCluster",
}
"""Classes of the tests' support that are still to be split."""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_tests_have_nothing_longer_either(path: Path) -> None:
    yet = LONG_YET.get(path.relative_to(ROOT).as_posix())
    assert [line for line in _too_long(path) if line.split(":")[0] != yet] == []


PACKAGES = sorted(path for path in OPERATOR.rglob("__init__.py"))


@pytest.mark.parametrize("path", PACKAGES, ids=_short)
def test_every_package_says_what_it_does(path: Path) -> None:
    paragraph = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert len(paragraph.split()) > 10, "a paragraph: what it does, what it must not do"


KINDS_AT_HOME = ("api/kinds.py", "controllers/registry.py")
"""Where kinds are named: their registry, and that of their controllers."""


def test_a_kind_is_named_only_at_home() -> None:
    own = re.compile(r"(api/pipelinejob\.py|(plans|controllers)/pipelinejobs?/)")
    named = [
        _short(path)
        for path in FILES
        if re.search(r'pipelinejobs|"PipelineJob"', path.read_text())
        and not own.search(_short(path))
    ]
    assert named == [f"stagework/{name}" for name in KINDS_AT_HOME]


NO_VERBS = {
    ("stagework/api/scheduledjob.py", "Skip"),
    ("stagework/api/stages.py", "Retry"),
}
"""Words that are a verb of another kind: `onOverlap` says what becomes of a slot, and `recovery` of
a stage whose process has gone."""


def test_a_verb_is_named_only_in_the_registry_of_kinds() -> None:
    named = [
        _short(path)
        for path in FILES
        if path.is_relative_to(OPERATOR / "stagework")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in verbs()
        if (_short(path), node.value) not in NO_VERBS
    ]
    assert named == ["stagework/api/kinds.py"] * len(verbs())
