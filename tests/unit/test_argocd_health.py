"""What Argo CD thinks of our objects: the Lua of docs/monitoring.md, over statuses of real plans.

Argo CD runs Lua 5.1.
"""

import importlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import yaml

from hack.devcluster.paths import ROOT
from stagework.api.conditions import conditions_of_use
from stagework.api.pipeline import PipelineStatus
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.cluster.patches import JSON_OPTIONS, stored_document
from stagework.plans.pipeline.plan import Use
from stagework.plans.pipeline.plan import judged as judged_pipeline
from stagework.plans.pipelinejob.run_status import run_status
from stagework.plans.scheduledjob.plan import plan as schedule_plan
from stagework.plans.scheduledjob.snapshot import Snapshot
from tests.support.builders import make_fleet, make_pipeline, make_run, make_stage
from tests.support.builders.schedules import CREATED, make_schedule

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAGE = ROOT / "docs" / "monitoring.md"


def script() -> str:
    """As people paste it."""
    section = PAGE.read_text().split("## Argo CD")[1]
    block = section.split("```yaml\n")[1].split("```")[0]
    customizations = yaml.safe_load(yaml.safe_load(block)["data"]["resource.customizations"])
    lua: str = customizations["stagework.dev/*"]["health.lua"]
    return lua


def health(status: dict[str, Any] | None, generation: int = 1) -> tuple[str, str]:
    """Status and message."""
    lua: Any = importlib.import_module("lupa.lua51").LuaRuntime()
    document: dict[str, Any] = {"metadata": {"name": "x", "generation": generation}}
    if status is not None:
        document["status"] = status
    lua.globals().obj = lua.table_from(document, recursive=True)
    answer = lua.execute(script())
    return answer.status, answer.message


def run(*states: str, suspend: bool = False, **more: Any) -> dict[str, Any]:
    made: PipelineJob = make_run(suspend=suspend)
    stages = [
        StageStatus.model_validate({"name": f"s{number}", "state": state, **more})
        for number, state in enumerate(states)
    ]
    return as_stored(run_status(made, stages, [], NOW))


def as_stored(status: Any) -> dict[str, Any]:
    """Times as text, as the API server has them."""
    document: dict[str, Any] = orjson.loads(
        orjson.dumps(stored_document(status), option=JSON_OPTIONS)
    )
    return document


def schedule(**spec: Any) -> dict[str, Any]:
    decided = schedule_plan(Snapshot(make_schedule({"cron": "0 2 * * *"}, **spec)), CREATED)
    assert decided.status is not None
    return as_stored(decided.status)


def pipeline(machine: str) -> dict[str, Any]:
    made = make_pipeline(make_stage("a", runsOn=[machine]), generation=1)
    plan = judged_pipeline(made, PipelineStatus(), Use(3), make_fleet(), NOW)
    assert plan.status is not None
    return as_stored(plan.status)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (run("Waiting", "Waiting"), "Progressing"),
        (run("Running", "Waiting"), "Progressing"),
        (run("Succeeded", "Succeeded"), "Healthy"),
        (run("Succeeded", "Skipped", skip={"by": "ann"}), "Healthy"),
        (run("Failed", "NotRun"), "Degraded"),
        (run("Waiting", suspend=True), "Suspended"),
        (schedule(), "Healthy"),
        (schedule(suspend=True), "Suspended"),
        (schedule(timeZone="Europe/Berlim"), "Degraded"),
        (pipeline("gpu"), "Healthy"),
        (pipeline("gpuu"), "Degraded"),
        (None, "Progressing"),
        ({"observedGeneration": -1}, "Progressing"),
    ],
)
def test_an_object_is_judged_by_its_conditions(status: dict[str, Any] | None, wanted: str) -> None:
    assert health(status)[0] == wanted


def test_what_was_changed_since_is_in_progress() -> None:
    assert health(run("Succeeded"), generation=2)[0] == "Progressing"


def test_it_says_why() -> None:
    assert "gpuu" in health(pipeline("gpuu"))[1]
    assert health(None)[1] == "the operator has not seen it yet"


def test_what_is_not_ready_for_a_while_is_in_progress() -> None:
    conditions = conditions_of_use(
        [], 1, ready=False, reason="Waits", message="soon", now=NOW, passing=True
    )
    listed = [{"type": c.type, "status": c.status, "message": c.message} for c in conditions]
    assert health({"observedGeneration": 1, "conditions": listed}) == ("Progressing", "soon")
