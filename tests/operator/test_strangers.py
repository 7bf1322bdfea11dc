"""Whoever may create Jobs and Pods, and nothing of ours, changes nothing about a run.

He knows the run's uid, so he gives his Jobs our labels and an owner reference to it, in its
namespace or in another one, and a bogus apiVersion keeps the garbage collector away. His Pods run
and end with a valid mark of the stage.
"""

from dataclasses import dataclass
from typing import Any, Final

import pytest

from stagework.api.pipeline import PipelineSpec
from stagework.children.names import stage_job_name
from stagework.children.revision import revision_of
from stagework.plans.made import NAMES_TRIED
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    JOBS,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    REVISIONS,
    Json,
    items,
    part,
)
from tests.support.fakeapi.store import Stored
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

RUN: Final = "good"
GATE: Final = "stagework.dev/turn"
STAGES: Final[list[Json]] = [
    {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0} for name in ("s1", "s2", "s3")
]
FORGED: Final = "forged"
SLOW: Final = "slow"


def _behave(pod: Json) -> Behaviour:
    seconds = {FORGED: 1.0, SLOW: 200.0}.get(pod["spec"]["containers"][0]["image"], 5.0)
    return Behaviour(seconds=seconds)


@dataclass(frozen=True)
class Forger:
    """Makes Jobs that say to be of the run."""

    world: World

    def job(
        self,
        name: str,
        stage: str,
        *,
        namespace: str = NAMESPACE,
        api_version: str = "stagework.dev/v1alpha1",
        gated: bool = False,
    ) -> str:
        """One of that name; answers its uid."""
        run = self.world.run(RUN)["metadata"]
        labels = {
            "stagework.dev/run-uid": run["uid"],
            "stagework.dev/stage": stage,
            "stagework.dev/attempt": "1",
            "stagework.dev/machine": "gpu",
        }
        owner = {
            "apiVersion": api_version,
            "kind": "PipelineJob",
            "name": run["name"],
            "uid": run["uid"],
            "controller": True,
        }
        pod: Json = {
            "restartPolicy": "Never",
            "containers": [{"name": "stage", "image": FORGED}],
            "schedulingGates": [{"name": GATE}] if gated else [],
        }
        body = {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]},
            "spec": {
                "backoffLimit": 0,
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
        return self.world.store.create(JOBS, namespace, body).meta["uid"]

    def pod(self, job: Stored, *, gated: bool) -> str:
        """One that says to be of that Job of ours, as the Job controller would; its uid."""
        owner = {"apiVersion": "batch/v1", "kind": "Job", "controller": True}
        owner |= {"name": job.meta["name"], "uid": job.meta["uid"]}
        template = job.data["spec"]["template"]
        body: Json = {
            "metadata": {
                "name": f"{job.meta['name']}-forgd",
                "labels": part(template, "metadata", "labels"),
                "ownerReferences": [owner],
            },
            "spec": {
                "restartPolicy": "Never",
                "containers": [{**template["spec"]["containers"][0], "image": FORGED}],
                "nodeSelector": {"stagework.dev/machine": "gpu"},
                "schedulingGates": [{"name": GATE}] if gated else [],
            },
        }
        return self.world.store.create(PODS, NAMESPACE, body).meta["uid"]

    def name_of(self, stage: str, recreations: int = 0) -> str:
        """The name that the operator will give to a Job."""
        uid = self.world.run(RUN)["metadata"]["uid"]
        return stage_job_name(
            RUN, uid, stage=stage, attempt=1, machine="gpu", recreations=recreations
        )


def _uids(world: World, resource: Any) -> set[str]:
    return {stored.meta["uid"] for stored in world.store.list(resource)}


def _stages(world: World) -> list[Json]:
    return stages_of(world.run(RUN))


def _images(world: World) -> set[str]:
    """What ran in the Pods that the commits name."""
    pods = {stored.meta["uid"]: stored.data for stored in world.store.list(PODS)}
    won = [pods[stage["commit"]["pod"]] for stage in _stages(world)]
    return {pod["spec"]["containers"][0]["image"] for pod in won}


async def _completed(world: World) -> None:
    await world.until(lambda: world.summary(RUN) == "Completed", seconds=120)
    assert _images(world) == {"x"}
    assert [stage.get("attempt", 1) for stage in _stages(world)] == [1, 1, 1]


def _active(world: World) -> bool:
    return world.stage(RUN, "s1").get("state") == "Running"


PLACES: Final[dict[str, Json]] = {
    "in another namespace": {"namespace": "elsewhere"},
    "with a bogus apiVersion": {"api_version": "bogus.example/v1"},
    "in another namespace, with a bogus apiVersion": {
        "namespace": "elsewhere",
        "api_version": "bogus.example/v1",
    },
    "in its own namespace": {},
    "in its own namespace, held": {"gated": True},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_forged_jobs_disturb_nothing_and_are_left_alone(place: Json) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: _active(world))
            forger = Forger(world)
            forged = {forger.job(f"forged-{stage}", stage, **place) for stage in ("s1", "s2", "s3")}
            await _completed(world)

            assert forged <= _uids(world, JOBS)
            world.check_commits()

    timescale = VirtualTime()
    timescale.run(main())


def test_forged_jobs_that_were_there_first_are_not_taken_up_after_a_restart() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            first = world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: _active(world))
            await first.kill()
            forged = {Forger(world).job(f"forged-{s}", s) for s in ("s1", "s2", "s3")}
            world.run_out_lease()
            world.start_operator()
            await _completed(world)

            assert forged <= _uids(world, JOBS)

    timescale = VirtualTime()
    timescale.run(main())


