"""A backup through the real API service, restored into an empty API server and an empty history."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from stagework.api.base import format_time
from stagework.api.tasks import BackupData, RestoreData
from stagework.artifacts.s3 import ObjectStore
from stagework.tasks.backup import restore
from stagework.tasks.backup.places import BucketPlace
from stagework.tasks.backup.task import run
from stagework.tasks.service import Service as ServiceClient
from stagework.tasks.surroundings import TaskFailed
from tests.support.fakeapi.resources import (
    BATCHES,
    PIPELINE_JOBS,
    PIPELINES,
    SCHEDULED_JOBS,
    Resource,
)
from tests.support.fakeapi.server import FakeApi
from tests.support.history.facts import attempt_fact, run_fact
from tests.support.tasks import NAMESPACE, NOW, Place, place
from tests.unit.web.fake_cluster import task_token

SPEC = {"pipelineRef": {"name": "ad"}, "params": {"prompt": "shoes"}}
BATCH_SPEC = {"pipelineRef": {"name": "ad"}, "items": {"inline": [{"uri": "s3://b/1.png"}]}}
SLOT = "2026-11-29T02:00:00Z"
STATS = {"totalExecutions": 40, "successfulExecutions": 38, "failedExecutions": 2, "skipped": 3}
ENDED = {
    "conditions": [
        {
            "type": "Succeeded",
            "status": "True",
            "reason": "Completed",
            "message": "",
            "lastTransitionTime": format_time(NOW),
        }
    ],
    "completionTime": format_time(NOW),
    "observedGeneration": 1,
    "summary": "Completed",
}


def create(server: FakeApi, of: Resource, name: str, spec: dict[str, Any], **status: Any) -> str:
    stored = server.store.create(of, NAMESPACE, {"metadata": {"name": name}, "spec": spec})
    if status:
        server.store.patch(of, NAMESPACE, name, {"status": status})
    return str(stored.meta["uid"])


async def a_cluster_at_work(at: Place) -> None:
    stages = [{"name": "ocr", "image": "ocr:1"}]
    create(at.server, PIPELINES, "ad", {"stages": stages})
    nightly = {"schedule": {"cron": "0 2 * * *"}, "template": {"pipelineJob": SPEC}}
    create(at.server, SCHEDULED_JOBS, "nightly", nightly, lastScheduleTime=SLOT, stats=STATS)
    paused = {**nightly, "suspend": True}
    create(at.server, SCHEDULED_JOBS, "paused", paused, lastScheduleTime=SLOT)
    create(at.server, PIPELINE_JOBS, "works", SPEC)
    create(at.server, BATCHES, "shoes", BATCH_SPEC)
    create(at.server, BATCHES, "done", BATCH_SPEC, **ENDED)
    uid = create(at.server, PIPELINE_JOBS, "ended", SPEC, **ENDED)
    create(at.server, PIPELINE_JOBS, "untold", SPEC, **ENDED)
    span: dict[str, Any] = {"namespace": NAMESPACE, "at": NOW, "ended": NOW}
    await at.service.history.record(
        [
            run_fact(uid, state="Completed", **span),
            attempt_fact(uid, outcome="Succeeded", **span),
            run_fact("gone", state="Completed", **span),
        ]
    )


@asynccontextmanager
async def backed_up(folder: Path, **data: Any) -> AsyncGenerator[Place]:
    async with place("backup", folder) as at:
        await a_cluster_at_work(at)
        report = await run(at.surroundings, BackupData(**data))
        assert report.summary == "8 objects and 3 facts of history in stagework-20261130T120000Z"
        yield at


def as_restore(at: Place, server_url_of: Place) -> Any:
    """The restore's surroundings: an empty cluster, and the service that has the backup."""
    token = task_token(at.service.cluster, "restore")
    return replace(
        server_url_of.surroundings,
        task="restore",
        service=ServiceClient(at.service.url, lambda: token),
    )


def specs(server: FakeApi, of: Resource) -> dict[str, Any]:
    return {stored.meta["name"]: stored.data["spec"] for stored in server.store.list(of)}


async def test_a_restore_into_an_empty_cluster_brings_back_what_can_go_on(tmp_path: Path) -> None:
    async with backed_up(tmp_path / "a") as at, place("restore", tmp_path / "b") as empty:
        at.service.history.facts.clear()
        report = await restore.run(as_restore(at, empty), RestoreData())
        server = empty.server
        assert specs(server, PIPELINES) == specs(at.server, PIPELINES)
        assert specs(server, PIPELINE_JOBS) == {"works": {**SPEC, "suspend": True}}
        assert specs(server, BATCHES) == {"shoes": {**BATCH_SPEC, "suspend": True}}
        schedules = {s.meta["name"]: s.data for s in server.store.list(SCHEDULED_JOBS)}
        assert schedules["nightly"]["status"]["lastScheduleTime"] == SLOT
        assert schedules["nightly"]["status"]["stats"] == STATS
        assert schedules["nightly"]["spec"]["suspend"] is False
        assert schedules["paused"]["spec"]["suspend"] is True
        known = {fact.run_uid for fact in at.service.history.facts.values()}
        assert len(known) == 3, "with the one that history did not know at the backup"
        assert report.document["facts"] == 4


