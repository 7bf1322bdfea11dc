"""The health check on the fake API server and the real API service."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from stagework.api.tasks import HealthCheckData
from stagework.tasks.health_check.task import run
from stagework.tasks.surroundings import Report
from tests.support.fakeapi.resources import LEASES, NODES
from tests.support.fakeapi.server import FakeApi
from tests.support.history.facts import failure, run_fact
from tests.support.tasks import NAMESPACE, NOW, Place, place


def operator_leads(server: FakeApi, age_seconds: int = 3) -> None:
    renewed = (NOW - timedelta(seconds=age_seconds)).isoformat(timespec="microseconds")
    spec = {"holderIdentity": "operator-1", "renewTime": renewed}
    lease = {"metadata": {"name": "stagework-operator"}, "spec": spec}
    server.store.create(LEASES, NAMESPACE, lease)


def node(server: FakeApi, name: str, machine: str, *, ready: bool) -> None:
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    meta = {"name": name, "labels": {"stagework.dev/machine": machine}}
    server.store.create(NODES, "", {"metadata": meta})
    server.store.patch(NODES, "", name, {"status": status})


def states(report: Report) -> dict[str, str]:
    """Of all parts that are not well."""
    checks: list[dict[str, Any]] = report.document["checks"]
    return {check["name"]: check["state"] for check in checks if check["state"] != "ok"}


def title(words: str) -> str:
    return f"stagework in {NAMESPACE}: {words}"


async def checked(at: Place) -> Report:
    return await run(at.surroundings, HealthCheckData())


async def well(at: Place) -> None:
    operator_leads(at.server)
    await machines_are_ready(at)


async def machines_are_ready(at: Place) -> None:
    node(at.server, "gpu-1", "gpu", ready=True)


async def test_all_is_well_and_nobody_is_told(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await well(at)
        report = await checked(at)
        assert states(report) == {}
        assert report.document["healthy"] is True
        assert report.summary == "all is well"
        assert at.said.titles == []
        assert at.service.stored() == [], "the store's probe leaves nothing"


async def test_a_failure_is_told_once_and_once_more_when_it_is_well_again(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await machines_are_ready(at)
        at.service.history.away = True
        for _ in range(3):
            report = await checked(at)
            assert states(report) == {
                "operator": "failing",
                "store": "failing",
                "failed-ratio": "unknown",
                "orphans": "unknown",
            }
        assert at.said.titles == [title("operator is failing"), title("store is failing")]
        at.service.history.away = False
        operator_leads(at.server)
        for _ in range(2):
            assert states(await checked(at)) == {}
        assert at.said.titles[2:] == [title("operator is well again"), title("store is well again")]


async def test_what_the_operator_tells_of_by_itself_is_not_told_twice(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await well(at)
        at.service.history.away = True
        report = await checked(at)
        assert states(report)["store"] == "failing", "the document says it all the same"
        assert at.said.titles == []


async def test_failures_of_all_stages_together_are_told_though_the_operator_works(
    tmp_path: Path,
) -> None:
    async with place("health_check", tmp_path) as at:
        await well(at)
        await at.service.history.record([run_fact(namespace=NAMESPACE)])
        failures = (
            failure(f"run-{number}", namespace=NAMESPACE, ended=NOW, reason="NonZeroExit")
            for number in range(6)
        )
        await at.service.history.record([*failures])
        assert states(await checked(at)) == {"failed-ratio": "failing"}
        assert at.said.titles == [title("failed-ratio is failing")]


async def test_machines_and_the_operator_are_seen(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        operator_leads(at.server, age_seconds=300)
        node(at.server, "gpu-1", "gpu", ready=False)
        node(at.server, "book", "macbook", ready=False)
        assert states(await checked(at)) == {"operator": "failing", "machines-gpu": "failing"}
        assert len(at.said.titles) == 2


async def test_stages_that_failed_in_the_last_hour_count(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await machines_are_ready(at)
        early = NOW - timedelta(hours=2)
        ended = [NOW - timedelta(minutes=minute) for minute in range(6)] + [early] * 9
        await at.service.history.record([run_fact(namespace=NAMESPACE)])
        await at.service.history.record(
            [
                failure(f"run-{number}", namespace=NAMESPACE, ended=moment)
                for number, moment in enumerate(ended)
            ]
        )
        report = await checked(at)
        assert states(report) == {"operator": "failing", "failed-ratio": "failing"}
        assert at.said.texts[1:] == ["6 of 6 stages that ended in the last hour failed"]


async def test_a_stage_that_was_given_up_is_told_of_once(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await machines_are_ready(at)
        lost = failure("run-1", namespace=NAMESPACE, ended=NOW, reason="Orphaned")
        await at.service.history.record([run_fact(namespace=NAMESPACE), lost])
        for _ in range(2):
            assert states(await checked(at)) == {"operator": "failing", "orphans": "failing"}
        assert at.said.titles == [title("operator is failing"), title("orphans is failing")]


async def test_a_service_that_is_away_is_one_cause(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        await machines_are_ready(at)
        at.service.cluster.is_away = True
        report = await checked(at)
        assert states(report)["api-service"] == "failing"
        assert at.said.titles == [title("operator is failing"), title("api-service is failing")]


async def test_a_dry_run_tells_nobody(tmp_path: Path) -> None:
    async with place("health_check", tmp_path, dry_run=True) as at:
        assert states(await checked(at))["operator"] == "failing"
        assert at.said.titles == []


async def test_without_rights_it_says_that_it_does_not_know(tmp_path: Path) -> None:
    async with place("health_check", tmp_path) as at:
        at.server.rights = ()
        report = await checked(at)
        assert states(report)["machines-gpu"] == "unknown"
        assert states(report)["operator"] == "unknown"