@pytest.mark.parametrize("gated", [False, True], ids=["its Pod runs", "its Pod is held"])
def test_who_takes_our_names_delays_nothing(*, gated: bool) -> None:
    """The names can be told beforehand. Another is taken, and somebody is told."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            forger = Forger(world)
            for number in range(3):
                forger.job(forger.name_of("s3", number), "s3", gated=gated)
            await _completed(world)

            assert world.stage(RUN, "s3")["job"] == forger.name_of("s3", 3)

    timescale = VirtualTime()
    timescale.run(main())


def test_who_takes_every_name_fails_no_stage_and_holds_no_slot() -> None:
    """It says which Job is in the way, and goes on by itself when that has gone."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            forger = Forger(world)
            names = [forger.name_of("s2", number) for number in range(NAMES_TRIED + 5)]
            for name in names:
                forger.job(name, "s2")
            await world.until(lambda: world.stage(RUN, "s2").get("reason") == "JobNameConflict")
            world.apply("other", STAGES[:1])
            await world.until(lambda: world.summary("other") == "Completed", seconds=20)
            await world.until(lambda: world.summary(RUN) == "Stuck", seconds=60)

            waits = world.stage(RUN, "s2")
            in_the_way = names[NAMES_TRIED - 1]
            assert waits["message"] == (
                f"Job {in_the_way} is in the way and is not as the operator makes it; if nobody "
                f"needs it: kubectl delete job {in_the_way} -n {NAMESPACE}"
            )
            world.store.delete(JOBS, NAMESPACE, in_the_way)
            await _completed(world)

    timescale = VirtualTime()
    timescale.run(main())


def test_a_stage_whose_gate_somebody_else_removes_waits_for_its_turn_all_the_same() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)

            def held() -> list[Stored]:
                return [
                    pod
                    for pod in world.store.list(PODS)
                    if pod.meta["labels"]["stagework.dev/stage"] == "s2"
                ]

            await world.until(lambda: _active(world) and bool(held()))
            (pod,) = held()
            spec = {"schedulingGates": None, "nodeSelector": {"stagework.dev/machine": "gpu"}}
            world.store.patch(PODS, *pod.key, {"spec": spec})
            await world.until(
                lambda: world.stage(RUN, "s2").get("reason") == "GateRemovedByOthers", seconds=3
            )
            await _completed(world)

            second = world.stage(RUN, "s2")
            assert second["commit"]["pod"] != pod.meta["uid"]
            runs = [run for run in world.invariants.runs if run.stage == "s2"]
            first_ended = next(r.ended for r in world.invariants.runs if r.stage == "s1")
            assert first_ended is not None
            assert runs[-1].started >= first_ended
            assert not world.invariants.overlaps()

    timescale = VirtualTime()
    timescale.run(main())


