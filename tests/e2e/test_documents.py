"""The document job: a report and a Korean report, from PDF to search, label and summaries."""

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cluster.commands import ROOT, Document
from tests.support.cluster.space import Space

SECONDS = 200.0
"""For one run, on a busy machine."""
SAMPLES = ROOT / "manifests" / "samples"
MACHINES = {
    "classify": {"macmini"},
    "summarize": {"macmini", "macbook"},
    "deep_summary": {"macbook", "macmini"},
}
"""The map of machines; all other stages belong on gpu."""
KNOWN = {
    "document-report": (
        "When the tide rises, the sea pushes a hinged gate open and fills the basin",
        "The dam had been breached by a storm in 1953.",
        "It was made from green oak by two carpenters from the village",
    ),
    "document-korean": (
        "만조가 되면 수문이 저절로 닫히고 물이 갇힌다.",
        "달이 시간을 정하기 때문에 방앗간이 일하는 시간은 날마다 다르다.",
    ),
}
"""Sentences that stand in the documents."""
SEARCHED = {"document-report": "avocets", "document-korean": "저수지는"}
RUNS = tuple(KNOWN)


@dataclass(frozen=True)
class Done:
    """A finished run and its results."""

    space: Space
    name: str
    run: Document
    folder: Path

    def output(self, stage: str) -> dict[str, Any]:
        """A stage's own JSON."""
        return json.loads((self.folder / stage / f"{stage}.json").read_text())

    @property
    def stages(self) -> dict[str, Document]:
        """The stages of its status, by name."""
        return {each["name"]: each for each in self.run["status"]["stages"]}


def stages() -> list[Document]:
    """The stages of the sample pipeline."""
    return yaml.safe_load((SAMPLES / "pipeline-document.yaml").read_text())["spec"]["stages"]


def finished(space: Space, name: str, folder: Path) -> Done:
    """Upload the document, apply its sample, wait for the end and fetch the results."""
    manifest = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text())
    uploaded = space.stagework("upload", f"manifests/samples/{name}.pdf")
    assert uploaded.ok, uploaded.said
    # An artifact's address names its namespace; the samples are written for `default`.
    written = manifest["spec"]["input"]["uri"].replace("//default/", f"//{space.namespace}/")
    assert uploaded.out.split()[0] == written
    manifest["spec"]["input"]["uri"] = written
    space.apply(manifest)
    run = space.wait_for_end(name, "Completed", SECONDS)
    return Done(space, name, run, space.results(name, folder / name))


@pytest.fixture(scope="module")
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """Both runs, one after the other: stages that overlap are those of one job."""
    space.apply(yaml.safe_load((SAMPLES / "pipeline-document.yaml").read_text()))
    folder = tmp_path_factory.mktemp("documents")
    return {name: finished(space, name, folder) for name in RUNS}


@pytest.fixture(params=RUNS)
def done(request: pytest.FixtureRequest, runs: dict[str, Done]) -> Done:
    """Each of the finished runs."""
    return runs[request.param]


def test_every_stage_ran_once_and_on_a_node_of_its_class(done: Done) -> None:
    assert done.run["status"]["progress"] == "11/11"
    assert done.run["status"]["attempts"] == 11
    for stage in stages():
        name = stage["name"]
        pod = done.space.pod_of(done.name, name)
        node = done.space.api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
        label = node["metadata"]["labels"]["stagework.dev/machine"]
        assert label in MACHINES.get(name, {"gpu"}), name
        status = done.stages[name]
        assert (status["machine"], status["node"]) == (label, pod["spec"]["nodeName"])


def test_only_stt_had_nothing_to_do_and_says_why(done: Done) -> None:
    states = {name: stage["state"] for name, stage in done.stages.items()}
    assert states == {**dict.fromkeys(states, "Succeeded"), "stt": "Skipped"}
    assert done.stages["stt"]["reason"] == "NoSound"


def test_no_stage_began_before_those_that_it_needs_had_ended(done: Done) -> None:
    for stage in stages():
        began = done.stages[stage["name"]]["startTime"]
        for needed in stage["dependsOn"]:
            assert done.stages[needed]["completionTime"] <= began, (needed, stage["name"])


def test_stages_that_do_not_wait_for_each_other_ran_side_by_side(done: Done) -> None:
    layers = (("extract", "preview", "thumbnail"), ("fulltext", "embed"), ("classify", "summarize"))
    times = {name: (at["startTime"], at["completionTime"]) for name, at in done.stages.items()}
    together = [
        (one, other)
        for layer in layers
        for one, other in combinations(layer, 2)
        # Times are whole seconds: what only touches does not count.
        if max(times[one][0], times[other][0]) < min(times[one][1], times[other][1])
    ]
    assert together, times


def test_the_words_of_the_document_are_in_its_markdown(done: Done) -> None:
    text = " ".join((done.folder / "markdown" / "document.md").read_text().split())
    assert [sentence for sentence in KNOWN[done.name] if sentence not in text] == []


def test_a_word_is_found_by_search(done: Done) -> None:
    word = SEARCHED[done.name]
    found = done.space.stagework("search", done.name, word, "--to", str(done.folder))
    assert found.ok, found.said
    assert word in found.out
    nothing = done.space.stagework("search", done.name, "submarine", "--to", str(done.folder))
    assert "submarine" not in nothing.out


def test_every_chunk_has_a_vector(done: Done) -> None:
    chunks = [chunk["id"] for chunk in done.output("chunk")["chunks"]]
    assert len(chunks) >= 3
    assert done.output("embed")["ids"] == chunks


def test_it_is_classified_as_a_report(done: Done) -> None:
    assert done.output("classify")["label"] == "report"


def test_its_summaries_are_its_own_sentences(done: Done) -> None:
    text = " ".join((done.folder / "markdown" / "document.md").read_text().split())
    summary = done.output("summarize")
    assert len(summary["sentences"]) >= 3
    assert all(" ".join(each["text"].split()) in text for each in summary["sentences"])
    deep = done.output("deep_summary")
    assert deep["overview"] == summary["summary"]
    assert len(deep["sections"]) >= 3
    assert all(section["summary"] for section in deep["sections"])


def test_each_output_says_that_it_was_made_by_the_built_in_method(done: Done) -> None:
    for name, stage in done.stages.items():
        if stage["state"] == "Succeeded":
            assert done.output(name)["method"] == "builtin", name
