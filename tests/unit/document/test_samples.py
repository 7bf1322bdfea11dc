"""The samples: valid, about the documents that lie beside them, and on the machines of the map."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml
from docpipe.__main__ import STAGES

from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec
from tests.unit.document.conftest import SAMPLES

DOCUMENTS = sorted(p for p in SAMPLES.glob("document-*") if p.suffix != ".yaml")
MACHINES = {
    "classify": ["macmini"],
    "summarize": ["macmini", "macbook"],
    "deep_summary": ["macbook", "macmini"],
}
"""All other stages run on gpu."""


def spec(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SAMPLES / name).read_text())["spec"]
    return found


def test_the_pipeline_has_the_eleven_stages_each_on_its_machine() -> None:
    pipeline = PipelineSpec.model_validate(spec("pipeline-document.yaml"))
    assert [s.name for s in pipeline.stages] == list(STAGES)
    assert [s.args for s in pipeline.stages] == [[name] for name in STAGES]
    for stage in pipeline.stages:
        assert stage.runsOn == MACHINES.get(stage.name, ["gpu"])


def test_what_does_not_wait_for_each_other_runs_side_by_side() -> None:
    pipeline = PipelineSpec.model_validate(spec("pipeline-document.yaml"))
    above = {stage.name: set(stage.dependsOn or []) for stage in pipeline.stages}
    assert [n for n, a in above.items() if not a] == ["extract", "stt", "preview", "thumbnail"]
    assert above["fulltext"] == above["embed"] == {"chunk"}
    assert above["classify"] == above["summarize"] == {"embed"}
    assert above["deep_summary"] == {"summarize"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_job_names_its_document_by_the_sha256_and_the_document_is_small(path: Any) -> None:
    job = PipelineJobSpec.model_validate(spec(f"{path.stem}.yaml"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert job.input is not None
    assert job.input.uri == f"artifact://default/uploads/{digest}/{path.name}"
    assert path.stat().st_size < 400 * 1024
