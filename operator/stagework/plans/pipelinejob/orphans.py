"""What the policy about orphans is told of an attempt, and what its verdict reads like.

Nothing of this runs while the operator is blind: what is missing counts from when this process has
begun to look, and who led before has proved nothing.
"""

from datetime import datetime, timedelta

from stagework.api.base import format_time
from stagework.api.durations import short
from stagework.api.observed import NodeView
from stagework.plans.pipelinejob.snapshot import HeartbeatQuestion, HeartbeatRead
from stagework.plans.pipelinejob.stage_view import StageView
from stagework.policies import orphans
from stagework.policies.orphans import Evidence, NodeSeen, PodSeen, Recovery, Rules, Verdict

LOST_GRACE = timedelta(seconds=90)
"""A node is reported not ready 55 s after its kubelet fell silent; then the Pod's grace period of
30 s. So a node that is still ready after this long has heard of the removal and has acted."""
FENCE_GRACE = orphans.REPLACE_AFTER
"""After so long without an answer a process that fences itself has ended."""
HEARD_FRESH = timedelta(seconds=60)
"""So long it is believed what was last heard of a Pod."""
_BOOT_SLACK = timedelta(seconds=60)
"""A kubelet tells of a boot so late."""


def verdict_of(view: StageView, now: datetime) -> Verdict:
    """Of an attempt whose end no kubelet has reported."""
    return orphans.classify(evidence_of(view, now))


def recovery_of(view: StageView, now: datetime) -> Recovery | None:
    """What follows from the verdict; None: the attempt is healthy."""
    verdict = verdict_of(view, now)
    if isinstance(verdict, orphans.Healthy):
        return None
    return orphans.recovery(verdict, rules_of(view), now)


def evidence_of(view: StageView, now: datetime) -> Evidence:
    """What can be seen of it, as the policy asks."""
    node, acted = _node(view), view.node_ready and now >= view.missed_since(now) + LOST_GRACE
    return Evidence(
        pod=_pod_seen(view),
        node=_node_seen(view),
        since=suspected_since(view, now),
        job_there=view.objects.job is not None,
        kubelet_acted=acted,
        drained=node is not None and node.spec.unschedulable,
        booted=node is not None and _has_booted(view, node),
        out_of_service=node is not None and node.out_of_service,
        fenced=is_fenced(view, now),
        may_be_away=_may_be_away(view),
    )


def rules_of(view: StageView) -> Rules:
    """What the stage wants, else what the settings say."""
    stage = view.stage
    seconds = stage.orphanTimeoutSeconds or view.snapshot.settings.orphan_timeout_seconds
    return Rules(
        timeout=timedelta(seconds=seconds),
        replace=stage.idempotent and stage.onNodeLost == "Replace",
        fail=stage.recovery == "Fail",
        may_be_away=_may_be_away(view),
    )


def suspected_since(view: StageView, now: datetime) -> datetime:
    """Since when this process knows of nothing that shows that it lives."""
    return max(view.status.suspectedTime or now, view.snapshot.looking_since)


def is_fenced(view: StageView, now: datetime) -> bool:
    """Whether it has had to end itself: it had sent heartbeats, so it has a fence, and since then
    nobody has heard of it while everybody listened.
    """
    heard = _heard(view)
    if heard is None or heard.heard_at is None or view.node_ready or _may_be_away(view):
        return False
    is_fresh = now - heard.at < HEARD_FRESH
    return is_fresh and heard.at >= _silent_since(view, heard, now) + FENCE_GRACE


def fence_question(view: StageView, now: datetime) -> tuple[HeartbeatQuestion | None, datetime]:
    """What is to be asked now about its heartbeats, if anything, and when to ask again."""
    heard = _heard(view)
    if view.stage.contract == "ExitCode" or _may_be_away(view):
        return None, now + HEARD_FRESH
    silent = _silent_since(view, heard, now)
    due, pause = silent + FENCE_GRACE, HEARD_FRESH / 2
    if heard is None:
        return HeartbeatQuestion(view.status.pod), max(due, now + pause)
    if now < due:
        return None, due
    if now < heard.at + pause:
        return None, heard.at + pause  # each answer is a reason to decide anew
    return HeartbeatQuestion(view.status.pod), now + pause


def lost_sentence(view: StageView, now: datetime) -> str:
    """What a stage says whose node is lost, or whose Pod is missed there, and what follows."""
    verdict, rules = verdict_of(view, now), rules_of(view)
    step = orphans.recovery(verdict, rules, now) if isinstance(verdict, orphans.Suspected) else None
    until = step.until if isinstance(step, orphans.Wait) else None
    where = where_of(view)
    if until is None:
        return f"{where}: nothing proves that it has ended"
    then = "another attempt follows" if rules.replace else "it is given up"
    return f"{where}: nothing proves that it has ended; {then} at {format_time(until)}"


def orphan_sentence(view: StageView, now: datetime) -> str:
    """Why it is recovered, with the proof; or that there is none."""
    verdict = verdict_of(view, now)
    if isinstance(verdict, orphans.Orphan):
        return f"{where_of(view)}: {orphans.sentence_of(verdict.proof)}"
    waited = short((now - suspected_since(view, now)).total_seconds())
    return f"{where_of(view)}, and nothing was proved for {waited}: it may still run there"


def cause_of(view: StageView, now: datetime) -> str:
    """The cause, as one word."""
    match verdict_of(view, now):
        case orphans.Orphan(cause):
            return cause
        case orphans.Suspected(reason):
            return reason
        case _:
            return ""


def where_of(view: StageView) -> str:
    """What is missing: its Pod, its node, or both."""
    named = f"node {view.node_name}" if view.node_name else f"a node of class {view.status.machine}"
    pod = "its Pod is gone" if view.objects.pod is None else ""
    states = {"NotReady": f"{named} is not ready", "Gone": f"{named} is not there", "Ready": ""}
    return " and ".join(part for part in (pod, states[_node_seen(view)]) if part)


def _pod_seen(view: StageView) -> PodSeen:
    if not view.status.pod:
        return "None"
    return "There" if view.objects.pod is not None else "Missing"


def _node_seen(view: StageView) -> NodeSeen:
    if view.node_name and _node(view) is None:
        return "Gone"
    return "Ready" if view.node_ready else "NotReady"


def _node(view: StageView) -> NodeView | None:
    return view.snapshot.nodes.get(view.node_name) if view.node_name else None


def _has_booted(view: StageView, node: NodeView) -> bool:
    """Only where the node's present time of being ready has begun well after the container: of one
    that starts just after a boot the old boot id may be on record.
    """
    status = view.status
    ready_since = view.snapshot.ready_since.get(node.metadata.name)
    if not (status.bootId and status.startTime and node.boot_id and ready_since):
        return False
    return node.boot_id != status.bootId and ready_since > status.startTime + _BOOT_SLACK


def _may_be_away(view: StageView) -> bool:
    machine = view.snapshot.settings.fleet.find(view.status.machine)
    return machine is not None and machine.mayBeAway


def _heard(view: StageView) -> HeartbeatRead | None:
    return view.snapshot.heard.get(HeartbeatQuestion(view.status.pod))


def _silent_since(view: StageView, heard: HeartbeatRead | None, now: datetime) -> datetime:
    """Since when everybody has looked and listened, and its node was away, without a sign."""
    since = suspected_since(view, now)
    if heard is None:
        return since
    return max(since, heard.listening_since, heard.heard_at or since)
