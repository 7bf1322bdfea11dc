import pytest

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.text.next_steps import Home, next_command, next_step
from stagework.cli.text.run_page import sections, waits
from stagework.overview.detail import detail
from tests.support.builders.written_runs import at, new_run, run_of, stage

HOME = Home("default")


def test_a_failed_run_shows_its_stages_and_the_next_command() -> None:
    run = run_of(
        stage("img_gen", "Succeeded", node="gpu-1", start=1, end=5),
        stage("ocr_eval", "Failed", reason="NonZeroExit", message="code 3", attempt=3),
        summary=names.STAGE_FAILED,
        message="ocr_eval failed",
        end=40,
    )
    shown = [line.plain for line in sections(detail(run, at(90)), next_step(run, HOME))]
    assert shown == [
        "default/ad-1   StageFailed   1/2   pipeline ad-image   40s",
        "ocr_eval failed",
        "",
        "STAGE      STATE       MACHINE   NODE    ATTEMPT   TIME   MESSAGE",
        "img_gen    Succeeded   gpu       gpu-1   1         4s",
        "ocr_eval   Failed      gpu               3                NonZeroExit: code 3",
        "",
        "Next: stagework logs ad-1 ocr_eval",
        "      read its log; then retry, or mend the program and make a new run",
    ]


def test_a_waiting_run_says_what_it_waits_for_and_leaves_out_mere_order() -> None:
    run = run_of(
        stage("img_gen", reason=names.WAIT_SLOT, message="2nd in line for gpu"),
        stage("overlay", reason=names.WAIT_DEPENDENCY, message="img_gen"),
        summary=names.QUEUED,
    )
    assert waits(detail(run, at(9))) == ["img_gen: NoFreeSlot: 2nd in line for gpu"]


def test_a_run_that_nobody_has_seen_points_at_the_doctor() -> None:
    run = new_run()
    assert waits(detail(run, at(70))) == ["the operator has not reconciled it yet (for 70s)"]
    assert next_command(run, HOME) == "stagework doctor"


def test_a_run_of_another_namespace_has_the_namespace_in_its_command() -> None:
    run = run_of(stage("a", "Failed"), namespace="ads", summary=names.STAGE_FAILED)
    assert next_command(run, HOME) == "stagework logs ad-1 a -n ads"


def test_a_run_whose_time_was_over_is_retried_as_a_whole() -> None:
    run = run_of(
        stage("a", "Failed", reason=names.DEADLINE_EXCEEDED, message="is over"),
        stage("b", "NotRun", reason=names.DEADLINE_EXCEEDED, message="is over"),
        summary=names.DEADLINE_EXCEEDED,
        end=40,
    )
    assert next_command(run, HOME) == "stagework retry ad-1"


def test_a_finished_run_waits_for_nothing_and_needs_nothing() -> None:
    run = run_of(stage("a", "Succeeded"), summary=names.COMPLETED, end=5)
    shown = detail(run, at(9))
    assert (shown.waits, shown.row.elapsed_seconds, next_command(run, HOME)) == ((), 5, "")


@pytest.mark.parametrize(
    ("run", "command"),
    [
        (
            run_of(stage("a", reason=names.WAIT_NO_NODE, machine="macbook")),
            "kubectl label node NODE stagework.dev/machine=macbook",
        ),
        (
            run_of(summary=names.PIPELINE_NOT_FOUND),
            "kubectl get pipelines.stagework.dev",
        ),
        (
            run_of(summary=names.SUSPENDED, suspend=True),
            "stagework resume ad-1",
        ),
        (run_of(stage("a", reason=names.WAIT_SLOT)), ""),
        (run_of(stage("a", reason=names.WAIT_BACKOFF, attempt=2)), "stagework logs ad-1 a"),
        (
            run_of(stage("a", "Failed", reason=names.INPUT_REFUSED), summary=names.STAGE_FAILED),
            "stagework logs ad-1 a",
        ),
        (run_of(summary=names.INVALID_SPEC), "kubectl describe pipelinejobs.stagework.dev ad-1"),
    ],
    ids=[
        "no node",
        "no pipeline",
        "suspended",
        "time will do",
        "tried again",
        "input refused",
        "invalid",
    ],
)
def test_the_next_command_fits_the_cause(run: PipelineJob, command: str) -> None:
    assert next_command(run, HOME) == command


def test_a_stage_that_a_person_has_skipped_did_not_run_until_then() -> None:
    tried = stage("ocr", "Skipped", start=0, end=7200, skip="NotRun")

    assert detail(run_of(tried), at(9000)).stages[0].elapsed_seconds is None
