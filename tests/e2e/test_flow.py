"""Clean-ups, branches, approvals, stops and a limit, as people use them."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, named_run, pipeline, run_of, shell, wrapped
from tests.support.cluster.waiting import condition_of, stage_in, stage_is, summary
from tests.support.recorded import stages_of

SAY = 'echo "$STAGEWORK_OUTCOME_SO_FAR $STAGEWORK_OUTCOMES"'
KIT = "python3 -m stagekit mark"


def side_by_side(count: int) -> list[Document]:
    """So many stages that depend on nothing."""
    return [shell(f"side_{number}", "sleep 3", dependsOn=[]) for number in range(count)]


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """All runs of this story, side by side."""
    space.apply(
        run_of(
            "guarded",
            shell("build"),
            shell("check", "exit 3"),
            shell("ship"),
            shell("alarm", SAY, runsIf="Failed"),
            shell("clean_up", SAY, runsIf="Ended"),
        ),
        run_of(
            "well",
            shell("build"),
            shell("alarm", runsIf="Failed"),
            shell("clean_up", SAY, runsIf="Ended"),
            shell("ship", "exit 77"),
            shell("after"),
        ),
        run_of(
            "coin",
            wrapped("flip", f"{KIT} --skip heads=ItWasTails --value side=tails"),
            wrapped("heads", dependsOn=["flip"]),
            wrapped("polish", dependsOn=["heads"]),
            wrapped("tails", dependsOn=["flip"]),
            wrapped("meet", SAY, dependsOn=["polish", "tails"]),
        ),
        run_of("halted", shell("one"), shell("two", HOLD), shell("clean_up", runsIf="Ended")),
        run_of("asks", shell("one"), shell("publish", approval=True)),
        pipeline(
            "narrow",
            *(shell(f"side_{n}", "sleep 3", dependsOn=[]) for n in range(3)),
            parallelism=1,
        ),
        named_run("one-by-one", "narrow"),
    )


def test_a_failure_is_said_and_cleaned_up(space: Space) -> None:
    run = space.wait_for_end("guarded", "StageFailed")

    assert stage_in(run, "ship")["state"] == "NotRun"
    assert stage_in(run, "alarm")["state"] == stage_in(run, "clean_up")["state"] == "Succeeded"
    told = space.log_of("guarded", "clean_up").strip()
    assert told.startswith("Failed build=Succeeded check=Failed:NonZeroExit ship=NotRun:")


def test_where_all_is_well_nothing_is_said_and_the_line_goes_on(space: Space) -> None:
    run = space.wait_for_end("well", "Completed")

    assert stage_in(run, "alarm")["reason"] == "NotNeeded"
    assert space.log_of("well", "clean_up").startswith("Succeeded build=Succeeded ")
    ship = stage_in(run, "ship")
    assert (ship["state"], ship["reason"]) == ("Skipped", "NothingToDo")
    assert stage_in(run, "after")["state"] == "Succeeded"
    assert run["status"]["progress"] == "5/5"


def test_a_branch_is_left_out_and_its_value_is_shown(space: Space, tmp_path: Path) -> None:
    run = space.wait_for_end("coin", "Completed")

    for name in ("heads", "polish"):
        left_out = stage_in(run, name)
        assert (left_out["state"], left_out["reason"]) == ("Skipped", "ItWasTails")
        assert not space.pods_of("coin", name)
    assert "heads=Skipped:ItWasTails" in space.log_of("coin", "meet")
    shown = space.stagework("results", "coin", "--to", str(tmp_path))
    assert shown.ok, shown.printed
    assert "tails" in shown.out


def test_a_stopped_run_keeps_its_record_and_goes_on_after_a_retry(space: Space) -> None:
    space.wait_for("halted", stage_is("two", state="Running"))
    preview = space.stagework("stop", "halted", "--dry-run")
    assert "would be stopped: two\n  would not be run: clean_up" in preview.out
    assert space.stage_of("halted", "two")["state"] == "Running"

    stopped = space.stagework("stop", "halted", "--reason", "wrong prompt")
    assert stopped.ok, stopped.printed
    run = space.wait_for_end("halted", "Stopped")
    assert condition_of(run, "Succeeded") == "False"
    assert run["status"]["message"] == f"stopped by {space.commands.me()}: wrong prompt"
    assert stage_in(run, "one")["state"] == "Succeeded"
    assert stage_in(run, "clean_up")["state"] == "NotRun"

    again = space.stagework("retry", "halted")
    assert again.ok, again.printed
    space.wait_for("halted", stage_is("two", state="Running", attempt=2))
    skipped = space.stagework("skip", "halted", "--stage", "two")
    assert skipped.ok, skipped.printed
    run = space.wait_for_end("halted", "CompletedWithSkips")
    assert stage_in(run, "clean_up")["state"] == "Succeeded"


def test_a_stage_waits_until_somebody_approves_it(space: Space) -> None:
    space.wait_for("asks", summary("AwaitingApproval"))
    assert not space.pods_of("asks", "publish")
    assert "Next: stagework approve asks" in space.stagework("status", "asks").out

    suspended = space.stagework("suspend", "asks")
    assert suspended.ok, suspended.printed
    approved = space.stagework("approve", "asks", "--reason", "looks good")
    assert approved.ok, approved.printed
    space.wait_for("asks", stage_is("publish", reason="Suspended"))
    resumed = space.stagework("resume", "asks")
    assert resumed.ok, resumed.printed
    run = space.wait_for_end("asks", "Completed")
    record = stage_in(run, "publish")["approval"]
    assert (record["by"], record["reason"]) == (space.commands.me(), "looks good")


def test_a_pipelines_limit_holds_in_its_runs(space: Space) -> None:
    run = space.wait_for_end("one-by-one", "Completed")

    spans = sorted((s["startTime"], s["completionTime"]) for s in stages_of(run))
    for (_, ended), (began, _) in pairwise(spans):
        assert began >= ended, spans
