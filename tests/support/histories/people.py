"""What people do: runs and Pipelines made and changed, questions asked."""

from typing import Any, Final

from tests.support.fakeapi.resources import (
    PIPELINE_JOBS,
    PIPELINES,
    Json,
)
from tests.support.histories.scene import Deed, Scene
from tests.support.operators.setup import MACHINES, NAMESPACE

PIPELINE: Final = "shared"
"""The one Pipeline; it comes and goes."""
MEMORY: Final[Json] = {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}


class People:
    """Everybody who may use the cluster."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [
            (9, self.create),
            (3, self.suspend_or_resume),
            (2, self.prioritize),
            (8, self.intervene),
            (2, self.change_pipeline),
        ]

    def create(self) -> str:
        """A run with stages of its own, or of the Pipeline."""
        scene, rng = self._scene, self._scene.rng
        name = f"run-{scene.number()}"
        spec: Json = {"priority": rng.choice((0, 0, 0, 5, -5)), "suspend": scene.chance(0.05)}
        if scene.chance(0.2):
            spec["pipelineRef"] = {"name": PIPELINE}
        else:
            spec["stages"] = self.stages()
        body = {"metadata": {"name": name}, "spec": spec}
        scene.world.store.create(PIPELINE_JOBS, NAMESPACE, body)
        of = "the Pipeline" if "pipelineRef" in spec else [s["name"] for s in spec["stages"]]
        return f"{name} is made, of {of}"

    def stages(self) -> list[Json]:
        """Some stages, one after the other or side by side."""
        return [self._stage(name) for name in "abcd"[: self._scene.rng.choice((1, 2, 2, 3, 4))]]

    def _stage(self, name: str) -> Json:
        scene, rng = self._scene, self._scene.rng
        stage: Json = {
            "name": name,
            "image": "x",
            "runsOn": rng.sample(MACHINES, k=rng.choice((1, 1, 2))),
            "retries": rng.choice((0, 1, 2)),
            "backoffSeconds": rng.choice((0, 5)),
            "timeoutSeconds": rng.choice((10, 60, 600)),
            "startDeadlineSeconds": rng.choice((45, 300)),
        }
        above = [other for other in "abc" if other < name]
        if scene.chance(0.3):
            stage["dependsOn"] = rng.sample(above, k=rng.randint(0, len(above)))
        if scene.chance(0.3):
            stage["contract"] = "ExitCode"
        if scene.chance(0.2):
            stage["fallbackAfterSeconds"] = rng.choice((0, 30))
        if scene.chance(0.5):
            stage["resources"] = MEMORY
        return stage

    def suspend_or_resume(self) -> str:
        """`spec.suspend`."""
        return self._on_a_run(suspend=self._scene.chance(0.5))

    def prioritize(self) -> str:
        """`spec.priority`."""
        return self._on_a_run(priority=self._scene.rng.randint(-10, 10))

    def intervene(self) -> str:
        """A Retry or Skip, of what there is or is not."""
        scene, rng = self._scene, self._scene.rng
        run = scene.a_run() or "run-0"
        verb, stages = rng.choice(("Retry", "Skip")), rng.sample("abcd", k=rng.choice((1, 1, 2)))
        more: Json = {}
        if verb == "Skip" and scene.chance(0.5):
            more["descendants"] = "Run"
        if scene.chance(0.1):
            more["attempt"] = rng.randint(1, 3)
        if verb == "Retry" and scene.chance(0.3):
            stages = []
        name = f"ask-{scene.number()}"
        scene.world.ask(name, verb, *stages, of=run, **more)
        return f"{name}: {verb} {' and '.join(stages)} of {run} {more or ''}"

    def change_pipeline(self) -> str:
        """It is made, changed or deleted; runs that have begun do not notice."""
        scene, key = self._scene, (NAMESPACE, PIPELINE)
        if key not in scene.world.store.tables[PIPELINES].objects:
            self.have_pipeline()
            return "the Pipeline is made"
        if scene.chance(0.5):
            scene.world.store.delete(PIPELINES, *key)
            return "the Pipeline is deleted"
        scene.change(PIPELINES, key, spec={"stages": self.stages()})
        return "the Pipeline is changed"

    def have_pipeline(self) -> None:
        """It is there, whoever deleted it."""
        store = self._scene.world.store
        if (NAMESPACE, PIPELINE) not in store.tables[PIPELINES].objects:
            body: Json = {"metadata": {"name": PIPELINE}, "spec": {"stages": self.stages()}}
            store.create(PIPELINES, NAMESPACE, body)

    def finish(self) -> None:
        """Nobody holds anything up any more."""
        self.have_pipeline()
        for run in self._scene.world.store.list(PIPELINE_JOBS):
            self._scene.change(PIPELINE_JOBS, run.key, spec={"suspend": False})

    def _on_a_run(self, **spec: Any) -> str:
        run = self._scene.a_run()
        if not run:
            return ""
        self._scene.change(PIPELINE_JOBS, (NAMESPACE, run), spec=spec)
        return f"{run}: {spec}"
