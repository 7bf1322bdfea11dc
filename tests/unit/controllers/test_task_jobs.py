"""What a schedule hears of the Jobs of its tasks, and how one has ended."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from stagework.api.observed import TaskJobView
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.controllers.decoding import End
from stagework.controllers.scheduledjobs.children import job_end, maker_of_job

OWNER = {
    "apiVersion": "stagework.dev/v1alpha1",
    "kind": "ScheduledJob",
    "name": "nightly",
    "uid": "u",
    "controller": True,
}
TIMES = {"startTime": "2026-03-01T00:00:00Z", "completionTime": "2026-03-01T00:01:30Z"}

ENDED = datetime(2026, 3, 1, 0, 1, 30, tzinfo=UTC)


def job(
    condition: str = "", *, owner: dict[str, Any] = OWNER, leaving: bool = False
) -> TaskJobView:
    meta: dict[str, Any] = {"name": "j", "namespace": "ns", "uid": "j", "ownerReferences": [owner]}
    if leaving:
        meta["deletionTimestamp"] = "2026-03-01T00:02:00Z"
    conditions = [{"type": condition, "status": "True"}] if condition else []
    times = TIMES if condition == "Complete" else {"startTime": TIMES["startTime"]}
    status = {"conditions": conditions, **times}
    return msgspec.convert({"metadata": meta, "status": status}, TaskJobView, strict=False)


CHANGES: dict[str, tuple[Change[TaskJobView], bool]] = {
    "it has come": (Change(None, job()), True),
    "it has ended": (Change(job(), job("Complete")), True),
    "it is being deleted": (Change(job(), job(leaving=True)), True),
    "it has gone": (Change(job("Complete"), None), True),
    "it goes on": (Change(job(), job("SuccessCriteriaMet")), False),
    "it belongs to a run": (Change(None, job(owner={**OWNER, "kind": "PipelineJob"})), False),
    "to that of another group": (Change(None, job(owner={**OWNER, "apiVersion": "b/v1"})), False),
}


@pytest.mark.parametrize("row", CHANGES)
def test_which_changes_of_jobs_concern_a_schedule(row: str) -> None:
    change, concerns = CHANGES[row]
    assert list(maker_of_job(change)) == (
        [Key("ScheduledJob", "ns", "nightly")] if concerns else []
    )


@pytest.mark.parametrize(
    ("condition", "end"),
    [
        ("Complete", End(True, 90, ENDED)),
        ("Failed", End(False, 0, None)),
        ("FailureTarget", None),
        ("", None),
    ],
)
def test_how_it_has_ended(condition: str, end: End | None) -> None:
    assert job_end(job(condition)) == end
