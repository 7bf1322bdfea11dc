"""What people remove by hand: runs, Jobs and Pods, with --force and --cascade, and labels."""

from typing import Final

from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS, PODS, Resource
from tests.support.histories.scene import Deed, Scene

_POLICIES: Final = ("Background", "Background", "Foreground", "Orphan")


class Removals:
    """`kubectl delete`, and one label."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [
            (2, self.delete_run),
            (3, self.delete_pod),
            (3, self.delete_job),
            (1, self.take_label_off),
        ]

    def delete_run(self) -> str:
        """A run; what it has made goes before it, after it, or not at all."""
        return self._delete(PIPELINE_JOBS)

    def delete_pod(self) -> str:
        """`kubectl delete pod`, with --force or without."""
        scene = self._scene
        key = scene.any_of(PODS)
        if key is None:
            return ""
        force = scene.chance(0.4)
        scene.world.store.delete(PODS, *key, {"gracePeriodSeconds": 0} if force else None)
        if force and key in scene.world.store.tables[PODS].objects:
            scene.change(PODS, key, metadata={"finalizers": None})
        return f"Pod {key[1]} is deleted{' by force' if force else ''}"

    def delete_job(self) -> str:
        """`kubectl delete job`."""
        return self._delete(JOBS)

    def take_label_off(self) -> str:
        """Of a Pod, so that our watch shows it no more."""
        key = self._scene.any_of(PODS)
        if key is None:
            return ""
        labels = {"stagework.dev/run-uid": None, "stagework.dev/pipelinejob": None}
        self._scene.change(PODS, key, metadata={"labels": labels})
        return f"Pod {key[1]} loses its labels"

    def _delete(self, resource: Resource) -> str:
        scene = self._scene
        key = scene.any_of(resource)
        if key is None:
            return ""
        policy = scene.rng.choice(_POLICIES)
        scene.world.store.delete(resource, *key, {"propagationPolicy": policy})
        return f"{resource.kind} {key[1]} is deleted, {policy}"
