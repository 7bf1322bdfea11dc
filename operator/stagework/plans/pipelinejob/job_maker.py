"""Make a stage's Job: under which name, for which class, and does one that is there fit another?"""

from dataclasses import dataclass

from stagework.api import names
from stagework.api.machines import MachineClass
from stagework.api.observed import JobView
from stagework.api.resources import JOBS
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.children.stage_job import StageJob
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.children import machine_of
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.pipelinejob.stage_view import name_taken
from stagework.plans.plan import Action, Create, Event, PlanBuilder, Purpose


@dataclass(frozen=True)
class JobMaker:
    """The Jobs of one run."""

    snapshot: Snapshot
    params: dict[str, str]
    builder: PlanBuilder

    def create(
        self, status: StageStatus, stage: Stage, machine: str, into: list[Action]
    ) -> StageStatus:
        """Make the Job under the first of its names that nobody else has taken."""
        job, taken = self._job(status, stage, machine), self.snapshot.made.taken
        for _ in taken:
            if job.name not in taken:
                break
            text = f"stage {stage.name}, attempt {status.attempt}: {name_taken(job.name)}"
            self.builder.events.append(Event(names.JOB_CONFLICT, text, "Warning"))
            status = edits.recreated(status)
            job = self._job(status, stage, machine)
        purpose = Purpose(stage.name, status.attempt)
        into.append(Create(JOBS, job.name, job.manifest(), purpose))
        return edits.job_asked_for(status, job.name)

    def _job(self, status: StageStatus, stage: Stage, machine: str) -> StageJob:
        settings = self.snapshot.settings
        return StageJob(
            run=self.snapshot.run,
            stage=stage,
            attempt=status.attempt,
            recreations=status.remakes,
            machine=self.machine(machine),
            params=self.params,
            pull_secrets=self.snapshot.pull_secrets,
            fleet=settings.fleet,
            defaults=settings.pod_defaults,
        )

    def machine(self, key: str) -> MachineClass:
        """The class of that key; one that the settings name no more, by its label."""
        known = self.snapshot.settings.fleet.find(key)
        return known or MachineClass(key=key, nodeSelector={names.LABEL_MACHINE: key})

    def fits(self, status: StageStatus, stage: Stage, job: JobView, machine: str) -> bool:
        """A class whose Pods are made otherwise needs another Job."""
        run, fleet = self.snapshot.run.metadata, self.snapshot.settings.fleet
        machines = fleet.all_classes_of(stage.name, tuple(stage.runsOn))
        made_for = machine_of(status, run, job.metadata.name, machines)
        return made_for == machine or (
            made_for != "" and self.machine(made_for).same_pods_as(self.machine(machine))
        )