def test_a_pod_that_was_left_behind_by_its_job_is_not_doubled() -> None:
    """Also where the operator died between the record and the removal of the gate."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            first = world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: bool(world.stage(RUN, "s1").get("pod")))
            await first.kill()
            job = world.stage(RUN, "s1")["job"]
            world.store.delete(JOBS, NAMESPACE, job, {"propagationPolicy": "Orphan"})
            world.run_out_lease()
            world.start_operator()
            await _completed(world)

            world.check_invariants()
            assert len(world.invariants.runs) == 3

    timescale = VirtualTime()
    timescale.run(main())


def test_nothing_stays_gated_for_ever_where_a_run_is_deleted_and_its_jobs_are_left() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: _active(world) and len(world.store.list(PODS)) == 3)
            strangers = _strangers_job(world)
            world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN, {"propagationPolicy": "Orphan"})
            await world.until(lambda: not _gated(world), seconds=180)

            labels = [part(job.data, "metadata", "labels") for job in world.store.list(JOBS)]
            left = {label.get("stagework.dev/stage") for label in labels}
            assert left == {"s1", None}, "what ran was left to go on"
            assert strangers in _uids(world, JOBS)

    timescale = VirtualTime()
    timescale.run(main())


@pytest.mark.parametrize("gated", [False, True], ids=["its gate off", "held"])
def test_a_second_pod_of_a_job_does_not_take_the_place_of_the_one_on_record(*, gated: bool) -> None:
    """Whoever may create Pods can say so of his; where the admission policy is off he may."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: _active(world))
            stage = world.stage(RUN, "s1")
            job = world.store.get(JOBS, NAMESPACE, stage["job"])
            forged = Forger(world).pod(job, gated=gated)
            await _completed(world)

            assert world.stage(RUN, "s1")["commit"]["pod"] == stage["pod"] != forged

    timescale = VirtualTime()
    timescale.run(main())


def test_a_second_pod_that_is_out_before_its_turn_counts_for_nothing() -> None:
    """It is ended with its Job, and another Job is made: who did it has delayed the stage alone."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            world.apply(RUN, STAGES)
            await world.until(lambda: _active(world) and len(world.store.list(PODS)) == 3)
            job = world.store.get(JOBS, NAMESPACE, world.stage(RUN, "s2")["job"])
            forged = Forger(world).pod(job, gated=False)
            await _completed(world)

            assert world.stage(RUN, "s2")["commit"]["pod"] != forged
            assert world.stage(RUN, "s2")["job"] != job.meta["name"]

    timescale = VirtualTime()
    timescale.run(main())


@pytest.mark.parametrize("restarted", [False, True], ids=["seen", "not seen"])
def test_a_held_pod_that_lost_its_label_and_its_owner_does_not_stay(*, restarted: bool) -> None:
    """No watch of ours shows it any more, and no Job."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            first = world.start_operator()
            world.apply(RUN, [{**STAGES[0], "image": SLOW}, *STAGES[1:]])
            await world.until(lambda: _active(world) and len(world.store.list(PODS)) == 3)
            pod = _gated(world)[0]
            if restarted:
                await first.kill()
            bare = {
                "labels": {"stagework.dev/run-uid": None},
                "ownerReferences": None,
                "finalizers": None,  # as the Job controller does with what is no Job's any more
            }
            world.store.patch(PODS, *pod.key, {"metadata": bare})
            if restarted:
                world.run_out_lease()
                world.start_operator()
            uid = pod.meta["uid"]
            await world.until(lambda: uid not in _uids(world, PODS), seconds=180)
            await world.until(lambda: world.summary(RUN) == "Completed", seconds=300)

    timescale = VirtualTime()
    timescale.run(main())


