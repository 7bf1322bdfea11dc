from stagework.api.pipelinejob import PipelineJob
from stagework.overview.steps import changes
from tests.support.builders.written_runs import at, run_of, stage


def changed(before: PipelineJob | None, after: PipelineJob) -> list[tuple[str, str]]:
    """Stage and state of each change."""
    return [(change.stage.name, change.stage.state) for change in changes(before, after)]


def test_nothing_has_changed_where_state_and_attempt_are_the_same() -> None:
    run = run_of(stage("a", "Running", start=1), stage("b"))
    assert changed(run, run) == []


def test_a_new_run_whose_stages_wait_has_no_news() -> None:
    assert changed(None, run_of(stage("a"), stage("b"))) == []


def test_several_changes_come_in_the_pipelines_order() -> None:
    before = run_of(stage("a", "Running", start=1), stage("b"))
    after = run_of(stage("a", "Succeeded", start=1, end=3), stage("b", "Running", start=4))
    assert changed(before, after) == [("a", "Succeeded"), ("b", "Running")]


def test_another_attempt_is_a_change_also_in_the_same_state() -> None:
    before, after = run_of(stage("a", "Running")), run_of(stage("a", "Running", attempt=2))
    assert changed(before, after) == [("a", "Running")]


def test_a_change_has_the_moment_that_the_status_gives() -> None:
    after = run_of(stage("a", "Succeeded", end=3), stage("b", "Running", start=4), stage("c"))
    assert [change.at for change in changes(None, after)] == [at(3), at(4)]