async def test_a_schedule_is_never_seen_awake_without_its_last_slot(tmp_path: Path) -> None:
    async with backed_up(tmp_path / "a") as at, place("restore", tmp_path / "b") as empty:
        seen: list[tuple[bool, bool]] = []

        def note(change: Any) -> None:
            if change.resource is SCHEDULED_JOBS and change.new.meta["name"] == "nightly":
                status: dict[str, Any] = change.new.data.get("status") or {}
                seen.append((change.new.data["spec"]["suspend"], "lastScheduleTime" in status))

        empty.server.store.listeners.append(note)
        await restore.run(as_restore(at, empty), RestoreData())
        assert seen == [(True, False), (True, True), (False, True)]


async def test_a_restore_again_changes_nothing(tmp_path: Path) -> None:
    async with backed_up(tmp_path / "a") as at, place("restore", tmp_path / "b") as empty:
        surroundings = as_restore(at, empty)
        dry = await restore.run(replace(surroundings, dry_run=True), RestoreData())
        assert specs(empty.server, PIPELINES) == {}
        first = await restore.run(surroundings, RestoreData())
        assert first.document["made"] == dry.document["made"]
        version = empty.server.store.version
        again = await restore.run(surroundings, RestoreData())
        assert again.document["made"] == []
        assert again.document["there"] == first.document["made"]
        assert empty.server.store.version == version


async def test_what_cannot_be_made_is_named_after_all_the_rest_was(tmp_path: Path) -> None:
    async with backed_up(tmp_path / "a") as at, place("restore", tmp_path / "b") as empty:
        empty.server.rights = {
            ("stagework.dev", plural, verb)
            for plural in ("pipelinejobs", "batches", "scheduledjobs", "scheduledjobs/status")
            for verb in ("create", "patch")
        }
        with pytest.raises(TaskFailed, match=r"1 failed: Pipeline stagework-system/ad"):
            await restore.run(as_restore(at, empty), RestoreData())
        assert set(specs(empty.server, SCHEDULED_JOBS)) == {"nightly", "paused"}


async def test_the_newest_are_kept_and_a_dry_run_keeps_none(tmp_path: Path) -> None:
    async with place("backup", tmp_path) as at:
        forgotten: list[str] = []
        for day in range(4):
            later = replace(at.surroundings, now=lambda day=day: NOW + timedelta(days=day))
            await run(replace(later, dry_run=True), BackupData(keep=2))
            last = (await run(later, BackupData(keep=2))).document["forgotten"]
            forgotten = [*forgotten, *last]
        assert forgotten == ["stagework-20261130T120000Z", "stagework-20261201T120000Z"]
        kept = sorted(path.parent.name for path in at.service.root.rglob("archive"))
        assert kept == ["stagework-20261202T120000Z", "stagework-20261203T120000Z"]


async def test_the_sweep_of_artifacts_leaves_backups_alone(tmp_path: Path) -> None:
    async with backed_up(tmp_path) as at:
        token = task_token(at.service.cluster, "data_cleanup")
        for _ in range(2):
            answer = at.service.ask("POST", "/v1/cleanup", token).json
            assert (answer["artifacts"], answer["noted"]) == ([], [])


async def test_nothing_of_a_secret_is_asked_for(tmp_path: Path) -> None:
    async with backed_up(tmp_path) as at:
        asked = {what.split()[1] for what in at.server.record.counts}
        assert asked <= {"pipelines", "pipelinejobs", "batches", "scheduledjobs"}


async def test_a_bucket_keeps_lists_and_gives_back(tmp_path: Path) -> None:
    bucket = BucketPlace(ObjectStore(MemoryStore(), max_file_bytes=100))
    (tmp_path / "in").write_bytes(b"backup")
    await bucket.keep("b", tmp_path / "in")
    await bucket.keep("a", tmp_path / "in")
    assert await bucket.names() == ["a", "b"]
    await bucket.fetch("a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"backup"
    await bucket.forget("a")
    assert await bucket.names() == ["b"]
    with pytest.raises(TaskFailed, match="the bucket: there is no artifact"):
        await bucket.fetch("a", tmp_path / "out")


async def test_without_a_backup_or_a_bucket_it_says_so(tmp_path: Path) -> None:
    async with place("restore", tmp_path) as at:
        with pytest.raises(TaskFailed, match="there is no backup"):
            await restore.run(at.surroundings, RestoreData())
        with pytest.raises(TaskFailed, match=r"set tasks\.restore\.s3"):
            await restore.run(at.surroundings, RestoreData(source="s3"))
