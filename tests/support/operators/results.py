"""Stands in for the API service: what the simulated stages have stored."""

from stagework.plans.pipelinejob.snapshot import FoundResult, Lookup
from stagework.service_client.results import LookupFailed
from tests.support.fakeapi.kubelet import Kubelets


class SimulatedResults:
    """A ResultStore over `Kubelets.results`."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._stored = kubelets.results
        self.reachable = True

    async def look_up(self, namespace: str, run_uid: str, stage: str, attempt: int) -> Lookup:
        if not self.reachable:
            raise LookupFailed("made unreachable by a test")
        stored = self._stored.get((namespace, run_uid, stage, str(attempt)))
        if not stored:
            return Lookup(None)
        entry = stored[0]
        return Lookup(FoundResult(entry["pod"], entry["digest"], entry["result"]["outcome"]))
