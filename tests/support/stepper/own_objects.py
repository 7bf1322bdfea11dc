"""The API server as far as our own kinds go: runs and what people ask of them, with versions."""

from collections.abc import Iterable

from stagework.api.intervention import Intervention, InterventionStatus
from stagework.api.pipelinejob import PipelineJob


class OwnObjects:
    """Runs by uid, Interventions in the order in which they were made."""

    def __init__(self, runs: Iterable[PipelineJob]) -> None:
        self.runs = {run.metadata.uid: run for run in runs}
        self.requests: list[Intervention] = []

    def put(self, run: PipelineJob) -> None:
        """Store a run under the next resourceVersion."""
        version = str(int(run.metadata.resourceVersion) + 1)
        meta = run.metadata.model_copy(update={"resourceVersion": version})
        self.runs[meta.uid] = run.model_copy(update={"metadata": meta})

    def answer(self, uid: str, status: InterventionStatus) -> None:
        """Store the one answer of a request."""
        for number, request in enumerate(self.requests):
            if request.metadata.uid == uid:
                assert request.status.answered is None, f"{uid} is answered twice"
                self.requests[number] = request.model_copy(update={"status": status})

    def drop_request(self, uid: str) -> None:
        """Remove an Intervention."""
        self.requests = [r for r in self.requests if r.metadata.uid != uid]

    def asked_of(self, run: PipelineJob) -> tuple[Intervention, ...]:
        """All Interventions that name a run."""
        return tuple(r for r in self.requests if r.spec.target.name == run.metadata.name)
