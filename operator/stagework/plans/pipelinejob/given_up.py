"""What becomes of an attempt of which nothing has proved for too long whether it lives.

First that it has failed is recorded; then what is left of it is ended, as soon as its node hears of
that. What its process says afterwards is refused, and told once.
"""

from collections.abc import Iterator
from datetime import datetime

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.stage_status import StageStatus, States
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.children import Children, OwnJob, delete_pod
from stagework.plans.pipelinejob.orphans import cause_of, orphan_sentence
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.pipelinejob.stage_view import StageView
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.transitions import Recovered
from stagework.policies import orphans
from stagework.policies.outcome import termination


def given_up(view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """It has failed, a person may retry it, and no attempt is used up."""
    status, message = view.status, orphan_sentence(view, now)
    where = f"stage {status.name}, attempt {status.attempt}: {message}"
    builder.events.append(Event(names.EVENT_ORPHAN_RECOVERED, where, "Warning"))
    builder.facts.append(Recovered("GivenUp", cause_of(view, now), status.machine))
    return edits.orphaned(status, message, now)


def given_up_by_person(before: States, after: States) -> Iterator[Recovered]:
    """Of the stages that a Recover has declared failed."""
    for name, stage in after.items():
        old = before[name]
        if stage.reason == names.ORPHANED and not old.ended:
            lost = old.reason == names.WAIT_NODE_LOST
            cause: orphans.Cause = "NodeLost" if lost else "PodRemoved"
            yield Recovered("GivenUp", cause, stage.machine)


def end_given_up(
    snapshot: Snapshot, children: Children, states: States, builder: PlanBuilder
) -> None:
    """End Pods of attempts that are over, as it is stored, and whose containers were never reported
    to have ended: their nodes were lost.
    """
    stored = {stage.name: stage for stage in snapshot.run.status.stages}
    for own, pod in _pods(snapshot, children, states):
        status, meta = stored.get(own.stage), pod.metadata
        if status is None or meta.leaving or pod.finished or termination(pod) is not None:
            continue
        is_over = own.attempt < status.attempt or (status.ended and own.attempt == status.attempt)
        if is_over and not pod.held_by(names.SCHEDULING_GATE):
            builder.actions.append(delete_pod(pod, snapshot.settings.stop_seconds))


def note_late_reports(
    snapshot: Snapshot, children: Children, states: States, builder: PlanBuilder
) -> dict[str, StageStatus]:
    """Tell once of each attempt that was given up and has ended after all: its exit code is noted,
    and nothing else of it counts.
    """
    changed: dict[str, StageStatus] = {}
    for own, pod in _pods(snapshot, children, states):
        report, status = termination(pod), changed.get(own.stage, states[own.stage])
        if report is None or not _is_late(status, own, pod):
            continue
        code = max(-1, report.exit_code)
        noted = own.attempt == status.attempt
        changed[own.stage] = (
            edits.reported_late(status, code)
            if noted
            else edits.earlier_reported_late(status, own.attempt, code)
        )
        text = f"stage {own.stage}, attempt {own.attempt}, which was given up, has ended with exit"
        text += f" code {report.exit_code}: nothing of it counts"
        builder.events.append(Event(names.EVENT_LATE_REPORT, text, "Warning"))
    return changed


def _is_late(status: StageStatus, own: OwnJob, pod: PodView) -> bool:
    if own.attempt == status.attempt:
        is_orphan = status.ended and status.reason == names.ORPHANED
        return is_orphan and status.exitCode is None and pod.metadata.uid == status.pod
    return any(
        ended.attempt == own.attempt and ended.reason == names.ORPHANED and ended.exitCode is None
        for ended in status.earlier
    )


def _pods(
    snapshot: Snapshot, children: Children, states: States
) -> Iterator[tuple[OwnJob, PodView]]:
    for own in children.own_jobs(states.values(), snapshot.made):
        if own.stage in states:
            for pod in children.pods_of(own.job.metadata.name, own.job.metadata.uid):
                yield own, pod
