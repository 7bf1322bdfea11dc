"""A person steps in: retries and skips, in the middle of a run and after its end."""

import pytest

from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, retry, run_of, shell, skip, wrapped
from tests.support.cluster.waiting import condition_of, stage_in, stage_is, summary

SECOND_TIME = '[ "$STAGEWORK_ATTEMPT" -ge 2 ]'
"""Fails at the first attempt; a person's retry heals it."""


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """All runs of this story, side by side."""
    space.apply(
        run_of(
            "branches",
            shell("root"),
            shell("left", SECOND_TIME),
            shell("right", HOLD, dependsOn=["root"]),
            shell("join", dependsOn=["left", "right"]),
        ),
        run_of(
            "over",
            wrapped("one", "mkdir -p out && echo $STAGEWORK_ATTEMPT > out/number"),
            wrapped("two", f"{SECOND_TIME} && cat in/one/number"),
            wrapped("three"),
        ),
        run_of("cut-short", shell("one", HOLD), shell("two"), shell("side", dependsOn=[])),
        run_of("walk-on", shell("one", "exit 1"), shell("two"), shell("three")),
        run_of("as-it-was", shell("one", "exit 1"), shell("two")),
    )


def test_a_branch_is_retried_while_the_other_one_runs(space: Space) -> None:
    space.wait_for("branches", stage_is("left", state="Failed"))
    right = space.wait_for("branches", stage_is("right", state="Running"))
    before = stage_in(right, "right")["pod"]

    answer = space.stagework("retry", "branches", "--stage", "left", "--reason", "font missing")
    assert answer.ok, answer.printed
    healed = space.wait_for("branches", stage_is("left", state="Succeeded", attempt=2))
    assert stage_in(healed, "right")["pod"] == before
    assert stage_in(healed, "join")["state"] == "Waiting"

    skipped = space.stagework("skip", "branches", "--stage", "right", "--run-descendants")
    assert skipped.ok, skipped.printed
    run = space.wait_for_end("branches", "CompletedWithSkips")
    assert stage_in(run, "join")["state"] == "Succeeded"
    assert stage_in(run, "right")["skip"]["by"] == space.commands.me()


def test_a_finished_run_goes_on_after_a_retry(space: Space) -> None:
    space.wait_for_end("over", "StageFailed")
    me = space.commands.me()
    answer = space.answer_to(space.create(retry("over", by=me, reason="try again")))
    assert (answer["affected"], answer["summary"]) == (1, "Done")
    run = space.wait_for_end("over", "Completed")
    assert [stage_in(run, name)["attempt"] for name in ("one", "two", "three")] == [1, 2, 1]

    # A stage that had succeeded: everything below it runs again, with new attempts.
    answer = space.answer_to(space.create(retry("over", "one", by=me, attempt=1)))
    assert answer["affected"] == 1
    space.wait_for("over", stage_is("three", state="Succeeded", attempt=2))
    run = space.wait_for_end("over", "Completed")
    assert [stage_in(run, name)["attempt"] for name in ("one", "two", "three")] == [2, 3, 2]
    assert space.pods_of("over", "two"), "logs of the attempts are kept"

    late = space.answer_to(space.create(retry("over", "one", by=me, attempt=1)))
    assert late["refused"] == [{"stage": "one", "reason": "StaleAttempt"}]
    assert space.stage_of("over", "one")["attempt"] == 2


def test_a_skip_without_more_gives_up_what_depends_on_it(space: Space) -> None:
    space.wait_for("cut-short", stage_is("one", state="Running"))
    answer = space.stagework("skip", "cut-short", "--stage", "one", "--reason", "not needed")
    assert answer.ok, answer.printed
    run = space.wait_for_end("cut-short", "CompletedWithSkips")
    assert stage_in(run, "one")["reason"] == "SkippedByPerson"
    two = stage_in(run, "two")
    assert (two["state"], two["reason"]) == ("NotRun", "UpstreamSkipped")
    assert stage_in(run, "side")["state"] == "Succeeded"
    assert condition_of(run, "Succeeded") == "True"
    why = "one skipped (SkippedByPerson), two not run (UpstreamSkipped)"
    assert why in run["status"]["message"]


def test_a_failed_stage_is_skipped_and_the_rest_runs_all_the_same(space: Space) -> None:
    space.wait_for_end("walk-on", "StageFailed")
    asked = skip("walk-on", "one", by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))
    space.wait_for("walk-on", summary("CompletedWithSkips"))
    assert space.stage_of("walk-on", "three")["state"] == "Succeeded"


def test_a_dry_run_says_what_would_happen_and_writes_nothing(space: Space) -> None:
    before = space.wait_for_end("as-it-was", "StageFailed")
    asked = {intervention["metadata"]["name"] for intervention in space.interventions()}

    preview = space.stagework("retry", "as-it-was", "--dry-run")
    assert preview.ok, preview.printed
    assert "one" in preview.out
    refused = space.stagework("skip", "as-it-was", "--stage", "three", "--dry-run")
    assert refused.code == 1
    assert "UnknownStage" in refused.printed

    assert {intervention["metadata"]["name"] for intervention in space.interventions()} == asked
    assert space.run("as-it-was") == before


def test_what_cannot_be_done_is_refused_with_a_reason(space: Space) -> None:
    space.wait_for_end("as-it-was", "StageFailed")
    refused = space.stagework("retry", "as-it-was", "--stage", "two")
    assert refused.code == 1
    assert "WaitsForOthers" in refused.printed

    nobody = space.answer_to(space.create(retry("no-such-run", by=space.commands.me())))
    assert nobody["refused"] == [{"stage": "", "reason": "TargetNotFound"}]


def test_nobody_asks_in_anothers_name(space: Space) -> None:
    answer = space.create(retry("as-it-was", by="somebody.else@example.org"))
    assert not answer.ok
    assert f"set spec.requestedBy to '{space.commands.me()}'" in answer.err
