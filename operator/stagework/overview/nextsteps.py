"""The next command to type: every failure and every wait that a person can end names one."""

from dataclasses import dataclass

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, StageStatus


@dataclass(frozen=True, slots=True)
class Home:
    """The namespace that a command without `-n` means."""

    namespace: str = "default"

    def flag(self, namespace: str) -> str:
        """` -n NAMESPACE` where it is needed."""
        return "" if not namespace or namespace == self.namespace else f" -n {namespace}"


def after_failure(job: PipelineJob, stage: StageStatus | None, home: Home) -> str:
    """What to type when the run has failed, or cannot begin."""
    run, flag = job.metadata.name, home.flag(job.metadata.namespace)
    if stage is not None and stage.reason == names.INPUT_REFUSED:
        # The same input would be refused again: only another input helps.
        return f"stagework upload FILE{flag}"
    if stage is not None:
        return f"stagework retry {run}{flag} --stage {stage.name}"
    if job.status.summary == names.PIPELINE_NOT_FOUND:
        return f"kubectl get pipelines.stagework.dev{flag}"
    return f"kubectl describe pipelinejobs.stagework.dev {run}{flag}"


def while_waiting(job: PipelineJob, home: Home) -> str:
    """What to type to end a wait that only a person can end; empty where time will do."""
    run, flag = job.metadata.name, home.flag(job.metadata.namespace)
    if job.status.summary == names.PIPELINE_NOT_FOUND:
        return f"kubectl get pipelines.stagework.dev{flag}"
    if job.spec.suspend:
        patch = '{"spec":{"suspend":false}}'
        return f"kubectl patch pipelinejobs.stagework.dev {run}{flag} --type=merge -p '{patch}'"
    for stage in job.status.stages:
        if stage.state == names.STAGE_WAITING and stage.reason == names.WAIT_NO_NODE:
            key = stage.machine or "CLASS"
            return f"kubectl label node NODE {names.LABEL_MACHINE}={key}"
    if job.status.observedGeneration < 0:
        return "stagework doctor"
    return ""
