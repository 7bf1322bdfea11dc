"""Which Pods are a run's own, and whether more of them work than there are slots."""

from tests.support.fakeapi.resources import NODES, PIPELINE_JOBS, PODS, items, part
from tests.support.fakeapi.scheduler import is_ready
from tests.support.fakeapi.store import Change, Stored
from tests.support.histories.containers import FORGED
from tests.support.histories.strangers import Strangers
from tests.support.histories.watched_world import WatchedWorld


class PodWatch:
    """Watches the Pods of a world from its beginning."""

    def __init__(self, world: WatchedWorld, strangers: Strangers, limit: int) -> None:
        """`limit`: slots of each class."""
        self._world = world
        self._strangers = strangers
        self._limit = limit
        self.stages: dict[str, tuple[str, str]] = {}
        """Run and stage by uid of a Pod that is no stranger's."""
        self._at_work: dict[str, Stored] = {}
        """Pods with a running process, by uid; strangers' and strays apart."""
        self._were_stuck: set[str] = set()
        """Uids of Pods that had given their slots back: they may start beside all others."""
        self.wrong: list[str] = []
        """Where there were too many."""
        world.store.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.resource is PIPELINE_JOBS and change.new is not None:
            stages = items(part(change.new.data, "status"), "stages")
            self._were_stuck |= {s["pod"] for s in stages if s["state"] == "Stuck" and "pod" in s}
        if change.resource is not PODS:
            return
        uid, pod = change.last.meta["uid"], change.new
        if change.old is None and not _is_forged(change.last):
            labels = part(change.last.data, "metadata", "labels")
            run, stage = labels["stagework.dev/run-uid"], labels["stagework.dev/stage"]
            self.stages[uid] = (run, stage)
        if pod is None or pod.data["status"]["phase"] != "Running":
            self._at_work.pop(uid, None)
        elif uid in self.stages and uid not in self._strangers.strays | self._were_stuck:
            is_new = uid not in self._at_work
            self._at_work[uid] = pod
            if is_new:
                self._check_slots(pod)

    def _check_slots(self, pod: Stored) -> None:
        machine = _machine(pod)
        nodes = self._world.store.tables[NODES].objects
        here = [
            other.meta["name"]
            for other in self._at_work.values()
            if _machine(other) == machine
            and (node := nodes.get(("", other.data["spec"]["nodeName"]))) is not None
            and is_ready(node.data)
            and not self.is_left_to_go_on(other)
        ]
        if len(here) > self._limit:
            now = self._world.store.now()
            self.wrong.append(
                f"at {now} {len(here)} stages on {self._limit} slots of {machine}: {here}"
            )

    def is_left_to_go_on(self, pod: Stored) -> bool:
        """Its run was removed without it (`--cascade=orphan`): nobody knows it after a restart."""
        run, _ = self.stages[pod.meta["uid"]]
        living = {other.meta["uid"] for other in self._world.store.list(PIPELINE_JOBS)}
        return run not in living and "deletionTimestamp" not in pod.meta


def _is_forged(pod: Stored) -> bool:
    return pod.data["spec"]["containers"][0]["image"] == FORGED


def _machine(pod: Stored) -> str:
    return pod.data["spec"]["nodeName"].rpartition("-")[0]
