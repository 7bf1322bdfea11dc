"""The simulated cluster does what a real one does with one-Pod Jobs."""

import asyncio
import time
from collections.abc import AsyncGenerator

import orjson
import pytest
import pytest_asyncio

from tests.support.fakeapi.eventually import eventually
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.patches import merge
from tests.support.fakeapi.resources import JOBS, NODES, PIPELINE_JOBS, PODS, Json
from tests.support.fakeapi.simulator import Delays, Simulator, succeed
from tests.support.fakeapi.store import Store, Stored

GATE = "stagework.dev/turn"


class Cluster:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.store = simulator.store

    def job(self, name: str = "j", *, held: bool = False, owner: Stored | None = None) -> Stored:
        spec: Json = {"containers": [{"name": "stage", "image": "x"}], "restartPolicy": "Never"}
        if held:
            spec["schedulingGates"] = [{"name": GATE}]
        labels = {
            "stagework.dev/run-uid": "r",
            "stagework.dev/stage": name,
            "stagework.dev/attempt": "1",
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        meta: Json = {"name": name}
        if owner is not None:
            meta["ownerReferences"] = [
                {"kind": "PipelineJob", "name": owner.meta["name"], "uid": owner.meta["uid"]}
            ]
        body = {"metadata": meta, "spec": {"template": template, "backoffLimit": 0}}
        return self.store.create(JOBS, "ns", body)

    @property
    def pods(self) -> list[Json]:
        return [pod.data for pod in self.store.list(PODS)]

    def status(self, name: str = "j") -> Json:
        return self.store.get(JOBS, "ns", name).data["status"]

    def conditions(self, name: str = "j") -> list[str]:
        return [condition["type"] for condition in self.status(name).get("conditions", [])]

    async def phase(self, phase: str) -> Json:
        await eventually(lambda: [pod["status"]["phase"] for pod in self.pods] == [phase])
        return self.pods[0]

    def ungate(self, **selector: str) -> None:
        def change(pod: Json) -> Json:
            spec: Json = {**pod["spec"], "schedulingGates": [], "nodeSelector": selector}
            return {**pod, "spec": spec}

        self.store.update(PODS, "ns", self.pods[0]["metadata"]["name"], change)


@pytest_asyncio.fixture
async def cluster() -> AsyncGenerator[Cluster, None]:
    async with Simulator(Store()) as simulator:
        simulator.add_machines(gpu=1, macmini=1)
        yield Cluster(simulator)


def terminated(pod: Json) -> Json:
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]


def always(behaviour: Behaviour) -> Behave:
    def behave(_pod: Json) -> Behaviour:
        return behaviour

    return behave


def runs_for(seconds: float, *, stop_seconds: float = 0.0) -> Behave:
    return always(Behaviour(seconds=seconds, stop_seconds=stop_seconds))


async def test_a_job_runs_to_its_end_with_a_valid_mark(cluster: Cluster) -> None:
    cluster.job()
    pod = await cluster.phase("Succeeded")
    await eventually(lambda: cluster.conditions() == ["SuccessCriteriaMet", "Complete"])
    mark = orjson.loads(terminated(pod)["message"])
    assert mark["pod"] == pod["metadata"]["uid"]
    assert (mark["stage"], mark["attempt"], mark["outcome"]) == ("j", 1, "Succeeded")
    assert pod["metadata"]["name"].startswith("j-")
    assert cluster.status()["succeeded"] == 1
    stored = cluster.simulator.kubelets.reports.results["ns", "r", "j", "1"]
    assert [(result["pod"], result["digest"]) for result in stored] == [
        (mark["pod"], mark["digest"])
    ]
    assert len(cluster.simulator.invariants.runs) == 1


