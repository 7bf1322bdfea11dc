from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.text.monitor_lines import stage_words
from stagework.overview.steps import changes
from tests.support.builders.written_runs import run_of, stage


def words(before: PipelineJob | None, after: PipelineJob) -> list[str]:
    stages = [change.stage for change in changes(before, after)]
    return [f"{changed.name}: {stage_words(changed)}" for changed in stages]


def test_nothing_has_changed_where_state_and_attempt_are_the_same() -> None:
    run = run_of(stage("a", "Running", start=1), stage("b"))
    assert words(run, run) == []


def test_a_new_run_whose_stages_wait_has_no_news() -> None:
    assert words(None, run_of(stage("a"), stage("b"))) == []


def test_several_changes_come_in_the_pipelines_order() -> None:
    before = run_of(stage("a", "Running", start=1), stage("b"))
    after = run_of(stage("a", "Succeeded", start=1, end=3), stage("b", "Running", start=4))
    assert words(before, after) == ["a: done", "b: running"]


def test_a_failure_says_why() -> None:
    after = run_of(stage("a", "Failed", reason="OutOfMemory", message="killed at 512Mi"))
    assert words(None, after) == ["a: failed - OutOfMemory: killed at 512Mi"]


def test_a_second_attempt_is_told_with_its_number() -> None:
    before = run_of(stage("a", "Running"))
    waits = run_of(stage("a", attempt=2, reason=names.WAIT_BACKOFF, message="10 s"))
    again = run_of(stage("a", "Running", attempt=2))
    assert words(before, waits) == ["a: waiting (attempt 2) - BackOff: 10 s"]
    assert words(waits, again) == ["a: running (attempt 2)"]


def test_a_stage_that_will_not_run_is_told_in_words() -> None:
    after = run_of(stage("a", "NotRun", reason=names.UPSTREAM_FAILED))
    assert words(None, after) == ["a: not run - UpstreamFailed"]
