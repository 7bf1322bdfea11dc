"""What our pages show: their blocks, and what people are told to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.support.fakeapi.resources import Json

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
PAGES: Final = (README, ROOT / "images/shared/README.md", *sorted((ROOT / "docs").glob("*.md")))
"""The pages for people who use the product."""
FIRST_PIPELINE: Final = "Your first pipeline"
"""Title of the README's part that a newcomer types."""


@dataclass(frozen=True)
class Typed:
    """A command as a page shows it, and the lines that it is shown to print."""

    command: str
    printed: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """Without the comment behind it."""
        return shlex.split(self.command, comments=True)


def part_of(page: Path, title: str) -> str:
    """One part of a page, without its title."""
    text = page.read_text()
    begin = text.index(f"\n## {title}\n")
    end = text.find("\n## ", begin + 1)
    return text[begin : end if end > 0 else None].partition("\n\n")[2]


def blocks(text: str, language: str) -> list[str]:
    """The contents of all blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def typed(block: str) -> Iterator[Typed]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *printed = shown.replace("\\\n", " ").splitlines()
        yield Typed(command, tuple(printed))


def first_pipeline() -> Json:
    """The README's first PipelineJob, as it stands there."""
    (block,) = blocks(part_of(README, FIRST_PIPELINE), "yaml")
    document: Json = yaml.safe_load(block)
    return document


def first_commands() -> list[Typed]:
    """What a newcomer types to run it."""
    block, *_ = blocks(part_of(README, FIRST_PIPELINE), "console")
    return list(typed(block))
