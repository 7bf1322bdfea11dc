"""What people ask of a run: what it would change (also for `--dry-run`), and the change.

The rules are policies; how requests are noted and answered is the same for every kind
(`plans/interventions.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from stagework.api import kinds, names
from stagework.api.base import Metadata
from stagework.api.intervention import Intervention, InterventionSpec, RefusedStage
from stagework.api.judgement import Judgement
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import Approval, SkipRecord, StageStatus, States
from stagework.api.stages import RunsIf
from stagework.api.text import SHORT_BYTES, one_line, shortened
from stagework.plans.interventions import asked_by
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.run_status import end_of
from stagework.plans.pipelinejob.upstream import Upstream
from stagework.policies import interventions as policy
from stagework.policies.stage_order import Dependencies, descendants


@dataclass(frozen=True)
class Preview:
    """What a request would do if it were made now."""

    affected: tuple[str, ...]
    """Stages that it changes themselves."""
    resets: tuple[str, ...]
    """Others that wait again: descendants, and of a run that was stopped all that go on."""
    refused: tuple[RefusedStage, ...]
    """Stages left alone, with reasons."""
    not_run: tuple[str, ...] = ()
    """Stages that would not be run."""
    still_not_run: tuple[str, ...] = ()
    """Stages that are not run, with it or without."""
    end: str = ""
    """How the run would end if every stage that is still to run succeeded."""
    may_run: tuple[str, ...] = ()
    """Stages whose attempt before was given up without proof: it may still be at work."""


def preview(
    spec: InterventionSpec,
    states: States,
    dependencies: Dependencies,
    runs_if: Mapping[str, RunsIf] | None = None,
) -> Preview:
    """Judge a request without carrying it out; `states`: the run's stages by name.

    `runs_if`: of stages for which it is not `Succeeded`.
    """
    judgement = policy.judge(spec, states)
    resets = _resets(spec, judgement.affected, states, dependencies)
    if not judgement.affected:
        return Preview((), resets, judgement.refused)
    request = Intervention(metadata=Metadata(), spec=spec)
    after = StageVerbs(dependencies).apply(request, judgement, states)
    final = _if_all_succeed(after, dependencies, runs_if or {})
    not_run = [s for s in final.values() if s.state == names.STAGE_NOT_RUN]
    still = tuple(s.name for s in not_run if states[s.name].state == names.STAGE_NOT_RUN)
    end = end_of([*final.values()])
    return Preview(
        *(judgement.affected, resets, judgement.refused),
        not_run=tuple(s.name for s in not_run if s.name not in still),
        still_not_run=still,
        may_run=tuple(name for name in judgement.affected if _may_run(spec, states[name])),
        end=end[1] if end is not None else "",
    )


def _may_run(spec: InterventionSpec, stage: StageStatus) -> bool:
    given_up = stage.reason == names.ORPHANED and stage.suspectedTime is not None
    return spec.verb == kinds.RETRY and given_up and stage.exitCode is None


def judge_whole(spec: InterventionSpec, status: PipelineJobStatus) -> Judgement:
    """Judge a request for a run without stages."""
    stopped = status.summary == names.STOPPED and not status.stages
    return policy.judge_whole(spec, ended=status.ended, stopped=stopped)


def preview_whole(spec: InterventionSpec, status: PipelineJobStatus) -> Preview:
    """What a request for a run without stages would do if it were made now."""
    judgement = judge_whole(spec, status)
    end = names.STOPPED if judgement.affected and spec.verb == kinds.STOP else ""
    return Preview(judgement.affected, (), judgement.refused, end=end)


def _if_all_succeed(
    states: States, dependencies: Dependencies, runs_if: Mapping[str, RunsIf]
) -> dict[str, StageStatus]:
    """The stages at the end of the run, if all succeed that are still to run."""
    final = dict(states)
    upstream = Upstream(dependencies, runs_if, final)
    for name in [name for name in dependencies if name in final]:
        status, verdict = final[name], final[name].stopping
        if verdict is not None and verdict.reason == names.SKIPPED_BY_PERSON:
            status = status.evolve(state="Skipped", stopping=None)
        elif verdict is not None and status.stopped:
            status = status.evolve(state="Failed", reason=verdict.reason, stopping=None)
        else:
            judged = upstream.judge(status)
            status = judged if judged.ended else judged.evolve(state="Succeeded")
        final[name] = status
        upstream.note(status)
    return final


@dataclass(frozen=True)
class StageVerbs:
    """What may be asked of a PipelineJob; see `stagework.plans.interventions.Verbs`."""

    dependencies: Dependencies
    """Empty before the run is accepted: then nothing can be asked of it."""
    now: datetime | None = None
    """None: nothing that depends on the time is asked."""

    @property
    def words(self) -> tuple[str, ...]:
        """The verbs."""
        return PIPELINEJOB.verbs

    def judge(self, spec: InterventionSpec, state: States) -> Judgement:
        """What the request would change, and what of it is refused."""
        return policy.judge(spec, state if self.dependencies else {}, self.now)

    def apply(
        self, request: Intervention, judgement: Judgement, state: States
    ) -> dict[str, StageStatus]:
        """The stages after what was asked, for those affected."""
        spec, changed = request.spec, dict(state)
        by = asked_by(spec)
        for name in judgement.affected:
            changed[name] = _changed(state[name], request, by, self.now)
        for name in _resets(spec, judgement.affected, state, self.dependencies):
            changed[name] = _reset(state[name], by)
        return changed


def _resets(
    spec: InterventionSpec, affected: tuple[str, ...], states: States, dependencies: Dependencies
) -> tuple[str, ...]:
    if not affected:
        return ()
    below = descendants(affected, dependencies)
    waiting = {*policy.resets(spec, [states[name] for name in below])}
    waiting.update(name for name in policy.stopped_stages(spec, states) if name not in affected)
    return tuple(name for name in states if name in waiting)


def _changed(
    status: StageStatus, request: Intervention, by: str, now: datetime | None
) -> StageStatus:
    match request.spec.verb:
        case kinds.RECOVER:
            at = now or request.metadata.creationTimestamp
            return edits.orphaned(status, f"{status.message}; recovered by {by}", at)
        case kinds.RETRY:
            return _retried(status, by)
        case kinds.STOP:
            return edits.ended_with_its_run(status, names.STOPPED_BY_PERSON, by)
        case kinds.APPROVE:
            return edits.approved(status, _approval(request))
        case _:
            return _skipped(status, request, by)


def _approval(request: Intervention) -> Approval:
    spec = request.spec
    return Approval(
        by=shortened(spec.requestedBy, SHORT_BYTES),
        at=request.metadata.creationTimestamp,
        reason=one_line(spec.reason, SHORT_BYTES),
    )


def _skipped(status: StageStatus, request: Intervention, by: str) -> StageStatus:
    spec = request.spec
    record = SkipRecord(by=shortened(spec.requestedBy, SHORT_BYTES), descendants=spec.descendants)
    if status.active:
        return edits.stopping(edits.skip_recorded(status, record), names.SKIPPED_BY_PERSON, by)
    return edits.skipped(status, by, request.metadata.creationTimestamp, record)


def _retried(status: StageStatus, by: str) -> StageStatus:
    if status.put_off:
        return edits.not_put_off(status, by)
    return _again(status, by)


def _reset(status: StageStatus, by: str) -> StageStatus:
    """A descendant waits again, also for approval of what will be new."""
    if status.waiting and status.attempt == 1:
        return edits.unapproved(status)
    return edits.unapproved(_again(status, by))


def _again(status: StageStatus, by: str) -> StageStatus:
    """It waits again; a running attempt must have ended before its next one."""
    if status.active:
        return edits.stopping(status, names.RETRIED_BY_PERSON, by)
    if status.state == names.STAGE_NOT_RUN or status.set_aside:
        return edits.given_back(status)
    if status.unproved:
        return edits.reopened(status, by)
    return edits.renewed(status, names.RETRIED_BY_PERSON, by)
