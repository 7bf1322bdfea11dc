"""Whole runs with clean-ups, stages for a failure, branches, approvals, stops, and a limit."""

import json

import pytest

from stagework.plans.pipelinejob.transitions import ApprovalAwaited
from tests.support.builders import line_of, make_intervention, make_run, make_stage
from tests.support.stepper import Behaviour, Stepper
from tests.support.stepper.behaviour import FAILS, HANGS, REFUSES, SKIPS
from tests.support.stepper.scenarios import (
    SCENARIOS,
    TAILS,
    coin,
    guarded,
    side_by_side,
)


def _ends(name: str) -> Stepper:
    return SCENARIOS[name](None).to_end()


def _reasons(stepper: Stepper) -> dict[str, str]:
    return {s.name: s.reason for s in stepper.run.status.stages}


def _begun(stepper: Stepper) -> list[str]:
    """Stages whose processes were there, in order."""
    processes = sorted(stepper.cluster.processes.values(), key=lambda p: p.began)
    return [process.stage for process in processes]


def _most_at_once(stepper: Stepper) -> int:
    spans = [(p.began, p.ended) for p in stepper.cluster.processes.values()]
    return max(sum(b <= at and (e is None or at < e) for b, e in spans) for at, _ in spans)


# --- runsIf ---------------------------------------------------------------------------------------


def test_after_a_failure_it_is_said_then_cleaned_up_and_the_run_has_failed_all_the_same() -> None:
    stepper = _ends("a failure that is told and cleaned up")

    assert stepper.states() == {
        "stage_1": "Succeeded",
        "stage_2": "Failed",
        "stage_3": "NotRun",
        "tell": "Succeeded",
        "clean": "Succeeded",
    }
    assert _begun(stepper) == ["stage_1", "stage_2", "tell", "clean"]
    assert stepper.run.status.summary == "StageFailed"
    assert stepper.run.status.message.startswith("stage_2 failed: ")


def test_where_nothing_failed_there_is_nothing_to_tell_and_the_run_is_complete() -> None:
    stepper = _ends("nothing to tell, and a clean-up")

    tell = stepper.stage("tell")
    assert (tell.state, tell.reason) == ("NotRun", "NotNeeded")
    assert tell.message == "nothing that it is for has failed"
    assert stepper.states()["clean"] == "Succeeded"
    assert (stepper.run.status.summary, stepper.run.status.progress) == ("Completed", "5/5")


def test_a_clean_up_knows_what_has_become_of_everything_above_it() -> None:
    stepper = _ends("a failure that is told and cleaned up")

    (clean,) = (uid for uid, p in stepper.cluster.processes.items() if p.stage == "clean")
    outcomes = json.loads(stepper.cluster.inputs[clean])["outcomes"]
    assert {name: given["outcome"] for name, given in outcomes.items()} == {
        "stage_1": "Succeeded",
        "stage_2": "Failed",
        "stage_3": "NotRun",
        "tell": "Succeeded",
    }
    assert outcomes["stage_2"]["reason"] == "InputRefused"


def test_a_clean_up_that_fails_makes_a_good_run_a_failed_one() -> None:
    script = {("clean", n): FAILS for n in (1, 2, 3)}

    stepper = Stepper(make_run(*guarded()), script=script).to_end()

    assert stepper.run.status.summary == "StageFailed"
    assert stepper.run.status.message.startswith("clean failed: ")


def test_a_clean_up_waits_for_a_side_branch_though_what_it_names_is_given_up() -> None:
    stages = [
        make_stage("bad", dependsOn=[]),
        make_stage("slow", dependsOn=[], runsOn=["macmini"]),
        make_stage("join", dependsOn=["bad", "slow"]),
        make_stage("clean", dependsOn=["join"], runsIf="Ended"),
    ]
    script = {("bad", 1): REFUSES, ("slow", 1): Behaviour(seconds=30)}

    stepper = Stepper(make_run(*stages), script=script).to_end()

    by_stage = {p.stage: p for p in stepper.cluster.processes.values()}
    slow_ended = by_stage["slow"].ended
    assert slow_ended is not None
    assert by_stage["clean"].began >= slow_ended


