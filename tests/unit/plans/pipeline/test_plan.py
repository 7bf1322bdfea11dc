"""What the status of a Pipeline says, and when it is written."""

from datetime import datetime, timedelta

import pytest

from stagework.api import names
from stagework.api.conditions import find
from stagework.api.pipeline import Param, Pipeline, PipelineStatus
from stagework.plans.pipeline.plan import COUNT_PAUSE, Use, judged, not_readable
from stagework.plans.plan import Plan
from tests.support.builders import T0, after, make_fleet, make_pipeline, make_stage

NEW = PipelineStatus()
SOON, LATER = T0 + COUNT_PAUSE / 2, T0 + COUNT_PAUSE


def judge(
    pipeline: Pipeline,
    before: PipelineStatus = NEW,
    runs: int = 0,
    *,
    written: datetime | None = None,
    now: datetime = T0,
) -> Plan[PipelineStatus]:
    return judged(pipeline, before, Use(runs, written), make_fleet(), now)


def status_of(plan: Plan[PipelineStatus]) -> PipelineStatus:
    assert plan.status is not None
    return plan.status


def said(status: PipelineStatus) -> dict[str, tuple[str, str, str]]:
    return {c.type: (c.status, c.reason, c.message) for c in status.conditions}


GOOD = make_pipeline(
    *(make_stage(name) for name in "abc"), params=[Param(name="who"), Param(name="size")]
)
KNOWN = status_of(judge(GOOD, runs=3))


def test_it_counts_stages_params_and_runs() -> None:
    plan = judge(GOOD, runs=3)

    status = status_of(plan)
    assert (status.stages, status.params, status.runs) == (3, 2, 3)
    assert plan.urgent, "a person has just written it, and looks"


def test_one_that_runs_can_use_is_ready_and_says_no_more() -> None:
    assert said(KNOWN) == {
        "Ready": ("True", names.ACCEPTED, ""),
        "Stalled": ("False", names.ACCEPTED, ""),
    }
    assert judge(GOOD).events == ()


def test_one_that_names_an_unknown_machine_says_so_in_conditions_and_an_event() -> None:
    bad = make_pipeline(make_stage("a", runsOn=["gpuu"]))

    plan = judge(bad)

    sentence = "stage a: unknown machine class 'gpuu' in runsOn; known are gpu, macmini, macbook"
    assert said(status_of(plan)) == {
        "Ready": ("False", names.INVALID_SPEC, sentence),
        "Stalled": ("True", names.INVALID_SPEC, sentence),
    }
    (event,) = plan.events
    assert (event.reason, event.message, event.type) == ("InvalidSpec", sentence, "Warning")


def test_its_defaults_are_params_too() -> None:
    long = make_pipeline(params=[Param(name="a", default="x" * 40_000) for _ in "x"])
    pair = [Param(name=name, default="x" * 40_000) for name in ("a", "b")]
    longer = make_pipeline(params=pair)

    assert find(status_of(judge(long)).conditions, names.READY).status == "True"  # type: ignore[union-attr]
    assert "64 KiB" in str(said(status_of(judge(longer))))


def test_what_it_says_already_is_neither_written_nor_told_again() -> None:
    bad = make_pipeline(make_stage("a", runsOn=["gpuu"]))
    before = status_of(judge(bad))

    again = judge(bad, before, now=after(5))

    assert (again.status, again.events) == (None, ())


def test_a_corrected_one_is_ready_since_then() -> None:
    before = status_of(judge(make_pipeline(make_stage("a", runsOn=["gpuu"]), generation=1)))

    plan = judge(make_pipeline(make_stage("a"), generation=2), before, now=after(5))

    ready = find(status_of(plan).conditions, names.READY)
    assert ready is not None
    assert (ready.status, ready.lastTransitionTime) == ("True", after(5))
    assert status_of(plan).observedGeneration == 2
    assert (plan.urgent, plan.events) == (True, ())


@pytest.mark.parametrize("pause", [timedelta(0), COUNT_PAUSE / 2])
def test_another_number_of_runs_waits_until_a_while_after_the_last_write(pause: timedelta) -> None:
    plan = judge(GOOD, KNOWN, 4, written=T0, now=T0 + pause)

    assert plan.status is None
    assert plan.wake_at == LATER


def test_then_it_is_said_and_need_not_be_written_at_once() -> None:
    plan = judge(GOOD, KNOWN, 4, written=T0, now=LATER)

    assert status_of(plan) == KNOWN.evolve(runs=4)
    assert not plan.urgent


def test_where_it_was_never_written_nothing_is_waited_for() -> None:
    assert status_of(judge(GOOD, KNOWN, 4, now=SOON)).runs == 4


def test_a_new_spec_does_not_wait() -> None:
    changed = make_pipeline(make_stage("a"), generation=2)

    plan = judge(changed, KNOWN, 4, written=T0, now=SOON)

    assert (status_of(plan).stages, status_of(plan).runs) == (1, 4)
    assert plan.urgent


def test_one_that_cannot_be_read_keeps_what_is_known_of_it() -> None:
    fault = (names.NOT_UNDERSTOOD, "spec.stages.0.gpus: not known")

    plan = not_readable(make_pipeline(generation=2), KNOWN, Use(1, T0), fault, SOON)

    status = status_of(plan)
    assert (status.stages, status.params, status.runs) == (3, 2, 1)
    assert said(status)["Ready"] == ("False", *fault)
    assert status.observedGeneration == 2
