"""The next command to type: every failure and every wait that a person can end names one."""

from dataclasses import dataclass

from stagework.api import names
from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.overview.run_end import failing_stage, run_end


@dataclass(frozen=True, slots=True)
class Home:
    """The namespace that a command without `-n` means."""

    namespace: str = "default"

    def flag(self, namespace: str) -> str:
        """` -n NAMESPACE` where it is needed."""
        return "" if not namespace or namespace == self.namespace else f" -n {namespace}"


def next_command(run: PipelineJob, home: Home) -> str:
    """What to type now; empty where nothing is needed."""
    end = run_end(run)
    if end.kind == "Failed":
        return after_failure(run, home)
    return "" if end.ended else while_waiting(run, home)


def after_failure(run: PipelineJob, home: Home) -> str:
    """What to type when the run has failed, or cannot begin."""
    name, flag = run.metadata.name, home.flag(run.metadata.namespace)
    stage = failing_stage(run.status)
    if run.status.summary == names.STOPPED:
        return f"stagework retry {name}{flag}"
    if stage is not None and stage.reason == names.INPUT_REFUSED:
        # The same input would be refused again: only another input helps.
        return f"stagework upload FILE{flag}"
    if run.status.summary == names.DEADLINE_EXCEEDED:
        return f"stagework retry {name}{flag}"
    if stage is not None:
        return f"stagework retry {name}{flag} --stage {stage.name}"
    if run.status.summary == names.PIPELINE_NOT_FOUND:
        return f"kubectl get {PIPELINE.full_name}{flag}"
    return f"kubectl describe {PIPELINEJOB.full_name} {name}{flag}"


def while_waiting(run: PipelineJob, home: Home) -> str:
    """What to type to end a wait that only a person can end; empty where time will do."""
    name, flag = run.metadata.name, home.flag(run.metadata.namespace)
    if run.status.summary == names.PIPELINE_NOT_FOUND:
        return f"kubectl get {PIPELINE.full_name}{flag}"
    if run.spec.suspend:
        return f"stagework resume {name}{flag}"
    for stage in run.status.stages:
        if stage.awaits_approval:
            return f"stagework approve {name}{flag} --stage {stage.name}"
        if stage.state == names.STAGE_WAITING and stage.reason == names.WAIT_NO_NODE:
            key = stage.machine or "CLASS"
            return f"kubectl label node NODE {names.LABEL_MACHINE}={key}"
    if run.status.observedGeneration < 0:
        return "stagework doctor"
    return ""
