"""The failed list, background jobs, titles: whose rules are the old board's."""

from datetime import datetime, timedelta

import pytest

from stagework.api.background_jobs import BackgroundJob
from stagework.overview.queue.background import background_rows
from stagework.overview.queue.failed import failed_items
from stagework.overview.queue.titles import display_title
from tests.support.builders.queue import NOW, ago, old_places, work, works

PLACES = old_places()


def test_failures_are_listed_by_stage_in_each_the_newest_first() -> None:
    rows = [
        work("classify", "failed", ended=1, run="c"),
        work("extract", "failed", ended=9, run="old"),
        work("extract", "failed", ended=2, run="new"),
        work("mystery", "failed", ended=0, run="m"),
        work("extract", "pending", run="p"),
    ]
    assert [item.run for item in failed_items(rows, PLACES)] == ["new", "old", "c", "m"]


def test_of_very_many_failures_the_newest_300_are_listed() -> None:
    rows = [*works(200, "extract", "failed", ended=50), *works(200, "stt", "failed", ended=5)]
    items = failed_items(rows, PLACES)

    assert len(items) == 300
    assert sum(item.stage == "stt" for item in items) == 200


def test_a_failure_says_all_that_the_old_list_said() -> None:
    row = work("stt", "failed", ended=3, run="r", attempt=3, error="NonZeroExit: code 3")
    (item,) = failed_items([row], PLACES)

    assert (item.id, item.document_id, item.title) == ("uid-r/stt/3", "doc-r", "Title of r")
    assert (item.attempts, item.max_attempts) == (3, 3)
    assert (item.error_message, item.failed_at) == ("NonZeroExit: code 3", ago(3))


TITLES = [
    (("A title", "f.pdf", "/a/b.pdf", "id"), "A title"),
    (("", "f.pdf", "/a/b.pdf", "id"), "f.pdf"),
    ((" ", "", "/a/b.pdf", "id"), "b.pdf"),
    (("", "", "a/b/", "id"), "b"),
    (("", "", "", "id"), "id"),
]


@pytest.mark.parametrize(("parts", "shown"), TITLES)
def test_a_title_else_the_filename_else_a_basename_else_the_id(
    parts: tuple[str, str, str, str], shown: str
) -> None:
    assert display_title(*parts) == shown


def job(
    name: str,
    *,
    started: float = 60,
    heard: float = 0,
    ended: float | None = None,
    kind: str = "reindex",
    machine: str = "",
) -> BackgroundJob:
    moment: datetime | None = None if ended is None else ago(ended)
    return BackgroundJob(
        namespace="team",
        id=name,
        kind=kind,
        label="",
        state="running" if ended is None else "done",
        processed=1,
        total=4,
        started=ago(started),
        heartbeat=ago(heard),
        ended=moment,
        error="",
        machine=machine,
    )


def names(*jobs: BackgroundJob) -> list[str]:
    return [row.id for row in background_rows(jobs, PLACES, {}, NOW)]


def test_running_jobs_come_first_then_those_that_ended_within_six_hours() -> None:
    shown = names(
        job("ended", ended=10),
        job("long-ended", ended=6 * 60 + 0.1),
        job("just-within", ended=6 * 60),
        job("runs", started=90),
        job("runs-newer", started=5),
    )
    assert shown == ["runs-newer", "runs", "ended", "just-within"]


def test_at_most_twenty_jobs_are_shown() -> None:
    assert len(names(*(job(str(number)) for number in range(30)))) == 20


@pytest.mark.parametrize(
    ("heard", "ended", "stale"), [(5, None, False), (5.1, None, True), (60, 1, False)]
)
def test_a_running_job_is_stale_after_five_minutes_of_silence(
    heard: float, ended: float | None, *, stale: bool
) -> None:
    (row,) = background_rows([job("j", heard=heard, ended=ended)], PLACES, {}, NOW)
    assert row.stale is stale


def test_elapsed_counts_to_the_end_or_to_now() -> None:
    rows = background_rows([job("a", started=60), job("b", started=60, ended=10)], PLACES, {}, NOW)
    assert [row.elapsed_sec for row in rows] == [3600, 3000]


@pytest.mark.parametrize(
    ("kind", "machine"), [("reindex", "macmini"), ("nobody-knows", "gpu"), ("astray", "gpu")]
)
def test_a_kind_has_its_machine_and_an_unknown_one_gpus(kind: str, machine: str) -> None:
    kinds = {"reindex": "macmini", "astray": "no-such-class"}
    (row,) = background_rows([job("j", kind=kind)], PLACES, kinds, NOW)
    assert row.machine == machine
    assert row.label == kind


def test_what_a_job_says_of_its_machine_goes_before_its_kind() -> None:
    own = job("j", kind="reindex", machine="macbook")
    (row,) = background_rows([own], PLACES, {"reindex": "macmini"}, NOW)
    assert row.machine == "macbook"


def test_a_job_that_has_just_begun_is_not_older_than_nothing() -> None:
    early = job("j", started=-1)
    (row,) = background_rows([early], PLACES, {}, NOW + timedelta(seconds=0))
    assert row.elapsed_sec == 0
