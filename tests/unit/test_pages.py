"""What our pages tell people to type and to write works as it stands there."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from stagework.api.pipelinejob import PipelineJobSpec
from stagework.cli.main import app
from stagework.policies.validity import faults
from tests.support.builders import make_fleet
from tests.support.pages import PAGES, blocks, first_commands, first_pipeline, typed

PROGRAMS = {"stagework": 1, "kubectl stagework": 2}
"""Names under which the command line answers, and how many words each has."""


def shown() -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours that a page shows, with the page's name."""
    for page in PAGES:
        for block in blocks(page.read_text(), "console"):
            for line in typed(block):
                words = line.words
                for program, length in PROGRAMS.items():
                    if words[:length] == program.split():
                        yield page.name, words[length:]


SHOWN = [*shown()]


@pytest.mark.parametrize(
    "words", [words for _, words in SHOWN], ids=[f"{page} {' '.join(w)}" for page, w in SHOWN]
)
def test_what_a_page_says_to_type_is_understood(words: list[str]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    with typer.Context(group, info_name="stagework") as context:
        understand(group, words, context)


def understand(group: TyperGroup, words: list[str], context: Any) -> None:
    """Read the words as the command line does, down to the command that they name."""
    name, command, rest = group.resolve_command(context, words)
    assert command is not None
    with command.make_context(name, [*rest], parent=context) as inner:
        if isinstance(command, TyperGroup):
            understand(command, rest, inner)


def test_the_pages_show_many_commands() -> None:
    assert len(SHOWN) > 15
    assert {"status", "logs", "retry", "results", "upload", "batch"} <= {
        words[0] for _, words in SHOWN
    }


def stages() -> PipelineJobSpec:
    return PipelineJobSpec.model_validate(first_pipeline()["spec"])


def test_the_first_pipeline_names_no_contract_and_an_image_that_knows_nothing_of_us() -> None:
    spec = stages()

    assert spec.stages is not None
    assert faults(spec.stages, None, spec.params, make_fleet()) == []
    for stage, written in zip(spec.stages, first_pipeline()["spec"]["stages"], strict=True):
        assert stage.contract == "Files"
        assert "contract" not in written
        assert "stagework" not in stage.image
        assert "stagekit" not in str(written)


def test_the_first_pipeline_shows_all_three_folders() -> None:
    spec = stages()

    programs = " ".join(str(stage.command) for stage in spec.stages or ())
    assert all(folder in programs for folder in ("input/", "in/shout/", "out/"))


def test_the_programs_of_the_first_pipeline_do_what_the_page_says(tmp_path: Path) -> None:
    given = tmp_path / "letter.txt"
    written = next(t for t in first_commands() if t.command.startswith("echo"))
    subprocess.run(["sh", "-c", written.command], cwd=tmp_path, check=True)
    printed: dict[str, str] = {}
    left: dict[str, Path] = {}

    for stage in stages().stages or ():
        work = tmp_path / "work" / stage.name
        for folder in ("in", "input", "out"):
            (work / folder).mkdir(parents=True)
        (work / "input" / given.name).write_bytes(given.read_bytes())
        for name, out in left.items():
            (work / "in" / name).symlink_to(out)
        command = [sys.executable if w == "python3" else w for w in stage.command or ()]
        done = subprocess.run(command, cwd=work, check=True, capture_output=True, text=True)
        printed[stage.name], left[stage.name] = done.stdout, work / "out"

    assert printed["count"].splitlines() == printed_by("stagework logs hello count")
    count = left["count"] / "count.txt"
    assert count.read_text().splitlines() == printed_by("cat out/count/count.txt")


def printed_by(command: str) -> list[str]:
    """What the page shows below a command."""
    (line,) = (t for t in first_commands() if shlex.join(t.words) == command)
    return list(line.printed)


def test_the_address_of_the_first_pipeline_is_that_of_its_letter(tmp_path: Path) -> None:
    written = next(t for t in first_commands() if t.command.startswith("echo"))
    subprocess.run(["sh", "-c", written.command], cwd=tmp_path, check=True)
    digest = hashlib.sha256((tmp_path / "letter.txt").read_bytes()).hexdigest()

    assert first_pipeline()["spec"]["input"]["uri"] == (
        f"artifact://default/uploads/{digest}/letter.txt"
    )
