"""Quotas, limit ranges and webhooks of a namespace: what refuses a Pod or a Job when it is made."""

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.resources import JOBS, PODS, Json, Resource, part
from tests.support.histories.scene import Deed, Scene


class Limits:
    """Asked by the store before anything is made, whoever makes it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pods: int | None = None
        self._jobs: int | None = None
        self._needs_memory = False
        self._denied = 0.0
        scene.world.store.policies.append(self._check)

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [
            (2, self.quota_of_pods),
            (2, self.quota_of_jobs),
            (1, self.limit_range),
            (1, self.webhook),
        ]

    def quota_of_pods(self) -> str:
        """`pods`: those that have not ended."""
        self._pods = self._scene.rng.choice((1, 2, 4, None))
        return f"quota: pods={self._pods}"

    def quota_of_jobs(self) -> str:
        """`count/jobs.batch`: also those that have ended."""
        self._jobs = self._scene.rng.choice((2, 4, 8, None))
        return f"quota: count/jobs.batch={self._jobs}"

    def limit_range(self) -> str:
        """A minimum of memory that some stages do not ask for."""
        self._needs_memory = not self._needs_memory
        return f"a LimitRange is {'there' if self._needs_memory else 'gone'}"

    def webhook(self) -> str:
        """It refuses this share of all Pods."""
        self._denied = self._scene.rng.choice((0.5, 1.0, 0.0))
        return f"a webhook refuses {self._denied:.0%} of the Pods"

    def finish(self) -> None:
        """What lets nothing through is taken away; room for one at a time is enough."""
        self._needs_memory, self._denied = False, 0.0
        self._jobs = None

    def _check(self, resource: Resource, made: Json) -> None:
        if resource is PODS:
            self._check_pod(made)
        elif resource is JOBS and self._jobs is not None:
            self._check_count(resource, made, "count/jobs.batch", self._jobs)

    def _check_pod(self, pod: Json) -> None:
        name = pod["metadata"]["name"]
        requests = part(pod["spec"]["containers"][0], "resources", "requests")
        if self._needs_memory and "memory" not in requests:
            why = "minimum memory usage per Container is 32Mi. No request is specified"
            raise Failure(403, "Forbidden", f'pods "{name}" is forbidden: {why}')
        if self._denied and self._scene.chance(self._denied):
            why = 'admission webhook "deny.example.org" denied the request: no'
            raise Failure(403, "Forbidden", why)
        if self._pods is not None:
            self._check_count(PODS, pod, "pods", self._pods)

    def _check_count(self, resource: Resource, made: Json, what: str, limit: int) -> None:
        store, meta = self._scene.world.store, made["metadata"]
        known = store.list(resource, meta["namespace"])
        used = sum(resource is JOBS or _counts(other.data) for other in known)
        if used >= limit:
            why = f"exceeded quota: q, requested: {what}=1, used: {what}={used}"
            text = f'{resource.title} "{meta["name"]}" is forbidden: {why}, limited: {what}={limit}'
            raise Failure(403, "Forbidden", text)


def _counts(pod: Json) -> bool:
    return pod["status"]["phase"] in {"Pending", "Running"}
