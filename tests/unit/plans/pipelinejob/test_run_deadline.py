"""A run that has been active for too long is ended as a whole, and can be opened again."""

from typing import Any

import pytest

from stagework.api.pipeline import effective_dependencies
from stagework.api.stage_status import StageStatus, Stopping
from stagework.plans.pipelinejob.interventions import preview
from stagework.plans.plan import Plan
from tests.support.builders import (
    T0,
    World,
    after,
    answers,
    make_intervention,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
    ungated,
)

LIMIT = 100
OVER = "activeDeadlineSeconds (100 s) is over"
A = make_stage("a", dependsOn=[], timeoutSeconds=1000)
B = make_stage("b", dependsOn=["a"])
C = make_stage("c", dependsOn=[], runsOn=["macbook"])
SIDE = make_stage("side", dependsOn=[])
JOB = make_job("a")
POD = running(ungated(make_pod(JOB)))
RUNS = make_status("a", "Running", pod=POD.metadata.uid, machine="gpu", node="gpu-0", startTime=T0)
WAITS = make_status("b", reason="DependenciesPending")
AWAY = [make_node("gpu-0", "gpu"), make_node("macbook-0", "macbook", ready=False)]


def _world(*states: StageStatus, **changes: Any) -> World:
    stages = {"a": A, "b": B, "c": C, "side": SIDE}
    status = changes.pop("status", {"startTime": T0, "activeSince": T0})
    spec = {"activeDeadlineSeconds": LIMIT, **changes.pop("spec", {})}
    fields: dict[str, Any] = {"jobs": [JOB], "pods": [POD], **changes}
    return World(
        stages=[stages[state.name] for state in states],
        states=states,
        status=status,
        spec=spec,
        **fields,
    )


def _clock(plan: Plan[Any]) -> tuple[int, Any]:
    status = plan.status
    assert status is not None
    return status.activeSeconds or 0, status.activeSince


def test_a_run_without_a_deadline_keeps_no_clock() -> None:
    accepted = World(stages=[A], spec={"activeDeadlineSeconds": None}).plan()

    assert _clock(accepted) == (0, None)


def test_its_clock_begins_when_it_is_accepted() -> None:
    accepted = World(stages=[A], spec={"activeDeadlineSeconds": LIMIT}).plan(T0)
    plan = _world(make_status("a", reason="Queued"), jobs=[], pods=[]).plan(after(3))

    assert _clock(accepted) == _clock(plan) == (0, T0)
    assert plan.wake_at is not None
    assert plan.wake_at <= after(LIMIT)


def test_what_works_is_stopped_and_what_waits_is_not_run() -> None:
    stages = _world(RUNS, WAITS).stages_after(after(LIMIT))

    assert stages["a"].state == "Running"
    assert stages["a"].stopping is not None
    assert stages["a"].stopping.reason == "DeadlineExceeded"
    assert (stages["b"].state, stages["b"].reason) == ("NotRun", "DeadlineExceeded")


def test_until_then_nothing_happens_to_it() -> None:
    stages = _world(RUNS, WAITS).stages_after(after(LIMIT - 1))

    assert stages["a"].stopping is None
    assert stages["b"].state == "Waiting"


def _over(**changes: Any) -> World:
    """A run that was ended for its deadline while `a` worked; `side` stood in a queue."""
    failed = make_status("a", "Failed", reason="DeadlineExceeded", pod="p", completionTime=T0)
    below = make_status("b", "NotRun", reason="DeadlineExceeded", message=OVER)
    cut = make_status("side", "NotRun", reason="DeadlineExceeded", message=OVER)
    status = {
        "startTime": T0,
        "activeSeconds": LIMIT,
        "completionTime": after(LIMIT),
        **changes.pop("status", {}),
    }
    return _world(failed, below, cut, jobs=[], pods=[], status=status, **changes)


def test_the_run_has_failed_for_a_reason_of_its_own() -> None:
    status = _over().plan(after(200)).status

    assert status is not None
    assert (status.summary, status.ended) == ("DeadlineExceeded", True)
    assert status.message == "ended after activeDeadlineSeconds (100 s), 0 of 3 stages done"
    assert list(status.stages) == list(_over().states), "nothing is told twice"
    assert _clock(_over().plan(after(200))) == (LIMIT, None)


def test_what_was_stopped_for_it_is_not_tried_again() -> None:
    stopping = {"reason": "DeadlineExceeded", "message": OVER}
    world = _world(RUNS.model_copy(update={"stopping": Stopping.model_validate(stopping)}), WAITS)
    stages = world.but(pods=[terminated(POD, 143)]).stages_after(after(LIMIT + 5))

    assert (stages["a"].state, stages["a"].reason) == ("Failed", "DeadlineExceeded")


def test_a_run_that_only_stood_in_a_queue_has_failed_too() -> None:
    queued = make_status("a", reason="NoFreeSlot")
    plan = _world(queued, WAITS, jobs=[], pods=[]).plan(after(LIMIT))

    assert plan.status is not None
    assert plan.status.summary == "DeadlineExceeded"
    assert {stage.state for stage in plan.status.stages} == {"NotRun"}
    (told,) = (event for event in plan.events if event.reason == "Failed")
    assert told.message == (
        f"ended after activeDeadlineSeconds ({LIMIT} s), 0 of 2 stages done; next: stagework retry "
        "ad-3b87 -n ads (a retry goes on from there; if runs only need longer, raise "
        "`activeDeadlineSeconds`)"
    )


