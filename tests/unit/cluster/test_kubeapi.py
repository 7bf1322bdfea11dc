"""Requests to the API server: answers, errors, retries, the throttle and the guard."""

import contextlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from stagework.cluster.client import errors
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import (
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    KubeApi,
)
from stagework.cluster.client.paths import resource_of
from stagework.cluster.client.throttles import Throttles
from tests.support.fakeapi.faults import about, writes
from tests.support.fakeapi.resources import CONFIG_MAPS, PIPELINE_JOBS, PODS
from tests.support.fakeapi.server import FakeApi

MAPS = CONFIG_MAPS.path("ns")


def config_map(name: str, **data: str) -> bytes:
    return orjson.dumps({"metadata": {"name": name}, "data": data})


def pod(name: str, **spec: Any) -> bytes:
    return orjson.dumps({"metadata": {"name": name}, "spec": {"containers": [], **spec}})


async def collect(api: KubeApi, path: str, limit: int) -> list[str]:
    names: list[str] = []
    async for page in api.list_pages(path, limit=limit, on_restart=names.clear):
        names += [item["metadata"]["name"] for item in orjson.loads(page)["items"]]
    return names


async def test_create_get_patch_put_delete(api: KubeApi, fake: FakeApi) -> None:
    made = orjson.loads(await api.create(MAPS, config_map("a", x="1")))
    await api.patch(f"{MAPS}/a", b'{"data":{"y":"2"}}', MERGE_PATCH)
    got = orjson.loads(await api.get(f"{MAPS}/a"))
    assert got["data"] == {"x": "1", "y": "2"}
    assert int(got["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    await api.put(f"{MAPS}/a", orjson.dumps(got | {"data": {"z": "3"}}))
    assert orjson.loads(await api.get(f"{MAPS}/a"))["data"] == {"z": "3"}
    await api.delete(f"{MAPS}/a", orjson.dumps({"preconditions": {"uid": got["metadata"]["uid"]}}))
    with pytest.raises(errors.NotFound, match='configmaps "a" not found'):
        await api.get(f"{MAPS}/a")
    assert [write.what for write in fake.record.writes] == [
        "POST configmaps",
        "PATCH configmaps",
        "PUT configmaps",
        "DELETE configmaps",
    ]


async def test_refusals_become_errors(api: KubeApi) -> None:
    await api.create(MAPS, config_map("a"))
    with pytest.raises(errors.AlreadyExists):
        await api.create(MAPS, config_map("a"))
    with pytest.raises(errors.Conflict) as stale:
        await api.patch(f"{MAPS}/a", b'{"metadata":{"resourceVersion":"1"}}')
    assert not isinstance(stale.value, errors.AlreadyExists)
    with pytest.raises(errors.Conflict, match="UID in the precondition"):
        await api.delete(f"{MAPS}/a", b'{"preconditions":{"uid":"another"}}')
    with pytest.raises(errors.Invalid):
        await api.create(MAPS, config_map("Upper"))


async def test_the_gate_is_removed_by_one_strategic_merge_patch(api: KubeApi) -> None:
    gates = [{"name": "stagework.dev/turn"}, {"name": "somebody.else/gate"}]
    path = f"{PODS.path('ns')}/p"
    made = orjson.loads(await api.create(PODS.path("ns"), pod("p", schedulingGates=gates)))
    ungate = {
        "metadata": {
            "uid": made["metadata"]["uid"],
            "resourceVersion": made["metadata"]["resourceVersion"],
            "annotations": {"stagework.dev/inputs": "{}"},
        },
        "spec": {
            "schedulingGates": [{"name": "stagework.dev/turn", "$patch": "delete"}],
            "nodeSelector": {"stagework.dev/machine": "gpu"},
        },
    }
    ungated = orjson.loads(await api.patch(path, orjson.dumps(ungate), STRATEGIC_MERGE_PATCH))
    assert ungated["spec"]["schedulingGates"] == [{"name": "somebody.else/gate"}]
    assert ungated["spec"]["nodeSelector"] == {"stagework.dev/machine": "gpu"}
    with pytest.raises(errors.Conflict):
        await api.patch(path, orjson.dumps(ungate), STRATEGIC_MERGE_PATCH)


async def test_status_subresource_and_generation(api: KubeApi) -> None:
    runs = PIPELINE_JOBS.path("ns")
    body = {"metadata": {"name": "r"}, "spec": {"priority": 0}, "status": {"summary": "forged"}}
    made = orjson.loads(await api.create(runs, orjson.dumps(body)))
    assert "status" not in made
    await api.patch(f"{runs}/r/status", b'{"status":{"summary":"Running"},"spec":{"priority":9}}')
    await api.patch(f"{runs}/r", b'{"status":{"summary":"forged"},"spec":{"priority":1}}')
    got = orjson.loads(await api.get(f"{runs}/r"))
    assert (got["status"]["summary"], got["spec"]["priority"]) == ("Running", 1)
    assert got["metadata"]["generation"] == 2


async def test_lists_come_in_pages_of_one_version(api: KubeApi, fake: FakeApi) -> None:
    for number in range(25):
        fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": f"m{number:02}"}})
    names = await collect(api, MAPS, limit=10)
    assert names == [f"m{number:02}" for number in range(25)]
    assert fake.record.counts["LIST configmaps"] == 3


async def test_a_list_forgotten_in_the_middle_begins_anew(api: KubeApi, fake: FakeApi) -> None:
    for number in range(4):
        fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": f"m{number}"}})
    names: list[str] = []
    pages = 0
    async for page in api.list_pages(MAPS, limit=2, on_restart=names.clear):
        names += [item["metadata"]["name"] for item in orjson.loads(page)["items"]]
        pages += 1
        if pages == 1:
            fake.store.delete(CONFIG_MAPS, "ns", "m0")
            fake.compact()
    assert names == ["m1", "m2", "m3"]


async def test_reads_are_tried_again(api: KubeApi, fake: FakeApi) -> None:
    fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "a"}})
    fake.faults.fail(about("GET", "configmaps"), times=1)
    fake.faults.reset(about("GET", "configmaps"), times=1)
    assert orjson.loads(await api.get(f"{MAPS}/a"))["metadata"]["name"] == "a"


