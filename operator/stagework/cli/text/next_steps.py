"""The next thing to do and to type: every failure and every wait that a person can end names one.

Which that is stands in one table (`policies/next_step.py`); here is only how a terminal names it.
"""

from dataclasses import dataclass

from stagework.api.batch import Batch
from stagework.api.pipelinejob import PipelineJob
from stagework.overview.run_end import run_end
from stagework.policies.next_step import Step, step_of_batch, step_of_run

_NOTHING = Step("", "")
_NOT_SEEN = Step("see whether the operator runs", "stagework doctor")


@dataclass(frozen=True, slots=True)
class Home:
    """The namespace that a command without `-n` means."""

    namespace: str = "default"

    def flag(self, namespace: str) -> str:
        """` -n NAMESPACE` where it is needed."""
        return "" if not namespace or namespace == self.namespace else f" -n {namespace}"


def next_step(run: PipelineJob, home: Home) -> Step:
    """What to do now; empty where nothing is needed."""
    if run_end(run).kind == "Succeeded":
        return _NOTHING
    if run.status.observedGeneration < 0:
        return _NOT_SEEN
    step = step_of_run(
        run, run.status.summary, run.status.stages, home.flag(run.metadata.namespace)
    )
    return step if step.command else _NOTHING


def next_step_of_batch(batch: Batch, home: Home) -> Step:
    """What to do now about a batch; empty where nothing is needed."""
    if batch.status.observedGeneration < 0:
        return _NOT_SEEN
    return step_of_batch(batch, home.flag(batch.metadata.namespace))


def next_command(run: PipelineJob, home: Home) -> str:
    """What to type now; empty where nothing is needed."""
    return next_step(run, home).command
