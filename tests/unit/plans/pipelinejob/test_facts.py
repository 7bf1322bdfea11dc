"""What history keeps of a run: by what a decision changes, and from its status alone."""

from typing import Any

import pytest

from stagework.api.facts import AnyFact, AttemptFact, InterventionFact, RunFact
from stagework.api.intervention import InterventionStatus
from stagework.api.kinds import INTERVENTION
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import EndedAttempt, SkipRecord, StageStatus, Stopping
from stagework.plans.pipelinejob.facts import facts_of, with_history
from stagework.plans.pipelinejob.run_status import run_status
from stagework.plans.pipelinejob.snapshot import PlanSettings, Resolved, Snapshot
from stagework.plans.pipelinejob.transitions import transitions
from stagework.plans.plan import Answer, ForHistory, Plan
from tests.support.builders import (
    RUN_NAME,
    RUN_UID,
    T0,
    after,
    make_fleet,
    make_intervention,
    make_run,
    make_stage,
    make_status,
)
from tests.support.builders.world import POD_DEFAULTS

NOW = after(100)
RUNS: dict[str, Any] = {"machine": "macmini", "node": "mini-0", "pod": "p1", "turnTime": after(5)}
STARTED: dict[str, Any] = {**RUNS, "startTime": after(7)}
SETTINGS = PlanSettings(make_fleet(), POD_DEFAULTS, look_ahead=2, keep_jobs_seconds=60)
STAGE = make_stage(retries=4)


def kept(before: StageStatus, now: StageStatus, **snapshot: Any) -> list[AnyFact]:
    """What is kept when this stage becomes that."""
    run = make_run(STAGE)
    accepted = run_status(run, [before], [], T0)
    run = run.model_copy(update={"status": accepted})
    status = run_status(run, [now], [], NOW)
    plan = Plan(status=status, facts=tuple(transitions(accepted, status)))
    stages = Resolved([STAGE], None)
    with_facts = with_history(Snapshot(run, SETTINGS, resolved=stages, **snapshot), plan, NOW)
    return [fact.kept for fact in with_facts.facts if isinstance(fact, ForHistory)]


def attempts(before: StageStatus, now: StageStatus) -> list[AttemptFact]:
    return [fact for fact in kept(before, now) if isinstance(fact, AttemptFact)]


WAITING = make_status(reason="NoFreeSlot")
STARTING = make_status(state="Starting", **RUNS)
RUNNING = make_status(state="Running", **STARTED)
FAILED = make_status(state="Failed", reason="ExitCode", completionTime=after(50), **STARTED)
SECOND: dict[str, Any] = {
    "attempt": 2,
    "reason": "BackOff",
    "message": "the program failed",
    "earlier": [EndedAttempt(attempt=1, reason="ExitCode", exitCode=7, time=after(50))],
}

