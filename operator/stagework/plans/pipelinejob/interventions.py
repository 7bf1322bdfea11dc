"""Retry and Skip of a run's stages: what they would change (also for `--dry-run`), and the change.

The rules are policies; how requests are noted and answered is the same for every kind
(`plans/interventions.py`).
"""

from dataclasses import dataclass

from stagework.api import names
from stagework.api.intervention import Intervention, InterventionSpec, RefusedStage
from stagework.api.judgement import Judgement
from stagework.api.kinds import PIPELINEJOB, RETRY
from stagework.api.stage_status import SkipRecord, StageStatus, States
from stagework.api.text import SHORT_BYTES, one_line
from stagework.plans.interventions import asked_by
from stagework.plans.pipelinejob import edits
from stagework.policies import interventions as policy
from stagework.policies.stage_order import Dependencies, descendants


@dataclass(frozen=True)
class Preview:
    """What a request would do if it were made now."""

    affected: tuple[str, ...]
    """Stages that are retried or skipped."""
    resets: tuple[str, ...]
    """Descendants that wait again with new attempts."""
    refused: tuple[RefusedStage, ...]
    """Stages left alone, with reasons."""


def preview(spec: InterventionSpec, states: States, dependencies: Dependencies) -> Preview:
    """Judge a request without carrying it out; `states`: the run's stages by name."""
    judgement = policy.judge(spec, states)
    resets = _resets(spec, judgement.affected, states, dependencies)
    return Preview(judgement.affected, resets, judgement.refused)


@dataclass(frozen=True)
class StageVerbs:
    """What may be asked of a PipelineJob; see `stagework.plans.interventions.Verbs`."""

    dependencies: Dependencies
    """Empty before the run is accepted: then nothing can be asked of it."""

    @property
    def words(self) -> tuple[str, ...]:
        """The verbs."""
        return PIPELINEJOB.verbs

    def judge(self, spec: InterventionSpec, state: States) -> Judgement:
        """What the request would change, and what of it is refused."""
        return policy.judge(spec, state if self.dependencies else {})

    def apply(
        self, request: Intervention, judgement: Judgement, state: States
    ) -> dict[str, StageStatus]:
        """The stages after a Retry or Skip of those affected."""
        spec, changed = request.spec, dict(state)
        by = asked_by(spec)
        for name in judgement.affected:
            if spec.verb == RETRY:
                changed[name] = _retried(state[name], by)
            else:
                changed[name] = _skipped(state[name], request, by)
        for name in _resets(spec, judgement.affected, state, self.dependencies):
            changed[name] = _reset(state[name], by)
        return changed


def _resets(
    spec: InterventionSpec, affected: tuple[str, ...], states: States, dependencies: Dependencies
) -> tuple[str, ...]:
    below = descendants(affected, dependencies)
    return policy.resets(spec, [states[name] for name in below])


def _skipped(status: StageStatus, request: Intervention, by: str) -> StageStatus:
    spec = request.spec
    record = SkipRecord(by=one_line(spec.requestedBy, SHORT_BYTES), descendants=spec.descendants)
    if status.active:
        return edits.stopping(edits.skip_recorded(status, record), names.SKIPPED_BY_PERSON, by)
    return edits.skipped(status, by, request.metadata.creationTimestamp, record)


def _retried(status: StageStatus, by: str) -> StageStatus:
    if status.put_off:
        return edits.not_put_off(status, by)
    if status.unproved:
        return edits.reopened(status, by)
    return edits.renewed(status, names.RETRIED_BY_PERSON, by)


def _reset(status: StageStatus, by: str) -> StageStatus:
    """A descendant waits again; a running attempt must have ended before its next one."""
    if status.active:
        return edits.stopping(status, names.RETRIED_BY_PERSON, by)
    if status.state == names.STAGE_NOT_RUN:
        return edits.given_back(status)
    if status.unproved:
        return edits.reopened(status, by)
    return edits.renewed(status, names.RETRIED_BY_PERSON, by)