async def test_a_failing_container_fails_the_job(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = always(Behaviour(exit_code=137, reason="OOMKilled"))
    cluster.job()
    pod = await cluster.phase("Failed")
    await eventually(lambda: cluster.conditions() == ["FailureTarget", "Failed"])
    assert terminated(pod)["reason"] == "OOMKilled"


async def test_a_held_pod_waits_for_its_gate_and_goes_where_it_is_sent(cluster: Cluster) -> None:
    cluster.job(held=True)
    pod = await cluster.phase("Pending")
    assert pod["status"]["conditions"][0]["reason"] == "SchedulingGated"
    cluster.ungate(**{"stagework.dev/machine": "macmini"})
    pod = await cluster.phase("Succeeded")
    assert pod["spec"]["nodeName"] == "macmini-1"


async def test_without_a_node_a_pod_is_unschedulable_until_one_comes(cluster: Cluster) -> None:
    cluster.job(held=True)
    await cluster.phase("Pending")
    cluster.ungate(**{"stagework.dev/machine": "macbook"})
    await asyncio.sleep(0.02)
    assert cluster.pods[0]["status"]["conditions"][0]["reason"] == "Unschedulable"
    cluster.simulator.add_machines(macbook=1)
    await cluster.phase("Succeeded")


async def test_a_deleted_running_pod_ends_with_143_and_goes(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(60, stop_seconds=0.05)
    cluster.job()
    pod = await cluster.phase("Running")
    cluster.store.delete(PODS, "ns", pod["metadata"]["name"])
    assert "deletionTimestamp" in cluster.pods[0]["metadata"]
    await eventually(lambda: not cluster.pods)
    await eventually(lambda: cluster.conditions() == ["FailureTarget", "Failed"])
    assert cluster.simulator.invariants.runs[0].exit_code == 143


async def test_a_deleted_job_takes_its_pods_along_in_the_background(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(60)
    cluster.job()
    await cluster.phase("Running")
    cluster.store.delete(JOBS, "ns", "j", {"propagationPolicy": "Background"})
    assert len(cluster.pods) == 1
    await eventually(lambda: not cluster.pods)


async def test_a_job_deleted_without_policy_leaves_its_pods(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(60)
    cluster.job()
    await cluster.phase("Running")
    cluster.store.delete(JOBS, "ns", "j")
    await eventually(lambda: not cluster.store.list(JOBS))
    await asyncio.sleep(0.02)
    assert len(cluster.pods) == 1
    assert "ownerReferences" not in cluster.pods[0]["metadata"]


async def test_a_job_deleted_in_the_foreground_goes_after_its_pods(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(60, stop_seconds=0.05)
    cluster.job()
    await cluster.phase("Running")
    cluster.store.delete(JOBS, "ns", "j", {"propagationPolicy": "Foreground"})
    assert cluster.store.list(JOBS)
    await eventually(lambda: not cluster.store.list(JOBS))
    assert not cluster.pods


async def test_jobs_go_with_their_run(cluster: Cluster) -> None:
    run = cluster.store.create(PIPELINE_JOBS, "ns", {"metadata": {"name": "run"}, "spec": {}})
    cluster.job(owner=run, held=True)
    await cluster.phase("Pending")
    cluster.store.delete(PIPELINE_JOBS, "ns", "run")
    await eventually(lambda: not cluster.store.list(JOBS) and not cluster.pods)


async def test_a_held_pod_that_is_deleted_fails_its_job(cluster: Cluster) -> None:
    cluster.job(held=True)
    pod = await cluster.phase("Pending")
    cluster.store.delete(PODS, "ns", pod["metadata"]["name"])
    await eventually(lambda: cluster.conditions() == ["FailureTarget", "Failed"])
    await eventually(lambda: not cluster.pods)


async def test_a_closed_lid_stops_reports_until_it_opens(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(0.05)
    cluster.job()
    pod = await cluster.phase("Running")
    cluster.simulator.set_ready(pod["spec"]["nodeName"], ready=False)
    await asyncio.sleep(0.1)
    assert cluster.pods[0]["status"]["phase"] == "Running"
    cluster.simulator.set_ready(pod["spec"]["nodeName"], ready=True)
    await cluster.phase("Succeeded")


async def test_a_deleted_node_takes_its_pods_even_finished_ones(cluster: Cluster) -> None:
    cluster.job()
    pod = await cluster.phase("Succeeded")
    await eventually(lambda: "Complete" in cluster.conditions())
    cluster.store.delete(NODES, "", pod["spec"]["nodeName"])
    await eventually(lambda: not cluster.pods)
    assert "Complete" in cluster.conditions()


async def test_an_eviction_shows_as_a_disruption(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = runs_for(60, stop_seconds=0.05)
    cluster.job()
    pod = await cluster.phase("Running")
    cluster.simulator.evict("ns", pod["metadata"]["name"])
    pod = cluster.pods[0]
    assert pod["status"]["conditions"][-1]["type"] == "DisruptionTarget"
    await eventually(lambda: not cluster.pods)


async def test_an_image_that_cannot_be_pulled_waits(cluster: Cluster) -> None:
    cluster.simulator.kubelets.behave = always(Behaviour(waiting="ImagePullBackOff"))
    cluster.job()
    await eventually(
        lambda: bool(cluster.pods and "containerStatuses" in cluster.pods[0]["status"])
    )
    status = cluster.pods[0]["status"]
    assert status["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
    cluster.store.delete(JOBS, "ns", "j", {"propagationPolicy": "Background"})
    await eventually(lambda: not cluster.pods)


async def test_delays_are_kept() -> None:
    delays = Delays(create=0.05, schedule=0.05, start=0.05, end=0.05)
    async with Simulator(Store(), behave=succeed, delays=delays) as simulator:
        simulator.add_machines(gpu=1)
        cluster = Cluster(simulator)
        began = time.monotonic()
        cluster.job()
        await eventually(lambda: "Complete" in cluster.conditions())
        assert time.monotonic() - began >= 0.2


async def test_thousands_of_stages_a_second(cluster: Cluster) -> None:
    began = time.process_time()
    for number in range(1000):
        cluster.job(f"j{number}")
    await eventually(
        lambda: all("Complete" in cluster.conditions(f"j{n}") for n in range(1000)), seconds=60
    )
    assert time.process_time() - began < 5, "a loose bound: other work shares the machine"
    assert not cluster.simulator.invariants.doubled()
    assert not cluster.simulator.invariants.overlaps()


async def test_what_a_real_cluster_said_about_a_patch_for_another_uid() -> None:
    """Seen on Kubernetes 1.34: the version is compared first, then the uid is immutable."""
    store = Store()
    store.create(PODS, "ns", {"metadata": {"name": "p"}, "spec": {"containers": []}})

    def patched(**meta: str) -> int:
        with pytest.raises(Failure) as refused:
            store.update(PODS, "ns", "p", lambda old: merge(old, {"metadata": meta}))
        return refused.value.code

    assert patched(uid="zzz", resourceVersion="1") == 409
    assert patched(uid="zzz") == 422
