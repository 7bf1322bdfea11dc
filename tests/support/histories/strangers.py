"""People who may create Jobs and Pods and want to disturb: forged children, gates taken off."""

from typing import Final

from stagework.children.names import stage_job_name
from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS, PODS, Json, items, part
from tests.support.fakeapi.store import Stored
from tests.support.histories.containers import FORGED
from tests.support.histories.scene import Deed, Scene
from tests.support.operators.setup import MACHINES, NAMESPACE

GATE: Final = "stagework.dev/turn"
_API_VERSIONS: Final = ("stagework.dev/v1alpha1", "bogus.example/v1")


class Strangers:
    """They know the uids of runs, and how we name Jobs."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.strays: set[str] = set()
        """Uids of Pods whose gates they took off."""

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [(2, self.forge_job), (1, self.take_name), (2, self.take_gate)]

    def forge_job(self) -> str:
        """A Job that says to be of a run, in its namespace or in another."""
        namespace = self._scene.rng.choice((NAMESPACE, "elsewhere"))
        return self._forge(f"forged-{self._scene.number()}", namespace)

    def take_name(self) -> str:
        """A Job of the name that the next attempt will want."""
        run = self._run()
        if run is None:
            return ""
        rng, name = self._scene.rng, run.meta["name"]
        job = stage_job_name(
            name,
            run.meta["uid"],
            stage=rng.choice("abcd"),
            attempt=rng.choice((1, 1, 2)),
            machine=rng.choice(MACHINES),
            recreations=0,
        )
        return self._forge(job, NAMESPACE)

    def take_gate(self) -> str:
        """Of a Pod that waits for its turn."""
        store = self._scene.world.store
        held = [pod for pod in store.list(PODS, NAMESPACE) if _is_held(pod)]
        if not held:
            return ""
        pod, machine = self._scene.rng.choice(held), self._scene.rng.choice(MACHINES)
        self.strays.add(pod.meta["uid"])
        spec = {"schedulingGates": None, "nodeSelector": {"stagework.dev/machine": machine}}
        self._scene.change(PODS, pod.key, spec=spec)
        return f"somebody takes the gate off {pod.meta['name']}"

    def _run(self) -> Stored | None:
        key = self._scene.any_of(PIPELINE_JOBS)
        return None if key is None else self._scene.world.store.get(PIPELINE_JOBS, *key)

    def _forge(self, name: str, namespace: str) -> str:
        run, rng = self._run(), self._scene.rng
        if run is None:
            return ""
        labels = {
            "stagework.dev/run-uid": run.meta["uid"],
            "stagework.dev/stage": rng.choice("abcd"),
            "stagework.dev/attempt": "1",
            "stagework.dev/machine": rng.choice(MACHINES),
        }
        owner = {
            "apiVersion": rng.choice(_API_VERSIONS),
            "kind": "PipelineJob",
            "name": run.meta["name"],
            "uid": run.meta["uid"],
            "controller": True,
        }
        pod: Json = {
            "restartPolicy": "Never",
            "containers": [{"name": "stage", "image": FORGED}],
            "schedulingGates": [{"name": GATE}] if self._scene.chance(0.3) else [],
        }
        template = {"metadata": {"labels": labels}, "spec": pod}
        body: Json = {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]},
            "spec": {"backoffLimit": 0, "template": template},
        }
        self._scene.world.store.create(JOBS, namespace, body)
        return f"somebody makes Job {name} in {namespace}, as of {run.meta['name']}"


def _is_held(pod: Stored) -> bool:
    gates = items(pod.data["spec"], "schedulingGates")
    is_ours = "stagework.dev/run-uid" in part(pod.data, "metadata", "labels")
    return bool(gates) and is_ours and pod.data["spec"]["containers"][0]["image"] != FORGED
