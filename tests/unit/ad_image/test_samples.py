"""The samples: valid, and about the picture that lies beside them."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml
from adimage.__main__ import STAGES

from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec
from tests.unit.ad_image.conftest import ROOT, SNEAKER

SAMPLES = ROOT / "manifests" / "samples"


def spec(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SAMPLES / name).read_text())["spec"]
    return found


def test_the_sample_pipeline_runs_the_nine_stages_in_order_on_all_three_machines() -> None:
    pipeline = PipelineSpec.model_validate(spec("pipeline-ad-image.yaml"))
    assert [s.name for s in pipeline.stages] == list(STAGES)
    assert [s.args for s in pipeline.stages] == [[name] for name in STAGES]
    assert {c for s in pipeline.stages for c in s.runsOn} == {"gpu", "macmini", "macbook"}


def test_the_sample_jobs_are_valid_and_use_the_pipelines_params() -> None:
    known = {p.name for p in PipelineSpec.model_validate(spec("pipeline-ad-image.yaml")).params}
    for name in ("ad-from-prompt.yaml", "ad-korean.yaml", "ad-from-picture.yaml"):
        job = PipelineJobSpec.model_validate(spec(name))
        assert set(job.params) <= known
        assert "prompt" in job.params


def test_the_given_picture_is_addressed_by_its_sha256_and_small() -> None:
    digest = hashlib.sha256(SNEAKER.read_bytes()).hexdigest()
    job = PipelineJobSpec.model_validate(spec("ad-from-picture.yaml"))
    assert job.input is not None
    assert job.input.uri == f"artifact://default/uploads/{digest}/sneaker.png"
    assert SNEAKER.stat().st_size < 400 * 1024
