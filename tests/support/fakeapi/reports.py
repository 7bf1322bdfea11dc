"""What kubelets report of Pods, and what the stages of those have stored."""

from collections import defaultdict
from typing import Any

from tests.support.fakeapi import sidecars
from tests.support.fakeapi.invariants import process_of
from tests.support.fakeapi.marks import mark_of, result, stored_result
from tests.support.fakeapi.resources import PODS, Json, items
from tests.support.fakeapi.store import Store, Stored


class Reports:
    """Writes the status of Pods."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.results: dict[tuple[str, str, str, str], list[Json]] = defaultdict(list)
        """Stored `result.json` by (namespace, run uid, stage, attempt), as the API service answers
        them; written before the mark, by stages that succeed with the default message."""
        self.ahead = 0.0
        """By so many seconds are the clocks of the nodes ahead."""

    def now(self) -> str:
        """By the clocks of the nodes."""
        return self._store.now(self.ahead)

    def pod(self, pod: Stored, phase: str, state: Json, **more: Any) -> None:
        """The first container's state, with the Pod's phase."""
        container = (items(pod.data["spec"], "containers") or [{"name": "stage"}])[0]
        status = {
            "name": container["name"],
            "image": container.get("image", ""),
            "ready": "running" in state,
            "started": "running" in state,
            "restartCount": 0,
            "state": state,
        }
        change = {"status": {"phase": phase, "containerStatuses": [status], **more}}
        pod = self._store.patch(PODS, *pod.key, change)
        if phase in {"Succeeded", "Failed"} and "deletionTimestamp" in pod.meta:
            self._store.delete(PODS, *pod.key, {"gracePeriodSeconds": 0})

    def running(self, pod: Stored, started: str) -> None:
        """Its container runs; so do those of ours beside it."""
        more: Json = {"startTime": started}
        if sidecars.has_sidecar(pod.data):
            more["initContainerStatuses"] = sidecars.at_work()
        self.pod(pod, "Running", {"running": {"startedAt": started}}, **more)

    def not_fetched(self, pod: Stored, exit_code: int, message: str) -> None:
        """The container before a Files stage has failed, and with it the Pod."""
        ended = sidecars.fetch_failed(exit_code, message)
        waits: Json = {"waiting": {"reason": "PodInitializing"}}
        self.pod(pod, "Failed", waits, initContainerStatuses=ended)

    def stopped(self, pod: Stored, exit_code: int, ended: Json) -> None:
        """Its container has ended, and what is beside it has nothing to keep."""
        more: Json = {}
        if sidecars.has_sidecar(pod.data):
            more["initContainerStatuses"] = sidecars.done(143, "")
        self.pod(pod, "Failed" if exit_code else "Succeeded", ended, **more)

    def ended(
        self, pod: Stored, started: str, exit_code: int, message: str, reason: str = ""
    ) -> Json:
        """State of a container that has ended."""
        end: Json = {
            "exitCode": exit_code,
            "reason": reason or ("Error" if exit_code else "Completed"),
            "startedAt": started,
            "finishedAt": self.now(),
            "containerID": f"containerd://{pod.meta['uid']}",
        }
        return {"terminated": {**end, "message": message} if message else end}

    def kept(self, pod: Stored, exit_code: int, keep_exit_code: int, message: str | None) -> None:
        """The container beside a Files stage has ended too, by default with a mark."""
        said = message
        if said is None:
            written = {**result(pod.data, sidecars.outcome_of(exit_code)), "exitCode": exit_code}
            said = "" if keep_exit_code else self.result_and_mark(pod.data, written)
        state = items(pod.data["status"], "containerStatuses")[0]["state"]
        phase = "Failed" if exit_code else "Succeeded"
        self.pod(pod, phase, state, initContainerStatuses=sidecars.done(keep_exit_code, said))

    def result_and_mark(self, pod: Json, other: Json | None = None) -> str:
        """Store a result, by default a good one; gives the mark that is written behind it."""
        written = other or result(pod)
        place = (pod["metadata"]["namespace"], *process_of(pod)[:3])
        self.results[place].append(stored_result(written))
        return mark_of(written)
