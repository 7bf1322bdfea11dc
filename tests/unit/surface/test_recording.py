"""Two recordings of the same tree are equal, and every scenario has something to tell."""

import re
from pathlib import Path

import pytest

from tests.surface import commands, documents
from tests.surface.placeholders import Placeholders
from tests.surface.recording import BROKEN_OFF, requests_of
from tests.surface.scenarios import load

TWICE = (
    "a-fork-and-a-join",
    "a-line-with-priorities",
    "everything-at-once",
    "operators-die-at-their-writes",
    "ten-runs-at-once",
    "vanished-with-its-result",
)
RAW = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{64}|\d{4}-\d\d-\d\dT|operator_[0-9a-f]|127\.0\.0\.1"
)


@pytest.mark.parametrize("name", TWICE)
def test_a_scenario_that_is_recorded_twice_gives_the_same_text(name: str) -> None:
    assert requests_of(name) == requests_of(name)


@pytest.mark.parametrize("name", load())
def test_a_scenario_writes_and_nothing_in_its_text_differs_from_start_to_start(name: str) -> None:
    text = requests_of(name)

    assert re.search(r"^\+\d+s (POST|PATCH|DELETE) ", text, flags=re.MULTILINE)
    assert re.search(
        r"^WATCH /apis/stagework.dev/v1alpha1/\S*pipelinejobs\?", text, flags=re.MULTILINE
    )
    assert RAW.findall(text) == []
    assert BROKEN_OFF not in text


def test_at_least_fifty_scenarios_are_recorded() -> None:
    assert len(load()) >= 50


def test_commands_and_documents_are_recorded_and_give_the_same_text_twice(tmp_path: Path) -> None:
    recorded: list[dict[str, str]] = []
    for number in ("first", "second"):
        folder = tmp_path / number
        folder.mkdir()
        documents.record(folder)
        commands.record(folder / "commands")
        files = (path for path in folder.rglob("*") if path.is_file())
        recorded.append({str(path.relative_to(folder)): path.read_text() for path in files})

    assert recorded[0] == recorded[1]
    assert {"install.yaml", "openapi.json", "metrics.txt", "commands/help-monitor.txt"} <= {
        *recorded[0]
    }
    assert all(recorded[0].values())


def test_the_same_name_gets_the_same_placeholder_and_another_one_gets_another() -> None:
    names = Placeholders()
    first, second = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "ab")

    assert names.replace(f"{first} {second} {first}") == "uid-1 uid-2 uid-1"
    assert names.replace("run-a-1-0123abcd-x2x4z run-a-1-0123abcd run-a-2-0123abce") == (
        "run-a-1-hash-1-pod-1 run-a-1-hash-1 run-a-2-hash-2"
    )
    assert names.replace("2026-01-01T00:01:30Z") == "time+90s"
