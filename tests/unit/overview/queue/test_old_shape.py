"""The old words for the same numbers: every field of the old answers, by a queue that has all."""

from stagework.api.background_jobs import BackgroundJob
from stagework.overview.queue.failed import failed_items
from stagework.overview.queue.failed_id import FailedId, failed_id
from stagework.overview.queue.old_shape import old_failed, old_overview
from stagework.overview.queue.places import Places
from stagework.overview.queue.queued_twice import queued_elsewhere
from tests.support.builders.queue import ago, board_of, old_fleet, old_places, work, works

REINDEX = BackgroundJob(
    namespace="team",
    id="j-1",
    kind="reindex",
    label="Reindex",
    state="running",
    processed=120,
    total=400,
    started=ago(60),
    heartbeat=ago(8),
    ended=None,
    error="",
    machine="",
)
BOARD = board_of(
    *works(3, "extract", created=4),
    work("extract", "processing", started=2, run="coffee", machine="gpu"),
    *works(34, "summarize", created=30),
    *works(2, "summarize", "failed", ended=5, created=90),
    *works(96, "summarize", "done", machine="macmini", ended=31, created=90),
    *works(10, "summarize", "done", machine="macbook", ended=20, created=90),
    *works(12, "deep_summary", "deferred", created=200),
    background=[REINDEX],
    background_machines={"reindex": "macmini"},
)


def test_the_overview_reads_as_it_did() -> None:
    shown = old_overview(BOARD).model_dump(mode="json")
    gpu, mini, book = shown["machines"]

    assert gpu == {
        "key": "gpu",
        "label": "GPU server",
        "state": "active",
        "stages": [
            "extract",
            "embed",
            "chunk",
            "markdown",
            "preview",
            "thumbnail",
            "fulltext",
            "stt",
        ],
        "pending": 3,
        "processing": 1,
        "failed": 0,
        "done_1h": 0,
        "done_today": 0,
        "deferred_pending": 0,
        "current": [{"document_id": "doc-coffee", "title": "Title of coffee", "stage": "extract"}],
    }
    assert (mini["pending"], mini["failed"], mini["done_1h"]) == (34, 2, 96)
    assert (book["state"], book["done_1h"], book["deferred_pending"]) == ("deferred", 10, 12)
    assert shown["stages"][0] == {
        "stage": "extract",
        "pending": 3,
        "processing": 1,
        "failed": 0,
        "done_1h": 0,
        "created_1h": 4,
        "done_today": 0,
        "oldest_pending_age_sec": 240,
    }
    assert shown["totals"] == {"pending": 37, "processing": 1, "failed": 2}


def test_the_pool_has_its_estimate_its_shares_and_its_hours() -> None:
    shown = old_overview(BOARD).model_dump(mode="json")

    assert shown["summarize_eta"] == {
        "pending": 34,
        "done_rate_1h": 106,
        "inflow_rate_1h": 34,
        "eta_minutes": 34 / 72 * 60,
    }
    assert shown["summarize_by_machine"] == {
        "macmini": {"done_1h": 96, "done_today": 96},
        "macbook": {"done_1h": 10, "done_today": 10},
    }
    assert shown["trend_24h"][-2:] == [
        {"hour": "13:00", "inflow": 108, "done": 96},
        {"hour": "14:00", "inflow": 34, "done": 10},
    ]


def test_background_jobs_read_as_they_did() -> None:
    (shown,) = old_overview(BOARD).model_dump(mode="json")["background_jobs"]

    assert shown == {
        "id": "j-1",
        "kind": "reindex",
        "label": "Reindex",
        "state": "running",
        "processed": 120,
        "total": 400,
        "elapsed_sec": 3600,
        "stale": True,
        "error": None,
        "machine": "macmini",
    }


def test_the_first_pool_is_the_old_boards_and_without_any_all_stages_have_the_hours() -> None:
    other = Places(old_fleet(), {"classify": ("macmini", "macbook")})
    named = old_overview(board_of(*works(2, "classify"), places=other))
    none = old_overview(board_of(*works(2, "classify"), places=Places(old_fleet(), {})))

    assert named.summarize_eta.pending == 2
    assert (none.summarize_eta.pending, none.summarize_by_machine) == (0, {})
    assert len(none.trend_24h) == 24


def test_a_failure_that_nobody_knows_the_limit_of_has_none() -> None:
    rows = [work("stt", "failed", ended=1, max_attempts=0)]
    (item,) = old_failed(failed_items(rows, old_places())).items
    assert item.max_attempts is None


def test_an_id_is_a_uid_a_stage_and_an_attempt() -> None:
    assert failed_id("3b87-ab/ocr_eval/3") == FailedId("3b87-ab", "ocr_eval", 3)
    for text in ("", "a/b", "a/b/c", "a/b/0", "a/B/1", "a/b/1/2", "a/b/12345678", "../b/1"):
        assert failed_id(text) is None


def test_the_same_subject_in_another_run_is_queued_already() -> None:
    mine = work("stt", "failed", ended=1, run="mine", document_id="d")
    wanted = FailedId(mine.run_uid, "stt", 1)

    def other(**changes: str) -> bool:
        values: dict[str, str] = {"stage": "stt", "state": "pending", "run": "x", **changes}
        row = work(**({"document_id": "d"} | values))  # type: ignore[arg-type]
        return queued_elsewhere(wanted, [mine, row]) is not None

    assert other()
    assert other(state="processing")
    assert other(state="deferred")
    assert not other(state="done")
    assert not other(state="failed")
    assert not other(stage="embed")
    assert not other(document_id="e")
    assert not other(namespace="elsewhere")
    assert not other(run="mine")
