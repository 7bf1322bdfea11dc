"""A clean-up of the fake API server and the real API service."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from stagework.api.base import format_time
from stagework.api.tasks import DataCleanupData
from stagework.tasks.data_cleanup.task import run
from stagework.tasks.surroundings import Report
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.resources import BATCHES, PIPELINE_JOBS
from tests.support.history.facts import run_fact
from tests.support.tasks import NAMESPACE, NOW, Place, place

DATA = DataCleanupData(keepFinishedSeconds=3600)
RIGHTS = {"list": NAMESPACE, "get": NAMESPACE}


async def ended(at: Place, name: str, hours: float, *, namespace: str = NAMESPACE) -> str:
    """A run that ended so many hours ago, and history knows it; gives its uid."""
    stored = at.server.store.create(PIPELINE_JOBS, namespace, made(name))
    end = NOW - timedelta(hours=hours)
    conditions = [{"type": "Succeeded", "status": "True", "reason": "Completed"}]
    status = {"conditions": conditions, "completionTime": format_time(end)}
    at.server.store.patch(PIPELINE_JOBS, namespace, name, {"status": status})
    uid = str(stored.meta["uid"])
    await at.service.history.record([run_fact(uid, namespace=namespace, ended=end, at=end)])
    at.service.cluster.rights |= at.service.cluster.queue.rights
    return uid


def ended_batch(at: Place, name: str, hours: float) -> None:
    """A Batch that ended so many hours ago."""
    spec = {"pipelineRef": {"name": "ad"}, "items": {"inline": [{"uri": "s3://b/1.png"}]}}
    at.server.store.create(BATCHES, NAMESPACE, {"metadata": {"name": name}, "spec": spec})
    end = format_time(NOW - timedelta(hours=hours))
    conditions = [{"type": "Succeeded", "status": "True", "reason": "Completed"}]
    status = {"conditions": conditions, "completionTime": end}
    at.server.store.patch(BATCHES, NAMESPACE, name, {"status": status})


def made(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"pipelineRef": {"name": "ad"}, **spec}}


def names(at: Place, namespace: str = NAMESPACE) -> list[str]:
    table = at.server.store.tables[PIPELINE_JOBS]
    return sorted(name for space, name in table.objects if space == namespace)


def deleted(report: Report) -> list[str]:
    return [row["name"] for row in report.document["deleted"]]


async def test_a_dry_run_says_exactly_what_then_goes(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        for name, hours in (("old", 3.0), ("older", 5.0), ("new", 0.5)):
            await ended(at, name, hours)
        at.server.store.create(PIPELINE_JOBS, NAMESPACE, made("waits"))
        dry = await run(at.surroundings, DATA.model_copy(update={"dryRun": True}))
        assert names(at) == ["new", "old", "older", "waits"]
        done = await run(at.surroundings, DATA)
        assert names(at) == ["new", "waits"]
        assert done.document["deleted"] == dry.document["deleted"]
        assert deleted(done) == ["older", "old"]
        assert dry.document["dryRun"] is True
        assert done.summary.startswith("2 objects and the artifacts of 0 runs deleted")


async def test_a_batch_that_ended_goes_likewise(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        ended_batch(at, "old", 3.0)
        ended_batch(at, "new", 0.5)
        done = await run(at.surroundings, DATA)
        assert [(row["kind"], row["name"]) for row in done.document["deleted"]] == [
            ("Batch", "old")
        ]
        assert {stored.meta["name"] for stored in at.server.store.list(BATCHES)} == {"new"}


async def test_what_a_running_run_works_on_stays(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        uid = await ended(at, "source", 5)
        uri = f"artifact://{NAMESPACE}/{uid}/ocr/1-pod/out.txt"
        at.server.store.create(PIPELINE_JOBS, NAMESPACE, made("user", input={"uri": uri}))
        report = await run(at.surroundings, DATA)
        assert names(at) == ["source", "user"]
        assert report.document["kept"][0]["reason"] == "user works on its artifacts"


async def test_what_a_batch_has_its_items_from_stays(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        await ended(at, "source", 5)
        await ended(at, "other", 5)
        items = {"from": {"pipelineJob": "source", "stage": "list", "path": "items.csv"}}
        spec = {"pipelineRef": {"name": "ad"}, "items": items}
        at.server.store.create(BATCHES, NAMESPACE, {"metadata": {"name": "b"}, "spec": spec})
        report = await run(at.surroundings, DATA)
        assert names(at) == ["source"]
        assert report.document["kept"][0]["reason"] == "Batch b works on its artifacts"


async def test_what_history_does_not_know_yet_stays(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        await ended(at, "untold", 5)
        at.service.history.facts.clear()
        report = await run(at.surroundings, DATA)
        assert names(at) == ["untold"]
        assert "history does not tell of it" in report.document["kept"][0]["reason"]


async def test_what_somebody_retries_meanwhile_stays(tmp_path: Path) -> None:
    async with place("data_cleanup", tmp_path, rights=RIGHTS) as at:
        await ended(at, "retried", 5)

        def retry(seen: Seen) -> None:
            if seen.verb == "DELETE":
                status = {"status": {"completionTime": None}}
                at.server.store.patch(PIPELINE_JOBS, NAMESPACE, "retried", status)

        at.server.record.listeners.append(retry)
        report = await run(at.surroundings, DATA)
        assert names(at) == ["retried"]
        assert report.document["kept"][0]["reason"] == "somebody has changed it meanwhile"


async def test_other_namespaces_only_where_the_values_name_them(tmp_path: Path) -> None:
    settings = {"tasks": {"namespaces": {"data_cleanup": ["team"]}}}
    rights = {"list": "", "get": "team"}
    async with place("data_cleanup", tmp_path, rights=rights, settings=settings) as at:
        await ended(at, "named", 5, namespace="team")
        await ended(at, "other", 5, namespace="other")
        assert deleted(await run(at.surroundings, DATA)) == ["named"]
        assert names(at, "other") == ["other"]
