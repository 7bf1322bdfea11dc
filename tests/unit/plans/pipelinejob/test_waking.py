"""A stage that is deferred for a machine says whether that was asked to wake, and the answer."""

from stagework.api.machines import WakeHook
from stagework.plans.pipelinejob.snapshot import RunPlan, WakeAnswer, WakeQuestion
from tests.support.builders import (
    MACBOOK,
    World,
    after,
    make_fleet,
    make_node,
    make_stage,
    make_status,
)

HOOK = WakeHook(url="http://wake.example.org/macbook", pauseSeconds=600)
FLEET = make_fleet(MACBOOK.model_copy(update={"wakeHook": HOOK}))
QUESTION = WakeQuestion("macbook", after(100))


def deferred(*, asked_at: float | None = None, message: str = "", ready: bool = False) -> World:
    """A stage that waits for the MacBook since second 100."""
    answer = WakeAnswer(after(asked_at), "HTTP 204") if asked_at is not None else None
    state = make_status(
        "a", "Deferred", reason="MachineAway", message=message, waitingSince=after(100)
    )
    return World(
        stages=[make_stage("a", runsOn=["macbook"])],
        states=[state],
        fleet=FLEET,
        nodes=[make_node("macbook-0", "macbook", ready=ready, cordoned=True)],
        wakes={QUESTION: answer} if answer is not None else {},
    )


def wake_events(plan: RunPlan) -> list[str]:
    return [event.message for event in plan.events if event.reason == "WakeAsked"]


def test_a_machine_that_is_away_is_asked_to_wake() -> None:
    plan = deferred().plan(after(101))

    assert plan.questions == (QUESTION,)
    assert wake_events(plan) == []


def test_one_that_is_awake_is_not() -> None:
    assert deferred(ready=True).plan(after(101)).questions == ()


def test_what_was_answered_is_said_and_nothing_is_asked_again() -> None:
    world = deferred(asked_at=101)
    plan = world.plan(after(102))

    assert plan.questions == ()
    assert wake_events(plan) == ["stage a: class macbook was asked to wake: HTTP 204"]
    message = world.stages_after(after(102))["a"].message
    assert message.endswith("; until one is back; asked to wake at 2026-11-21T09:01:41Z: HTTP 204")


def test_it_is_told_once() -> None:
    said = deferred(asked_at=101).stages_after(after(102))["a"].message

    assert wake_events(deferred(asked_at=101, message=said).plan(after(103))) == []


def test_after_a_restart_of_the_operator_it_stands_until_there_is_another_answer() -> None:
    said = deferred(asked_at=101).stages_after(after(102))["a"].message

    restarted = deferred(message=said)
    assert restarted.stages_after(after(200))["a"].message == said
    assert restarted.plan(after(200)).questions == (QUESTION,)


def test_what_was_asked_for_another_stage_is_said_until_its_pause_is_over() -> None:
    world = deferred(asked_at=50)
    plan = world.plan(after(102))

    assert (plan.questions, wake_events(plan), plan.wake_at) == ((), [], after(650))
    assert "asked to wake at 2026-11-21T09:00:50Z" in world.stages_after(after(102))["a"].message
    assert world.plan(after(650)).questions == (QUESTION,)
