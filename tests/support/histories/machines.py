"""What happens to machines: away, back, deleted, made anew, cordoned, drained."""

from tests.support.fakeapi.resources import NODES, PODS, Json, items
from tests.support.histories.scene import Deed, Scene
from tests.support.operators.setup import MACHINES


class Machines:
    """The nodes of a world."""

    def __init__(self, scene: Scene, per_class: int) -> None:
        """`per_class`: so many nodes has each class."""
        self._scene = scene
        self._names = [f"{key}-{number}" for key in MACHINES for number in range(1, per_class + 1)]

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [
            (4, self.away_or_back),
            (1, self.class_away),
            (2, self.delete),
            (2, self.cordon),
            (3, self.evict),
            (1, self.shut_down),
        ]

    def away_or_back(self) -> str:
        """A lid is closed or opened; a deleted node comes back."""
        name = self._scene.rng.choice(self._names)
        ready = self._scene.chance(0.6)
        self._set_ready(name, ready=ready)
        return f"node {name} is {'ready' if ready else 'not ready'}"

    def class_away(self) -> str:
        """All machines of one class."""
        key = self._scene.rng.choice(MACHINES)
        for name in self._names:
            if name.startswith(key):
                self._set_ready(name, ready=False)
        return f"no node of class {key} is ready"

    def delete(self) -> str:
        """The Node object; its machine may be gone, asleep, or well."""
        scene, name = self._scene, self._scene.rng.choice(self._names)
        if not self._is_there(name):
            return ""
        gone = scene.chance(0.5)
        if gone:
            scene.world.simulator.kubelets.power_off(name)
        scene.world.store.delete(NODES, "", name)
        return f"node {name} is deleted{', its machine is gone' if gone else ''}"

    def cordon(self) -> str:
        """Or uncordon."""
        name = self._scene.rng.choice(self._names)
        if not self._is_there(name):
            return ""
        closed = self._scene.chance(0.5)
        self._scene.change(NODES, ("", name), spec={"unschedulable": closed or None})
        return f"node {name} is {'cordoned' if closed else 'open'}"

    def evict(self) -> str:
        """One Pod: drained, preempted."""
        key = self._scene.any_of(PODS)
        if key is None:
            return ""
        self._scene.world.simulator.evict(*key)
        return f"Pod {key[1]} is evicted"

    def shut_down(self) -> str:
        """A node drains itself."""
        name = self._scene.rng.choice(self._names)
        store, here = self._scene.world.store, 0
        for pod in store.list(PODS):
            if pod.data["spec"].get("nodeName") == name and "deletionTimestamp" not in pod.meta:
                self._scene.world.simulator.evict(*pod.key, "TerminationByKubelet")
                here += 1
        return f"node {name} ends its {here} Pods"

    def finish(self) -> None:
        """All machines are there, and take Pods."""
        for name in self._names:
            self._set_ready(name, ready=True)
            self._scene.change(NODES, ("", name), spec={"unschedulable": None})

    def _is_there(self, name: str) -> bool:
        return ("", name) in self._scene.world.store.tables[NODES].objects

    def _set_ready(self, name: str, *, ready: bool) -> None:
        simulator = self._scene.world.simulator
        if self._is_there(name):
            if ready != _reports(self._scene.world.store.get(NODES, "", name).data):
                simulator.set_ready(name, ready=ready)
        elif ready:
            simulator.add_node(name, {"stagework.dev/machine": name.rpartition("-")[0]})


def _reports(node: Json) -> bool:
    conditions = items(node.get("status") or {}, "conditions")
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
