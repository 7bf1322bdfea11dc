"""Which Secrets a stage's images are pulled with."""

from dataclasses import replace
from typing import Any

from stagework.api.pipeline import PipelineSpec
from stagework.plans.pipelinejob.snapshot import resolved_of
from stagework.plans.plan import Create
from tests.support.builders import World, make_run, make_stage, make_status

OWN: dict[str, Any] = {"imagePullSecrets": [{"name": "own"}]}
STAGE = make_stage("a")
WAITS = make_status("a", reason="Queued")


def _secrets(world: World) -> object:
    (create,) = (a for a in world.plan().actions if isinstance(a, Create))
    return create.manifest["spec"]["template"]["spec"].get("imagePullSecrets")


def test_a_runs_own_stages_have_those_of_the_run() -> None:
    world = World(stages=[STAGE], states=[WAITS], spec=OWN)

    assert _secrets(world) == [{"name": "own"}]


def test_those_of_a_run_that_names_a_pipeline_do_not_count() -> None:
    """They are refused at apply; one from before that rule must not use others' Secrets."""
    of_pipeline = PipelineSpec.model_validate(
        {"stages": [STAGE.model_dump()], "imagePullSecrets": [{"name": "team"}]}
    )
    snapshot = World(stages=[STAGE], states=[WAITS]).snapshot()
    run = make_run(pipeline="ad", **OWN)

    named = replace(snapshot, run=run, resolved=resolved_of(of_pipeline))
    assert named.pull_secrets == ("team",)


def test_a_run_that_is_not_accepted_has_none() -> None:
    assert World(stages=[STAGE], spec=OWN).snapshot().pull_secrets == ()