async def test_a_write_whose_answer_is_lost_is_not_repeated(api: KubeApi, fake: FakeApi) -> None:
    fake.faults.lose_answer(writes, times=1)
    with pytest.raises(errors.Unreachable):
        await api.create(MAPS, config_map("a"))
    assert fake.record.counts["POST configmaps"] == 1
    with pytest.raises(errors.AlreadyExists):
        await api.create(MAPS, config_map("a"))


async def test_a_failed_write_is_not_repeated(api: KubeApi, fake: FakeApi) -> None:
    fake.faults.fail(writes, times=1)
    with pytest.raises(errors.ServerError):
        await api.create(MAPS, config_map("a"))
    assert fake.record.counts["spoilt POST configmaps"] == 1


async def test_a_refused_write_is_its_callers_and_slows_its_namespace_down(
    fake: FakeApi,
) -> None:
    async with KubeApi(Target(fake.url), throttles=Throttles(1, burst=2)) as api:
        fake.faults.refuse(writes, times=1, retry_after_seconds=3)
        with pytest.raises(errors.TooManyRequests) as refused:
            await api.create(MAPS, config_map("a"))
        assert refused.value.retry_after_seconds == 3
        sent = fake.record.counts["POST configmaps"]

        with pytest.raises(errors.TooManyRequests, match="fewer requests"):
            await api.create(MAPS, config_map("b"))
        assert fake.record.counts["POST configmaps"] == sent, "not sent at all"
        await api.create(MAPS.replace("/ns/", "/other/"), config_map("c"))


async def test_a_half_open_connection_ends_in_unreachable(fake: FakeApi) -> None:
    fake.faults.never_answer(writes, times=1)
    async with KubeApi(Target(fake.url), timeout_seconds=0.1) as api:
        with pytest.raises(errors.Unreachable):
            await api.create(MAPS, config_map("a"))


async def test_the_guard_stops_writes_but_not_urgent_ones(fake: FakeApi) -> None:
    class Stop(Exception):  # noqa: N818
        pass

    def guard() -> None:
        raise Stop

    async with KubeApi(Target(fake.url), guard=guard) as api:
        with pytest.raises(Stop):
            await api.create(MAPS, config_map("a"))
        await api.create(MAPS, config_map("b"), urgent=True)
    assert [write.json()["metadata"]["name"] for write in fake.record.writes] == ["b"]


async def test_a_renewed_token_is_read_after_a_401(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    fake.token = "old"
    async with KubeApi(Target(fake.url, read_token=lambda: file.read_text().strip())) as api:
        await api.create(MAPS, config_map("a"))
        fake.token = "new"
        with pytest.raises(errors.Unauthorized):
            await api.get(f"{MAPS}/a")
        file.write_text("new\n")
        await api.get(f"{MAPS}/a")


async def test_lines_of_several_megabytes_come_whole(api: KubeApi, fake: FakeApi) -> None:
    big = "x" * 3_000_000
    version = fake.store.version
    fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "big"}, "data": {"x": big}})
    fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "small"}})
    seen: list[Any] = []
    async with contextlib.aclosing(api.watch(MAPS, {"resourceVersion": str(version)})) as lines:
        async for line in lines:
            seen.append(orjson.loads(line)["object"])
            if len(seen) == 2:
                break
    assert seen[0]["data"]["x"] == big
    assert seen[1]["metadata"]["name"] == "small"


async def test_requests_are_counted(fake: FakeApi) -> None:
    counted: list[tuple[str, str, int]] = []

    class Hooks:
        def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
            assert 0 <= seconds < 5
            counted.append((verb, resource, status))

    async with KubeApi(Target(fake.url), hooks=Hooks()) as api:
        await api.create(MAPS, config_map("a"))
        with pytest.raises(errors.NotFound):
            await api.get(f"{MAPS}/b")
    assert counted == [("POST", "configmaps", 201), ("GET", "configmaps", 404)]


async def test_a_closed_client_says_so(fake: FakeApi) -> None:
    api = KubeApi(Target(fake.url))
    with pytest.raises(errors.Unreachable, match="closed"):
        await api.create(MAPS, config_map("a"))


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/nodes", "nodes"),
        ("/api/v1/nodes/n1", "nodes"),
        ("/api/v1/namespaces/a/pods/b", "pods"),
        ("/api/v1/namespaces/a/pods/b/status", "pods/status"),
        ("/apis/batch/v1/jobs", "jobs"),
        ("/apis/stagework.dev/v1alpha1/namespaces/a/pipelinejobs/b/status", "pipelinejobs/status"),
        ("/api/v1/namespaces/a", "namespaces"),
        ("/version", "/version"),
    ],
)
def test_metrics_name_the_resource_of_a_path(path: str, resource: str) -> None:
    assert resource_of(path) == resource
