"""The Job controller, as far as one-Pod Jobs with a tracking finalizer go."""

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.support.fakeapi.agenda import Agenda
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.resources import EVENTS, JOBS, PODS, Json, items, part
from tests.support.fakeapi.store import Change, Key, Store, Stored

Refuses = Callable[[Json], str]
"""Of a Job: what the API server says against its Pod; empty: nothing."""
FINALIZER: Final = "batch.kubernetes.io/job-tracking"
CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
LONGEST_PAUSE_SECONDS: Final = 60.0
"""Between two tries to make a Pod that is refused; the first comes after a second."""


class JobController:
    """Level-based: looks at a Job and its Pods, and takes one step."""

    def __init__(
        self, store: Store, agenda: Agenda, *, create_seconds: float, end_seconds: float
    ) -> None:
        self._store = store
        self._agenda = agenda
        self._create_seconds = create_seconds
        self._end_seconds = end_seconds
        self._pods: dict[str, dict[str, Key]] = defaultdict(dict)
        self._refusals: Counter[str] = Counter()
        """In a row, by uid of the Job."""
        self.refuses: Refuses = _nobody

    def on_change(self, change: Change) -> None:
        if change.resource is JOBS:
            uid, key = change.last.meta["uid"], change.last.key
            if change.new is None:
                self._refusals.pop(uid, None)
                for pod in self._pods.get(uid, {}).values():
                    self._agenda.later(0, partial(self._release, pod))
            elif change.old is None or _spec_or_deletion_differs(change.old, change.new):
                wait = self._create_seconds if change.old is None else 0.0
                self._agenda.later(wait, partial(self._sync, key, uid))
        elif change.resource is PODS:
            self._note_pod(change)

    def _note_pod(self, change: Change) -> None:
        owner = next((o for o in items(change.last.meta, "ownerReferences") if _is_job(o)), None)
        if owner is None:
            return
        pods = self._pods[owner["uid"]]
        if change.new is None:
            pods.pop(change.last.meta["uid"], None)
            if not pods:
                del self._pods[owner["uid"]]
        else:
            pods[change.last.meta["uid"]] = change.last.key
            if change.old is not None and _phase(change.old) == _phase(change.new):
                return
        job = (change.last.key[0], owner["name"])
        self._agenda.later(0, partial(self._sync, job, owner["uid"]))

    def _sync(self, key: Key, uid: str) -> None:
        pods = [self._store.get(PODS, *pod) for pod in self._pods.get(uid, {}).values()]
        job = self._store.tables[JOBS].objects.get(key)
        if job is None or job.meta["uid"] != uid or "deletionTimestamp" in job.meta:
            for pod in pods:
                self._release(pod.key)
            return
        if _finished(job.data):
            return
        succeeded = [pod for pod in pods if _phase(pod) == "Succeeded"]
        failed = [pod for pod in pods if _phase(pod) == "Failed"]
        if succeeded:
            self._finish(job, succeeded, "SuccessCriteriaMet", "CompletionsReached")
        elif len(failed) > job.data["spec"].get("backoffLimit", 6):
            self._finish(job, failed, "FailureTarget", "BackoffLimitExceeded")
        elif items(job.data["status"], "conditions"):
            return  # its end is under way; its Pods may be gone already
        elif len(pods) == len(failed) and not job.data["spec"].get("suspend"):
            self._try_to_create_pod(job)

    def _try_to_create_pod(self, job: Stored) -> None:
        uid = job.meta["uid"]
        try:
            self._create_pod(job)
        except Failure as failure:
            self._refusals[uid] += 1
            wait = min(LONGEST_PAUSE_SECONDS, 2.0 ** (self._refusals[uid] - 1))
            self._agenda.later(wait, partial(self._sync, job.key, uid))
            self._note_refusal(job, failure)
        else:
            self._refusals.pop(uid, None)

    def _note_refusal(self, job: Stored, failure: Failure) -> None:
        namespace, name = job.key
        now = self._store.now()
        event = {
            "metadata": {"generateName": f"{name[:50]}."},
            "type": "Warning",
            "reason": "FailedCreate",
            "message": f"Error creating: {failure.message}",
            "involvedObject": {"kind": "Job", "name": name, "uid": job.meta["uid"]},
            "firstTimestamp": now,
            "lastTimestamp": now,
        }
        self._store.create(EVENTS, namespace, event)

    def _create_pod(self, job: Stored) -> None:
        template = job.data["spec"]["template"]
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job.meta["name"],
            "uid": job.meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        meta: Json = {
            **part(template, "metadata"),
            "generateName": job.meta["name"] + "-",
            "ownerReferences": [owner],
            "finalizers": [FINALIZER],
        }
        meta["labels"] = {**part(meta, "labels"), CONTROLLER_UID: job.meta["uid"]}
        namespace = job.key[0]
        if refusal := self.refuses(job.data):
            raise Failure(403, "Forbidden", refusal)
        self._store.create(PODS, namespace, {"metadata": meta, "spec": template["spec"]})
        status = {"active": 1, "ready": 0, "startTime": self._store.now()}
        self._store.patch(JOBS, *job.key, {"status": status})

    def _finish(self, job: Stored, pods: list[Stored], first: str, reason: str) -> None:
        word = "succeeded" if first == "SuccessCriteriaMet" else "failed"
        uncounted = {word: [pod.meta["uid"] for pod in pods]}
        if not part(job.data, "status", "uncountedTerminatedPods"):
            condition = _condition(self._store.now(), first, reason)
            status = {"conditions": [condition], "uncountedTerminatedPods": uncounted, "active": 0}
            self._store.patch(JOBS, *job.key, {"status": status})
        for pod in pods:
            self._release(pod.key)
        self._agenda.later(self._end_seconds, partial(self._end, job.key, job.meta["uid"], word))

    def _end(self, key: Key, uid: str, word: str) -> None:
        job = self._store.get(JOBS, *key)
        if job.meta["uid"] != uid or _finished(job.data):
            return
        good = word == "succeeded"
        known = items(job.data["status"], "conditions")
        last = _condition(self._store.now(), "Complete" if good else "Failed", known[0]["reason"])
        status: Json = {
            "conditions": [*known, last],
            "uncountedTerminatedPods": None,
            word: 1,
            "ready": 0,
        }
        if good:
            status["completionTime"] = self._store.now()
        self._store.patch(JOBS, *key, {"status": status})

    def _release(self, pod: Key) -> None:
        stored = self._store.tables[PODS].objects.get(pod)
        if stored is not None and FINALIZER in (stored.meta.get("finalizers") or ()):
            kept = [finalizer for finalizer in stored.meta["finalizers"] if finalizer != FINALIZER]
            self._store.patch(PODS, *pod, {"metadata": {"finalizers": kept or None}})


def _nobody(_job: Json) -> str:
    return ""


def _condition(now: str, kind: str, reason: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": "",
        "lastProbeTime": now,
        "lastTransitionTime": now,
    }


def _is_job(owner: Json) -> bool:
    return owner.get("kind") == "Job" and bool(owner.get("controller"))


def _phase(pod: Stored) -> str:
    return pod.data["status"].get("phase", "Pending")


def _finished(job: Json) -> bool:
    return any(
        condition["type"] in {"Complete", "Failed"}
        for condition in items(job["status"], "conditions")
    )


def _spec_or_deletion_differs(old: Stored, new: Stored) -> bool:
    return old.data["spec"] != new.data["spec"] or (
        old.meta.get("deletionTimestamp") != new.meta.get("deletionTimestamp")
    )