def test_a_stage_whose_work_was_done_in_time_stays_done() -> None:
    done = make_status("a", "Succeeded", commit={"attempt": 1}, completionTime=T0)
    stages = _world(done, make_status("b", reason="NoFreeSlot"), jobs=[], pods=[]).stages_after(
        after(LIMIT)
    )

    assert (stages["a"].state, stages["b"].state) == ("Succeeded", "NotRun")


class TestClockStandsStill:
    QUEUED = make_status("c", reason="NoNodeOfClass", waitingSince=T0)

    def test_while_the_laptop_is_away(self) -> None:
        world = _world(self.QUEUED, jobs=[], pods=[], nodes=AWAY)
        plan = world.plan(after(40))

        assert _clock(plan) == (40, None)

    def test_and_such_a_run_is_never_over(self) -> None:
        still = {"startTime": T0, "activeSeconds": 40}
        world = _world(self.QUEUED, jobs=[], pods=[], nodes=AWAY, status=still)
        stages = world.stages_after(after(100_000))

        assert stages["c"].state == "Deferred"

    def test_nor_when_that_is_seen_late(self) -> None:
        world = _world(self.QUEUED, jobs=[], pods=[], nodes=AWAY)
        plan = world.plan(after(100_000))

        assert _clock(plan) == (LIMIT - 1, None)
        assert plan.status is not None
        assert plan.status.stages[0].state == "Deferred"

    def test_and_goes_on_when_the_laptop_is_back(self) -> None:
        still = {"startTime": T0, "activeSeconds": 40}
        back = [make_node("macbook-0", "macbook")]
        world = _world(self.QUEUED, jobs=[], pods=[], nodes=back, status=still)
        plan = world.plan(after(100_000))

        assert _clock(plan) == (40, after(100_000))

    def test_while_the_lid_is_closed_on_what_runs(self) -> None:
        pod = running(ungated(make_pod(make_job("c", machine="macbook"))), node="macbook-0")
        runs = make_status(
            "c", "Running", pod=pod.metadata.uid, machine="macbook", node="macbook-0", startTime=T0
        )
        world = _world(runs, jobs=[make_job("c", machine="macbook")], pods=[pod], nodes=AWAY)

        assert _clock(world.plan(after(40))) == (40, None)

    def test_but_not_while_something_else_works(self) -> None:
        plan = _world(RUNS, self.QUEUED, nodes=AWAY).plan(after(40))

        assert _clock(plan) == (0, T0)

    def test_nor_for_a_server_that_is_not_there(self) -> None:
        queued = make_status("a", reason="NoNodeOfClass", waitingSince=T0)
        plan = _world(queued, jobs=[], pods=[], nodes=[]).plan(after(40))

        assert _clock(plan) == (0, T0)

    def test_while_the_run_is_suspended(self) -> None:
        queued = make_status("a", reason="Queued")
        plan = _world(queued, jobs=[], pods=[], spec={"suspend": True}).plan(after(40))

        assert _clock(plan) == (40, None)


class TestOpenedAgain:
    @pytest.mark.parametrize("named", [(), ("a",), ("side",), ("b",)])
    def test_a_retry_of_anything_starts_the_clock_anew_and_all_goes_on(
        self, named: tuple[str, ...]
    ) -> None:
        request = make_intervention("Retry", *named)
        plan = _over(interventions=[request]).plan(after(500))

        assert plan.status is not None
        assert not plan.status.ended
        assert _clock(plan) == (0, after(500))
        assert not [stage.name for stage in plan.status.stages if stage.ended]
        (answer,) = answers(plan)
        assert answer.refused == []

    @pytest.mark.parametrize("named", [(), ("a",), ("side",)])
    def test_a_preview_says_the_same(self, named: tuple[str, ...]) -> None:
        world = _over(interventions=[make_intervention("Retry", *named)])
        before = {stage.name: stage for stage in world.states}
        seen = preview(
            world.interventions[0].spec, before, effective_dependencies(list(world.stages))
        )
        after_it = world.stages_after(after(500))

        opened = {name for name, stage in after_it.items() if not stage.ended}
        assert {*seen.affected, *seen.resets} == opened

    def test_what_was_not_begun_keeps_its_number(self) -> None:
        plan = _over(interventions=[make_intervention("Retry")]).plan(after(500))

        assert plan.status is not None
        attempts = {stage.name: stage.attempt for stage in plan.status.stages}
        assert attempts == {"a": 2, "b": 1, "side": 1}

    def test_a_run_none_of_whose_stages_had_begun_can_be_retried(self) -> None:
        cut = make_status("a", "NotRun", reason="DeadlineExceeded")
        world = _over(interventions=[make_intervention("Retry")]).but(stages=[A], states=[cut])
        stages = world.stages_after(after(500))

        assert stages["a"].active
        assert stages["a"].attempt == 1

    def test_a_skip_of_the_rest_opens_nothing(self) -> None:
        skips = [make_intervention("Skip", "a", "b", "side")]
        plan = _over(interventions=skips).plan(after(500))

        assert plan.status is not None
        assert (plan.status.summary, plan.status.ended) == ("CompletedWithSkips", True)
        assert _clock(plan) == (LIMIT, None)
