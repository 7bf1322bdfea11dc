"""The sample documents on the cluster: uploaded, run, and their results fetched."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.support.cluster.commands import ROOT, Document
from tests.support.cluster.space import Space
from tests.support.cluster.uploads import upload
from tests.support.recorded import stages_of

SAMPLES = ROOT / "manifests" / "samples"
HANDS = 3
"""Commands that are run side by side."""
T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """A finished run and its results."""

    space: Space
    name: str
    run: Document
    folder: Path

    @property
    def stages(self) -> dict[str, Document]:
        """The stages of its status, by name."""
        return {stage["name"]: stage for stage in stages_of(self.run)}

    @property
    def text(self) -> str:
        """The document as Markdown."""
        return (self.folder / "markdown" / "document.md").read_text()

    @property
    def words(self) -> str:
        """The same with single spaces: where lines end says nothing."""
        return " ".join(self.text.split())

    def output(self, stage: str) -> dict[str, Any]:
        """A stage's own JSON."""
        return json.loads((self.folder / stage / f"{stage}.json").read_text())

    def result(self, stage: str) -> dict[str, Any]:
        """What stagekit stored of a stage."""
        return json.loads((self.folder / stage / "result.json").read_text())

    def lines(self, stage: str, file: str) -> list[dict[str, Any]]:
        """A file with a JSON object a line."""
        return [json.loads(line) for line in (self.folder / stage / file).read_text().splitlines()]


def sample(name: str) -> Document:
    """An object of `manifests/samples`."""
    document: Document = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text())
    return document


def uploaded(space: Space, name: str) -> Document:
    """A sample PipelineJob whose document has been uploaded to the namespace."""
    job = sample(name)
    # An artifact's address names its namespace; the samples are written for `default`.
    written = job["spec"]["input"]["uri"].replace("//default/", f"//{space.namespace}/")
    assert upload(space, SAMPLES / written.rpartition("/")[2]) == written
    job["spec"]["input"]["uri"] = written
    return job


def side_by_side(act: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """What `act` gives for each name, a few at once."""
    wanted = list(names)
    with ThreadPoolExecutor(HANDS) as pool:
        return dict(zip(wanted, pool.map(act, wanted), strict=True))


def finished(space: Space, name: str, folder: Path, seconds: float) -> Done:
    """Wait until a run is completed, and fetch its results."""
    run = space.wait_for_end(name, "Completed", seconds)
    return Done(space, name, run, space.results(name, folder / name))


def table_in(text: str) -> list[list[str]]:
    """Cells of the first Markdown table, without the line under its head."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return [rows[0], *rows[2:]]
