"""What Helm and Flux think of a run: our states, judged by the real kstatus library."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hack.devcluster import go_programs
from hack.devcluster.paths import ROOT
from stagework.api import names
from stagework.api.kinds import PIPELINE, PIPELINEJOB, Kind
from stagework.api.pipeline import PipelineStatus
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.patches import JSON_OPTIONS, stored_document
from stagework.plans.pipeline.plan import Use
from stagework.plans.pipeline.plan import judged as judged_pipeline
from stagework.plans.pipelinejob.accept import accept
from stagework.plans.pipelinejob.run_status import run_status
from stagework.plans.plan import PlanBuilder
from tests.support.builders import World, after, make_fleet, make_pipeline, make_run, make_stage

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def kstatus() -> Path:
    return go_programs.of_ours("kstatus", ROOT / "tests" / "support" / "kstatus")


def said_by(
    program: Path, status: dict[str, Any], generation: int = 1, kind: Kind = PIPELINEJOB
) -> str:
    document = {
        "apiVersion": names.API_VERSION,
        "kind": kind.kind,
        "metadata": {"name": "ad", "generation": generation},
        "status": status,
    }
    line = orjson.dumps(document, option=JSON_OPTIONS).decode()
    return subprocess.run(
        [program], input=line, text=True, capture_output=True, check=True
    ).stdout.strip()


def judged(run: PipelineJob, *states: str, **more: Any) -> PipelineJobStatus:
    stages = [
        StageStatus.model_validate({"name": f"s{index}", "state": state, **more})
        for index, state in enumerate(states)
    ]
    return run_status(run, stages, [], NOW)


@pytest.mark.parametrize(
    ("states", "more", "reason", "wanted"),
    [
        (("Waiting", "Waiting"), {}, names.QUEUED, "InProgress"),
        (("Running", "Waiting"), {}, names.RUNNING, "InProgress"),
        (("Succeeded", "Waiting"), {}, names.WAITING, "InProgress"),
        (("Succeeded", "Succeeded"), {}, names.COMPLETED, "Current"),
        (("Succeeded", "Skipped"), {"skip": {"by": "ann"}}, names.COMPLETED_WITH_SKIPS, "Current"),
        (("Failed", "NotRun"), {}, names.STAGE_FAILED, "Failed"),
    ],
    ids=["queued", "running", "between stages", "completed", "with skips", "failed for good"],
)
def test_a_run_is_judged_by_where_its_stages_stand(
    kstatus: Path, states: tuple[str, ...], more: dict[str, Any], reason: str, wanted: str
) -> None:
    status = judged(make_run(), *states, **more)

    assert status.summary == reason
    assert said_by(kstatus, stored_document(status)) == wanted


def test_a_suspended_run_is_current_as_a_suspended_job_is(kstatus: Path) -> None:
    status = judged(make_run(suspend=True), "Waiting", "Waiting")

    assert status.summary == names.SUSPENDED
    assert said_by(kstatus, stored_document(status)) == "Current"


def test_a_run_that_nobody_has_seen_yet_is_in_progress(kstatus: Path) -> None:
    assert said_by(kstatus, {"observedGeneration": -1}) == "InProgress"


def test_a_run_whose_spec_was_changed_since_is_in_progress(kstatus: Path) -> None:
    status = judged(make_run(), "Succeeded")

    assert said_by(kstatus, stored_document(status), generation=2) == "InProgress"


def test_a_run_with_an_unknown_machine_class_has_failed(kstatus: Path) -> None:
    run = make_run(make_stage(runsOn=["mainframe"]))
    plan = accept(World(run=run).snapshot(), PlanBuilder(), NOW)

    assert plan.status is not None
    assert plan.status.summary == names.INVALID_SPEC
    assert said_by(kstatus, stored_document(plan.status)) == "Failed"


@pytest.mark.parametrize(
    ("seconds", "wanted"), [(1, "InProgress"), (61, "Failed")], ids=["just applied", "a minute old"]
)
def test_a_missing_pipeline_becomes_a_failure_only_after_a_minute(
    kstatus: Path, seconds: int, wanted: str
) -> None:
    plan = accept(
        World(run=make_run(pipeline="ad-image")).snapshot(), PlanBuilder(), after(seconds)
    )

    assert plan.status is not None
    assert plan.status.summary == names.PIPELINE_NOT_FOUND
    assert said_by(kstatus, stored_document(plan.status)) == wanted


@pytest.mark.parametrize(
    ("machine", "wanted"), [("gpu", "Current"), ("gpuu", "Failed")], ids=["good", "unknown machine"]
)
def test_a_pipeline_is_current_where_runs_can_use_it(
    kstatus: Path, machine: str, wanted: str
) -> None:
    pipeline = make_pipeline(make_stage("a", runsOn=[machine]), generation=1)
    plan = judged_pipeline(pipeline, PipelineStatus(), Use(3), make_fleet(), NOW)

    assert plan.status is not None
    status = stored_document(plan.status)
    assert said_by(kstatus, status, kind=PIPELINE) == wanted
    assert said_by(kstatus, status, generation=2, kind=PIPELINE) == "InProgress"


def test_a_pipeline_that_nobody_has_seen_yet_is_in_progress(kstatus: Path) -> None:
    assert said_by(kstatus, {"observedGeneration": -1}, kind=PIPELINE) == "InProgress"