@pytest.mark.parametrize("descendants", ["NotRun", "Run"])
def test_a_persons_skip_is_no_failure_and_the_clean_up_runs(descendants: str) -> None:
    stepper = Stepper(make_run(*guarded()), script={("stage_2", 1): HANGS})
    stepper.at(
        12, lambda: stepper.ask(make_intervention("Skip", "stage_2", descendants=descendants))
    )

    stepper.to_end()

    assert _begun(stepper)[-1] == "clean"
    assert _reasons(stepper)["tell"] == "NotNeeded"
    assert stepper.run.status.summary == "CompletedWithSkips"


def test_after_a_retry_that_heals_the_clean_up_runs_anew_and_nothing_is_said() -> None:
    stepper = _ends("a failure that is told and cleaned up")

    stepper.ask(make_intervention("Retry", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"
    assert stepper.stage("tell").reason == "NotNeeded"
    assert (stepper.stage("clean").state, stepper.stage("clean").attempt) == ("Succeeded", 2)


def test_an_attempt_that_is_tried_again_is_no_failure_yet() -> None:
    stepper = Stepper(make_run(*guarded()), script={("stage_2", 1): FAILS}).to_end()

    assert stepper.stage("tell").reason == "NotNeeded"
    assert stepper.run.status.summary == "Completed"


def test_no_pod_is_held_ready_for_a_failure_that_does_not_come() -> None:
    stepper = _ends("nothing to tell, and a clean-up")

    made = {p.metadata.labels["stagework.dev/stage"] for p in stepper.cluster.pods.values()}
    assert made == {"stage_1", "stage_2", "stage_3", "clean"}


def test_what_follows_a_stage_for_a_failure_is_needed_only_with_it() -> None:
    stages = [
        *line_of(1),
        make_stage("mend", runsIf="Failed"),
        make_stage("check", dependsOn=["mend"]),
    ]

    well = Stepper(make_run(*stages)).to_end()
    assert _reasons(well) == {"stage_1": "", "mend": "NotNeeded", "check": "NotNeeded"}
    assert well.stage("check").message == "mend is not needed"
    assert well.run.status.summary == "Completed"

    badly = Stepper(make_run(*stages), script={("stage_1", 1): REFUSES}).to_end()
    assert badly.states() == {"stage_1": "Failed", "mend": "Succeeded", "check": "Succeeded"}
    assert badly.run.status.summary == "StageFailed"


# --- a stage that says that others are not needed -------------------------------------------------


def test_a_branch_is_left_out_with_the_reason_and_the_other_one_goes_on() -> None:
    stepper = _ends("a branch that is left out")

    assert _begun(stepper) == ["flip", "tails", "meet"]
    heads, polish = stepper.stage("heads"), stepper.stage("polish")
    assert (heads.state, heads.reason) == ("Skipped", "ItWasTails")
    assert heads.message == "flip found it not to be needed"
    assert (polish.state, polish.reason) == ("Skipped", "ItWasTails")
    assert (stepper.run.status.summary, stepper.run.status.progress) == ("Completed", "5/5")


def test_it_counts_also_where_only_the_stored_result_says_so() -> None:
    stepper = _ends("a branch that is left out, with its work stored")

    assert stepper.stage("heads").reason == "ItWasTails"
    assert _begun(stepper) == ["flip", "tails", "meet"]


def test_held_pods_of_what_is_left_out_go() -> None:
    stepper = _ends("a branch that is left out")

    left = {p.metadata.labels["stagework.dev/stage"] for p in stepper.cluster.pods.values()}
    assert left == {"flip", "tails", "meet"}


def test_when_the_coin_is_thrown_again_the_other_branch_may_be_taken() -> None:
    script = {("flip", 1): TAILS, ("flip", 2): Behaviour(skips=(("tails", "ItWasHeads"),))}
    stepper = Stepper(make_run(*coin()), script=script).to_end()

    stepper.ask(make_intervention("Retry", "flip", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert stepper.states() == {
        "flip": "Succeeded",
        "heads": "Succeeded",
        "polish": "Succeeded",
        "tails": "Skipped",
        "meet": "Succeeded",
    }
    assert (stepper.stage("heads").attempt, stepper.stage("tails").reason) == (1, "ItWasHeads")


def test_a_stage_that_failed_leaves_nothing_out() -> None:
    script = {
        ("flip", n): Behaviour(exit_code=1, outcome="Failed", skips=TAILS.skips) for n in (1, 2, 3)
    }

    stepper = Stepper(make_run(*coin()), script=script).to_end()

    assert _reasons(stepper)["heads"] == "UpstreamFailed"


def test_a_stage_that_skips_itself_may_leave_others_out() -> None:
    flip = Behaviour(outcome="Skipped", skips=TAILS.skips)

    stepper = Stepper(make_run(*coin()), script={("flip", 1): flip}).to_end()

    assert stepper.states()["heads"] == "Skipped"
    assert stepper.states()["tails"] == "Succeeded"


def test_a_stage_beside_it_cannot_be_left_out_and_that_is_said() -> None:
    stages = [*coin(), make_stage("side", dependsOn=[])]
    flip = Behaviour(skips=(*TAILS.skips, ("side", "NotMine"), ("nosuch", "NotThere")))

    stepper = Stepper(make_run(*stages), script={("flip", 1): flip}).to_end()

    assert stepper.states()["side"] == "Succeeded"
    assert stepper.states()["heads"] == "Skipped"
    assert stepper.stage("flip").message == "not skipped: side, nosuch are no stages below flip"


def test_a_clean_up_can_be_left_out_only_by_name() -> None:
    stages = [*coin(), make_stage("clean", runsIf="Ended")]
    everything = tuple((name, "NothingNew") for name in ("heads", "tails"))

    kept = Stepper(make_run(*stages), script={("flip", 1): Behaviour(skips=everything)}).to_end()
    assert _begun(kept) == ["flip", "clean"]
    assert kept.run.status.summary == "Completed"

    named = Behaviour(skips=(*everything, ("clean", "NothingNew")))
    left = Stepper(make_run(*stages), script={("flip", 1): named}).to_end()
    assert _begun(left) == ["flip"]
    assert left.run.status.summary == "Completed"


def test_a_persons_skip_of_the_other_branch_is_said_of_the_run() -> None:
    stepper = Stepper(make_run(*coin()), script={("flip", 1): TAILS, ("tails", 1): HANGS})
    stepper.at(15, lambda: stepper.ask(make_intervention("Skip", "tails")))

    stepper.to_end()

    assert _reasons(stepper)["meet"] == "UpstreamSkipped"
    assert stepper.run.status.summary == "CompletedWithSkips"


def test_what_depends_on_a_stage_that_skips_itself_goes_on() -> None:
    stepper = Stepper(make_run(*line_of(3)), script={("stage_2", 1): SKIPS}).to_end()

    assert stepper.states()["stage_3"] == "Succeeded"


# --- Stop -----------------------------------------------------------------------------------------


def test_a_stopped_run_ends_what_runs_starts_nothing_else_and_says_who_and_why() -> None:
    stepper = _ends("a run that is stopped")

    status = stepper.run.status
    assert (status.summary, status.conditions[0].status) == ("Stopped", "False")
    assert status.message == "stopped by ops@example.org: font was missing"
    assert stepper.states() == {
        "stage_1": "Succeeded",
        "stage_2": "Failed",
        "stage_3": "NotRun",
        "tell": "NotRun",
        "clean": "NotRun",
    }
    assert set(_reasons(stepper).values()) == {"", "StoppedByPerson"}
    assert all(p.ended is not None for p in stepper.cluster.processes.values())
    assert [e.reason for e in stepper.events][-1] == "Stopped"
    assert "StageFailed" not in [e.reason for e in stepper.events]
    stage = stepper.stage("stage_2")
    assert (stage.attempt, stage.failures, stage.node) == (1, 0, "gpu-0"), "its record stays"


def test_a_retry_goes_on_from_where_it_was_stopped() -> None:
    stepper = _ends("a run that is stopped")

    stepper.ask(make_intervention("Retry", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert _begun(stepper) == ["stage_1", "stage_2", "stage_2", "stage_3", "clean"]
    assert [s.attempt for s in stepper.run.status.stages] == [1, 2, 1, 1, 1]
    assert stepper.run.status.summary == "Completed"


def test_a_retry_of_one_stage_takes_the_whole_stop_back() -> None:
    script = {("side_0", 1): HANGS, ("side_1", 1): HANGS}
    stages = [*side_by_side(2), make_stage("after", dependsOn=["side_1"])]
    stepper = Stepper(make_run(*stages), script=script)
    stepper.at(12, lambda: stepper.ask(make_intervention("Stop")))
    stepper.to_end()
    assert stepper.run.status.summary == "Stopped"

    stepper.ask(make_intervention("Retry", "side_0", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"
    assert [s.attempt for s in stepper.run.status.stages] == [2, 2, 1]


def test_a_run_that_only_waits_is_stopped_at_once_and_goes_on_after_a_retry() -> None:
    stepper = Stepper(make_run(*line_of(2)))
    stepper.set_node("gpu-0", ready=False)
    stepper.pass_seconds(3)
    stepper.ask(make_intervention("Stop"))
    stepper.pass_seconds(2)
    assert stepper.run.status.summary == "Stopped"
    assert stepper.cluster.processes == {}

    stepper.set_node("gpu-0", ready=True)
    stepper.pass_seconds(20)
    assert stepper.cluster.processes == {}, "it stays stopped"
    stepper.ask(make_intervention("Retry", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"


def test_a_stop_during_a_back_off_leaves_nothing_to_come() -> None:
    stepper = Stepper(make_run(*line_of(2, backoffSeconds=300)), script={("stage_1", 1): FAILS})
    stepper.until(lambda: stepper.stage("stage_1").attempt == 2)
    stepper.ask(make_intervention("Stop"))
    stepper.pass_seconds(400)

    assert stepper.run.status.summary == "Stopped"
    assert len(stepper.cluster.processes) == 1


def test_work_that_was_done_before_the_pod_was_ended_counts() -> None:
    """The stop is recorded; before the Pod is ended its mark is there."""
    stepper = Stepper(make_run(*line_of(3)), script={("stage_2", 1): Behaviour(seconds=30)})
    stepper.until(lambda: stepper.states()["stage_2"] == "Running")
    uid = stepper.live_pod("stage_2")
    process = stepper.cluster.processes[uid]
    stepper.operator_away(40)
    assert process.ended is not None
    stepper.ask(make_intervention("Stop"))
    stepper.to_end()

    assert stepper.states() == {"stage_1": "Succeeded", "stage_2": "Succeeded", "stage_3": "NotRun"}
    assert stepper.run.status.summary == "Stopped"


def test_a_retry_of_what_is_still_being_ended_takes_the_stop_back() -> None:
    stepper = Stepper(make_run(*line_of(2)), script={("stage_1", 1): HANGS})
    stepper.until(lambda: stepper.states()["stage_1"] == "Running")
    stepper.ask(make_intervention("Stop"))
    stepper.ask(make_intervention("Retry", uid="iv-2"))
    stepper.pass_seconds(2)
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"
    assert stepper.stage("stage_1").attempt == 2


def test_a_skip_of_what_was_stopped_leaves_the_rest_stopped() -> None:
    stepper = _ends("a run that is stopped")

    stepper.ask(make_intervention("Skip", "stage_2", uid="iv-2"))
    stepper.pass_seconds(3)

    assert stepper.run.status.summary == "Stopped"
    assert stepper.states()["stage_3"] == "NotRun"


# --- approval -------------------------------------------------------------------------------------


def test_a_stage_waits_until_somebody_approves_it_and_says_so_once() -> None:
    stepper = SCENARIOS["a stage that somebody approves"](None)
    stepper.pass_seconds(25)
    publish = stepper.stage("publish")
    assert (publish.state, publish.reason) == ("Waiting", "AwaitingApproval")
    assert stepper.run.status.summary == "AwaitingApproval"
    assert len([f for f in stepper.facts if isinstance(f, ApprovalAwaited)]) == 1
    assert not any(p.held_by("stagework.dev/turn") for p in stepper.cluster.pods.values())

    stepper.to_end()

    record = stepper.stage("publish").approval
    assert record is not None
    assert (record.by, record.reason) == ("ops@example.org", "font was missing")
    assert stepper.run.status.summary == "Completed"


def test_an_approval_holds_for_the_next_attempts_of_the_stage() -> None:
    stages = [*line_of(1), make_stage("publish", approval=True)]
    stepper = Stepper(make_run(*stages), script={("publish", 1): FAILS})
    stepper.at(20, lambda: stepper.ask(make_intervention("Approve", uid="iv-2")))

    stepper.to_end()

    assert (stepper.stage("publish").state, stepper.stage("publish").attempt) == ("Succeeded", 2)


def test_what_was_approved_must_be_approved_anew_once_a_stage_above_it_is_retried() -> None:
    stages = [*line_of(1), make_stage("publish", approval=True)]
    stepper = Stepper(make_run(*stages))
    stepper.at(20, lambda: stepper.ask(make_intervention("Approve", uid="iv-2")))
    stepper.to_end()

    stepper.ask(make_intervention("Retry", "stage_1", uid="iv-3"))
    stepper.pass_seconds(30)

    publish = stepper.stage("publish")
    assert (publish.reason, publish.approval) == ("AwaitingApproval", None)


def test_a_suspended_run_can_be_approved_and_does_not_start_for_it() -> None:
    stepper = Stepper(make_run(make_stage("publish", approval=True), suspend=True))
    stepper.pass_seconds(3)
    assert stepper.stage("publish").reason == "AwaitingApproval"
    assert stepper.run.status.summary == "Suspended"

    stepper.ask(make_intervention("Approve"))
    stepper.pass_seconds(5)
    assert stepper.stage("publish").reason == "Suspended"
    stepper.change_spec(suspend=False)
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"


def test_a_side_branch_goes_on_while_another_waits_for_approval() -> None:
    stages = [
        make_stage("publish", approval=True, dependsOn=[]),
        make_stage("side", dependsOn=[], runsOn=["macmini"]),
    ]
    stepper = Stepper(make_run(*stages))
    stepper.until(lambda: stepper.states().get("side") == "Running")
    assert stepper.run.status.summary == "Running"

    stepper.until(lambda: stepper.states()["side"] == "Succeeded")
    assert stepper.run.status.summary == "AwaitingApproval"


# --- parallelism ----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_stages_are_at_work_at_once_than_the_run_allows(limit: int) -> None:
    stepper = Stepper(make_run(*side_by_side(7), parallelism=limit)).to_end()

    assert _most_at_once(stepper) == limit
    assert stepper.run.status.summary == "Completed"


def test_the_wait_says_who_uses_it_up() -> None:
    stepper = Stepper(make_run(*side_by_side(3), parallelism=2), script={("side_0", 1): HANGS})
    stepper.until(lambda: stepper.states().get("side_1") == "Running")

    waits = stepper.stage("side_2")
    assert (waits.state, waits.reason) == ("Waiting", "ParallelismReached")
    assert waits.message == "parallelism 2 is used up by side_0, side_1"


def test_a_stage_does_not_wait_behind_one_that_waits_for_a_slot() -> None:
    """side_0 waits for a gpu that another run has; side_1 has a class of its own."""
    other = make_run(make_stage("long"), name="other", uid="other")
    run = make_run(*side_by_side(2), parallelism=1, created=other.metadata.creationTimestamp)
    stepper = Stepper(run, other, script={("long", 1): Behaviour(seconds=50)})
    stepper.set_node("gpu-0", ready=False)
    stepper.pass_seconds(2)

    stepper.until(lambda: stepper.states().get("side_1") == "Succeeded", 30)

    assert stepper.states()["side_0"] == "Waiting"


def test_a_stage_whose_pod_is_missed_still_counts() -> None:
    missed = Behaviour(seconds=500, removed_after=3)
    stepper = Stepper(make_run(*side_by_side(2), parallelism=1), script={("side_0", 1): missed})
    stepper.until(lambda: stepper.stage("side_0").reason == "PodLost")
    stepper.pass_seconds(10)

    assert stepper.stage("side_1").reason == "ParallelismReached"


def test_a_failed_attempt_makes_room_while_it_waits_for_the_next() -> None:
    script = {("side_0", 1): FAILS}
    stepper = Stepper(make_run(*side_by_side(2), parallelism=1), script=script)

    stepper.until(lambda: stepper.stage("side_0").reason == "BackOff")
    stepper.until(lambda: stepper.states().get("side_1") == "Running", 10)
    stepper.to_end()

    assert _most_at_once(stepper) == 1
    assert stepper.run.status.summary == "Completed"
