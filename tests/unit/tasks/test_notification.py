"""The digest: its text as a table, and on the real API service."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stagework.api.history import Digest, SlowStage
from stagework.api.tasks import NotificationData
from stagework.tasks.notification.task import run
from stagework.tasks.notification.text import digest_message
from stagework.tasks.surroundings import TaskFailed
from tests.support.history.facts import attempt_fact, failure, run_fact
from tests.support.tasks import NAMESPACE, NOW, Place, place

EMPTY = Digest(runs={}, failedStages=0, deferredStages=0, slowest=[])


def text(waiting: int = 0, **digest: object) -> tuple[str, list[str]]:
    made = digest_message(EMPTY.model_copy(update=digest), waiting, "here", 24)
    return made.title, made.text.splitlines()


def test_a_quiet_day_says_so() -> None:
    assert text() == ("here: 0 runs done, 0 failed in 24 h", ["Nothing has happened."])


def test_every_line_is_there_for_something() -> None:
    slow = SlowStage(stage="ocr", number=4, meanSeconds=190, longestSeconds=1500)
    runs = {"Completed": 1, "CompletedWithSkips": 2, "StageFailed": 1, "Stopped": 2}
    title, lines = text(3, runs=runs, failedStages=2, deferredStages=5, slowest=[slow])
    assert title == "here: 3 runs done, 3 failed in 24 h"
    assert lines == [
        "1 run ended as StageFailed",
        "2 runs ended as Stopped",
        "2 failed stages wait for somebody: stagework status --failed",
        "deferred 5 times; 3 stages are deferred now",
        "ocr: 3m10s on average over 4, 25m at most",
    ]


async def a_day(at: Place) -> None:
    span: dict[str, Any] = {"namespace": NAMESPACE, "at": NOW, "ended": NOW - timedelta(hours=1)}
    early: dict[str, Any] = {**span, "ended": NOW - timedelta(hours=30)}
    started = NOW - timedelta(hours=2)
    await at.service.history.record(
        [
            run_fact("a", state="Completed", **span),
            run_fact("b", state="StageFailed", **span),
            run_fact("c", state="Completed", **early),
            attempt_fact("a", "ocr", outcome="Succeeded", started=started, **span),
            attempt_fact("b", "judge", outcome="Deferred", **span),
            failure("b", **span),
        ]
    )


async def test_it_tells_of_the_last_day_once_a_slot(tmp_path: Path) -> None:
    async with place("notification", tmp_path) as at:
        await a_day(at)
        slot = replace(at.surroundings, slot="2026-11-30T09:00:00+09:00")
        report = await run(slot, NotificationData())
        assert report.summary == "stagework in stagework-system: 1 run done, 1 failed in 24 h"
        assert (report.document["done"], report.document["failed"]) == (1, 1)
        assert report.document["deferred"] == 1
        assert [slow["stage"] for slow in report.document["slowest"]] == ["ocr"]
        assert (await run(slot, NotificationData())).document["alert"] == "known"
        assert at.said.titles == [report.summary]
        assert (await run(at.surroundings, NotificationData())).document["alert"] == "sent"


async def test_what_others_may_not_list_is_not_told(tmp_path: Path) -> None:
    async with place("notification", tmp_path) as at:
        await a_day(at)
        elsewhere: dict[str, Any] = {
            "namespace": "team",
            "at": NOW,
            "ended": NOW - timedelta(hours=1),
        }
        await at.service.history.record([run_fact("z", state="Completed", **elsewhere)])
        report = await run(at.surroundings, NotificationData())
        assert report.document["done"] == 1


async def test_a_dry_run_tells_nobody_and_a_deaf_receiver_fails_the_task(tmp_path: Path) -> None:
    async with place("notification", tmp_path) as at:
        await run(replace(at.surroundings, dry_run=True), NotificationData())
        assert at.said.titles == []
        at.said.deaf = True
        with pytest.raises(TaskFailed, match="no receiver"):
            await run(at.surroundings, NotificationData())