def test_a_pod_that_was_left_to_go_on_and_cannot_start_gives_its_slot_back() -> None:
    """Its run was deleted without it: nobody else would end it."""

    async def main() -> None:
        async with World(timescale, behave=behave, of=settings(slots=1)) as world:
            world.start_operator()
            world.apply(RUN, STAGES[:1])
            await world.until(lambda: world.stage(RUN, "s1").get("reason") == "ImagePullBackOff")
            world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN, {"propagationPolicy": "Orphan"})
            world.apply("other", STAGES[:1])
            await world.until(lambda: world.summary("other") == "Completed", seconds=300)

    def behave(pod: Json) -> Behaviour:
        stuck = part(pod, "metadata", "labels")["stagework.dev/pipelinejob"] == RUN
        return Behaviour(waiting="ImagePullBackOff" if stuck else "", seconds=5)

    timescale = VirtualTime()
    timescale.run(main())


def test_a_held_pod_that_its_job_left_behind_goes_and_the_stage_gets_another() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            slow = [{**stage, "image": SLOW} for stage in STAGES]
            world.apply(RUN, slow)
            await world.until(lambda: _active(world) and len(world.store.list(PODS)) == 3)
            job = world.stage(RUN, "s2")["job"]
            (held,) = [p for p in world.store.list(PODS) if p.meta["name"].startswith(job)]
            world.store.delete(JOBS, NAMESPACE, job, {"propagationPolicy": "Orphan"})
            await world.until(lambda: held.meta["uid"] not in _uids(world, PODS), seconds=180)
            await world.until(lambda: world.summary(RUN) == "Completed", seconds=900)

            world.check_invariants()

    timescale = VirtualTime()
    timescale.run(main())


def _gated(world: World) -> list[Stored]:
    pods = world.store.list(PODS)
    return [pod for pod in pods if items(pod.data["spec"], "schedulingGates")]


def _strangers_job(world: World) -> str:
    """A Job of somebody who knows nothing of us."""
    spec = {"template": {"spec": {"containers": [{"name": "stage", "image": SLOW}]}}}
    body = {"metadata": {"name": "strangers"}, "spec": spec}
    return world.store.create(JOBS, NAMESPACE, body).meta["uid"]


REVISION_DATA: Final = {"stages": [{"name": "s1", "image": FORGED, "runsOn": ["gpu"]}]}


@pytest.mark.parametrize("change", ["before", "after"])
def test_stages_that_somebody_put_into_a_revision_are_not_run(change: str) -> None:
    """Before the run is accepted (its name can be told), or while the operator is away."""

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            spec = {"stages": STAGES[:1]}
            pipeline = PipelineSpec.model_validate(spec)
            name = revision_of("ours", NAMESPACE, pipeline).name
            world.store.create(PIPELINES, NAMESPACE, {"metadata": {"name": "ours"}, "spec": spec})
            body: Json = {"metadata": {"name": RUN}, "spec": {"pipelineRef": {"name": "ours"}}}
            forged: Json = {"metadata": {"name": name}, "data": REVISION_DATA, "revision": 1}
            if change == "before":
                world.store.create(REVISIONS, NAMESPACE, forged)
            else:
                body["spec"]["suspend"] = True
            first = world.start_operator()
            world.store.create(PIPELINE_JOBS, NAMESPACE, body)
            await world.until(lambda: bool(world.summary(RUN)))
            if change == "after":
                await first.kill()
                world.store.patch(REVISIONS, NAMESPACE, name, {"data": REVISION_DATA})
                world.store.patch(PIPELINE_JOBS, NAMESPACE, RUN, {"spec": {"suspend": False}})
                world.run_out_lease()
                world.start_operator()
            await world.until(lambda: world.summary(RUN) == "RevisionLost")

            assert name in world.run(RUN)["status"]["message"]
            assert not world.store.list(JOBS)

    timescale = VirtualTime()
    timescale.run(main())