CHANGES: dict[str, tuple[StageStatus, StageStatus, list[dict[str, Any]]]] = {
    "nothing of it": (make_status(), make_status(job="ad-1"), []),
    "it waits for a slot": (make_status(reason="Dependency"), WAITING, [{"queued": NOW}]),
    "its run's own limit is in its way": (
        make_status(reason="Dependency"),
        make_status(reason="ParallelismReached"),
        [{"queued": NOW}],
    ),
    "it has its turn at once": (make_status(), STARTING, [{"queued": NOW, "machine": "macmini"}]),
    "it has its turn after it waited": (WAITING, STARTING, []),
    "it runs": (STARTING, RUNNING, [{"queued": None, "started": after(7), "node": "mini-0"}]),
    "it runs on": (RUNNING, make_status(state="Running", reason="ResultAsked", **STARTED), []),
    "it succeeds": (
        RUNNING,
        make_status(state="Succeeded", completionTime=after(60), **STARTED),
        [{"ended": after(60), "outcome": "Succeeded", "started": after(7), "reason": ""}],
    ),
    "it fails": (
        RUNNING,
        FAILED.evolve(message="no such file", exitCode=1, logLine="Traceback"),
        [
            {
                "ended": after(50),
                "outcome": "Failed",
                "reason": "ExitCode",
                "message": "no such file; its log ends: Traceback",
                "exitCode": 1,
                "followed": False,
            }
        ],
    ),
    "it is stopped with its run": (
        RUNNING,
        FAILED.evolve(reason="StoppedByPerson"),
        [{"outcome": "Stopped", "reason": "StoppedByPerson"}],
    ),
    "it is being stopped": (RUNNING, RUNNING.evolve(stopping=Stopping(reason="TimedOut")), []),
    "it fails and is tried again": (
        RUNNING,
        make_status(failures=1, **SECOND),
        [
            {
                "attempt": 1,
                "ended": after(50),
                "outcome": "Failed",
                "reason": "ExitCode",
                "exitCode": 7,
                "message": "the program failed",
                "followed": True,
                "machine": "macmini",
                "started": after(7),
            }
        ],
    ),
    "it is interrupted": (
        RUNNING,
        make_status(interruptions=1, **SECOND),
        [{"attempt": 1, "outcome": "Interrupted"}],
    ),
    "it puts itself off": (
        RUNNING,
        make_status(deferrals=1, **SECOND),
        [{"attempt": 1, "outcome": "Deferred"}],
    ),
    "a person wants another attempt of it": (
        RUNNING,
        make_status(attempt=2, reason="RetriedByPerson"),
        [{"attempt": 1, "outcome": "Retried", "ended": NOW, "reason": "RetriedByPerson"}],
    ),
    "a person wants another attempt of what had failed": (
        FAILED,
        WAITING.evolve(attempt=2, earlier=SECOND["earlier"]),
        [
            {"attempt": 1, "outcome": "Failed", "followed": True, "ended": after(50)},
            {"attempt": 2, "queued": NOW, "outcome": ""},
        ],
    ),
    "a person skips what had failed": (
        FAILED,
        FAILED.evolve(state="Skipped", reason="SkippedByPerson", completionTime=after(70)),
        [{"outcome": "Skipped", "ended": after(70), "reason": "SkippedByPerson"}],
    ),
    "a stage above it has found it not to be needed": (
        make_status(),
        make_status(state="Skipped", skip=SkipRecord(stage="above"), completionTime=after(1)),
        [],
    ),
    "it will not run": (make_status(), make_status(state="NotRun", reason="UpstreamFailed"), []),
    "it was queued and will not run": (
        WAITING,
        make_status(state="NotRun", reason="StoppedByPerson"),
        [{"outcome": "Stopped", "ended": NOW}],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_of_a_stage_is_kept(what: str) -> None:
    before, now, expected = CHANGES[what]
    found = attempts(before, now)
    assert [
        {name: getattr(fact, name) for name in wanted}
        for fact, wanted in zip(found, expected, strict=True)
    ] == expected


def test_every_fact_says_whose_it_is_where_it_waits_and_how_often_it_is_tried() -> None:
    (fact,) = attempts(make_status(), WAITING)
    assert (fact.uid, fact.namespace, fact.stage, fact.attempt) == (RUN_UID, "ads", "img_gen", 1)
    assert (fact.home, fact.maxAttempts, fact.at) == ("gpu", 5, NOW)


def test_of_a_run_that_works_on_only_its_stages_are_kept() -> None:
    assert [fact.kind for fact in kept(STARTING, RUNNING)] == ["Attempt"]


def test_of_a_run_is_kept_how_it_ended() -> None:
    ended = make_status(state="Succeeded", completionTime=after(60), **STARTED)
    run = next(fact for fact in kept(RUNNING, ended) if isinstance(fact, RunFact))
    assert (run.name, run.state, run.ended, run.done, run.stages) == (
        RUN_NAME,
        "Completed",
        NOW,
        1,
        1,
    )


def test_a_run_that_is_taken_up_again_has_no_end() -> None:
    again = WAITING.evolve(attempt=2)
    run = next(fact for fact in kept(FAILED, again) if isinstance(fact, RunFact))
    assert run.ended is None


def test_an_answer_is_kept_with_who_asked_and_why() -> None:
    request = make_intervention("Retry", "img_gen", reason="font was missing", requestedBy="ops")
    meta = request.metadata
    target = INTERVENTION.ref(meta.namespace, meta.name, meta.uid)
    answer = InterventionStatus(answered=NOW, requested=1, affected=1, summary="Done")
    run = make_run(STAGE)
    plan = Plan(
        status=run_status(run, [WAITING], [], NOW),
        afterwards=(Answer(target, answer, adopt=True),),
    )
    snapshot = Snapshot(run, SETTINGS, interventions=(request,))
    facts = [f.kept for f in with_history(snapshot, plan, NOW).facts if isinstance(f, ForHistory)]
    (fact,) = (fact for fact in facts if isinstance(fact, InterventionFact))
    assert (fact.uid, fact.run, fact.verb, fact.stages) == (meta.uid, RUN_UID, "Retry", "img_gen")
    assert (fact.by, fact.reason, fact.affected, fact.answer) == (
        "ops",
        "font was missing",
        1,
        "Done",
    )


def test_a_plan_that_changes_no_status_keeps_nothing() -> None:
    plan: Plan[PipelineJobStatus] = Plan()
    assert with_history(Snapshot(make_run(STAGE), SETTINGS), plan, NOW) is plan


def test_a_status_says_what_it_can() -> None:
    stages = [
        FAILED.evolve(attempt=3, earlier=SECOND["earlier"]),
        make_status("running", state="Running", **STARTED),
        make_status("waiting", reason="NoFreeSlot"),
        make_status("left_out", state="Skipped", skip=SkipRecord(stage="img_gen")),
        make_status("not_run", state="NotRun", reason="UpstreamFailed"),
    ]
    run = make_run(STAGE, title="An ad", tenant="acme")
    run = run.model_copy(update={"status": run_status(run, stages, [], NOW)})
    told, *of_stages = facts_of(run, after(40))
    assert isinstance(told, RunFact)
    assert (told.title, told.tenant, told.stages, told.at) == ("An ad", "acme", 5, after(40))
    found = [fact for fact in of_stages if isinstance(fact, AttemptFact)]
    assert [(f.stage, f.attempt, f.outcome, f.followed) for f in found] == [
        ("img_gen", 1, "Retried", True),
        ("img_gen", 3, "Failed", False),
        ("running", 1, "", False),
    ]
    earlier, last, _ = found
    assert (earlier.ended, earlier.exitCode, earlier.at) == (after(50), 7, after(50))
    assert (last.queued, last.started, last.ended) == (after(5), after(7), after(50))
