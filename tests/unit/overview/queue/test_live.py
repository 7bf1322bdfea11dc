"""Rows of work from live runs: where each stage stands, since when, and what it is called."""

from typing import Any

import pytest

from stagework.api import names
from stagework.api.pipelinejob import Input
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.overview.queue.live import work_of
from stagework.overview.queue.titles import title_of
from stagework.overview.queue.work import Work
from tests.support.builders.queue import old_places
from tests.support.builders.written_runs import at, run_of, stage

PLACES = old_places()


def spec(name: str, **more: Any) -> Stage:
    return Stage.model_validate({"name": name, "image": "any", **more})


def only(status: StageStatus, *specs: Stage) -> Work | None:
    return next(iter(work_of(run_of(status), specs, PLACES)), None)


STATES: list[tuple[StageStatus, str | None]] = [
    (stage("a", reason=names.WAIT_SLOT), "pending"),
    (stage("a", reason=names.WAIT_BACKOFF), "pending"),
    (stage("a", reason=names.WAIT_PARALLELISM), "pending"),
    (stage("a", reason=names.WAIT_QUOTA), "pending"),
    (stage("a", reason=""), "pending"),
    (stage("a", reason=names.WAIT_DEPENDENCY), None),
    (stage("a", reason=names.WAIT_SUSPENDED), "held"),
    (stage("a", reason=names.WAIT_APPROVAL), "held"),
    (stage("a", "Deferred", reason=names.WAIT_ENDPOINT), "deferred"),
    (stage("a", "Deferred", reason=names.WAIT_MACHINE_AWAY), "deferred"),
    (stage("a", "Away", start=1), "processing"),
    (stage("a", reason=names.WAIT_NO_NODE), "pending"),
    (stage("summarize", reason=names.WAIT_NO_NODE), "deferred"),
    (stage("deep_summary", reason=names.WAIT_NO_NODE), "deferred"),
    (stage("a", "Starting"), "processing"),
    (stage("a", "Running", start=1), "processing"),
    (stage("a", "Stuck"), "stuck"),
    (stage("a", "Succeeded", start=1, end=2), "done"),
    (stage("a", "Failed", reason=names.EXIT_CODE, end=2), "failed"),
    (stage("a", "Failed", reason=names.STOPPED_BY_PERSON, end=2), None),
    (stage("a", "Failed", reason=names.DEADLINE_EXCEEDED, end=2), None),
    (stage("a", "Skipped", end=2, skip="Run"), None),
    (stage("a", "NotRun", reason=names.UPSTREAM_FAILED), None),
]


@pytest.mark.parametrize(("status", "state"), STATES)
def test_a_stage_stands_in_the_queue_as_its_status_says(
    status: StageStatus, state: str | None
) -> None:
    row = only(status)
    assert (row.state if row is not None else None) == state


def test_a_node_is_away_where_the_stages_own_class_may_be() -> None:
    waits = stage("mine", reason=names.WAIT_NO_NODE)
    mac, gpu = only(waits, spec("mine", runsOn=["macbook"])), only(waits, spec("mine"))

    assert mac is not None
    assert gpu is not None
    assert (mac.state, gpu.state) == ("deferred", "pending")


def test_a_stage_came_into_the_queue_when_the_last_one_that_it_waits_for_had_ended() -> None:
    run = run_of(
        stage("a", "Succeeded", start=1, end=10),
        stage("b", "Succeeded", start=1, end=30),
        stage("c", reason=names.WAIT_SLOT),
        age=5,
    )
    stages = [spec("a"), spec("b", dependsOn=[]), spec("c", dependsOn=["a"])]

    rows = {row.stage: row for row in work_of(run, stages, PLACES)}
    assert rows["a"].created_at == run.metadata.creationTimestamp
    assert rows["b"].created_at == run.metadata.creationTimestamp
    assert rows["c"].created_at == at(10)
    # Where nobody can read what it waits for: all that stands above it.
    blind = {row.stage: row for row in work_of(run, (), PLACES)}
    assert blind["c"].created_at == at(30)


def test_what_backs_off_could_run_once_that_is_over() -> None:
    status = stage("a", reason=names.WAIT_BACKOFF, attempt=2).evolve(notBeforeTime=at(40))
    row = only(status)

    assert row is not None
    assert (row.created_at, row.due_at) == (at(0), at(40))


def test_the_next_class_takes_it_when_its_pipeline_says() -> None:
    status = stage("deep_summary", reason=names.WAIT_NO_NODE).evolve(waitingSince=at(10))
    row = only(status, spec("deep_summary", fallbackAfterSeconds=900, retries=2))

    assert row is not None
    assert (row.fallback_at, row.max_attempts) == (at(910), 3)


def test_a_run_that_is_being_deleted_is_in_no_queue() -> None:
    run = run_of(stage("a", reason=names.WAIT_SLOT))
    meta = run.metadata.model_copy(update={"deletionTimestamp": at(1)})

    assert not list(work_of(run.model_copy(update={"metadata": meta}), (), PLACES))


TITLES = [
    ("A title", "artifact://default/uploads/abc/letter.txt", "subjects/7.pdf", "A title"),
    ("", "artifact://default/uploads/abc/letter.txt", "subjects/7.pdf", "letter.txt"),
    ("", "https://example.org/a%20b.pdf?x=1", "", "a b.pdf"),
    ("", "", "subjects/7.pdf", "7.pdf"),
    ("", "", "", "ad-1"),
]


@pytest.mark.parametrize(("title", "uri", "subject", "shown"), TITLES)
def test_a_run_is_called_by_title_else_file_else_subject_else_name(
    title: str, uri: str, subject: str, shown: str
) -> None:
    run = run_of(title=title)
    changes = {"subject": subject, "input": Input(uri=uri) if uri else None}
    spec = run.spec.model_copy(update=changes)
    assert title_of(run.model_copy(update={"spec": spec})) == shown
