"""Is anybody still at work behind an attempt that says so? And what follows where nobody is?

Time alone never proves that a process has ended: nodes that are cut off come back, and so do those
that sleep. The first of these that applies:

1. No Pod of it was chosen to run: nothing can have been lost. `Healthy`.
2. The kubelet has reported the end (proof `KubeletReport`): of its own accord, `Healthy`, for it
   is judged by its mark or exit code; or it was ended from outside, `Orphan`. So is one that the
   Job controller has counted from such a report.
3. Its Pod is there and its node ready: `Healthy`. A container that starts late, or hangs, has
   clocks of its own (`startDeadlineSeconds`, `timeoutSeconds`).
4. Its process has ended for certain: an administrator has said that its node is off
   (`OutOfService`); its node has booted since it started (`NodeBooted`); its Pod was removed, and
   its kubelet has had the time to end it (`KubeletActed`); or it had to end itself, since nobody
   answered it (`SelfFence`), which proves nothing of a machine that may sleep. `Orphan`.
5. Anything else: `Suspected`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

PodSeen = Literal["None", "There", "Missing", "Ended", "EndedFromOutside"]
"""None: none was chosen. Ended: as its kubelet has reported."""
NodeSeen = Literal["Ready", "NotReady", "Gone"]
"""Of an attempt without a known node: the worst of its class."""
Cause = Literal["NodeLost", "NodeDeleted", "NodeBooted", "PodRemoved", "JobRemoved", "Interrupted"]
"""Why nobody is, or may be, behind it; a word of metrics and messages."""
Proof = Literal["KubeletReport", "KubeletActed", "NodeBooted", "OutOfService", "SelfFence"]
"""What shows that its process has ended."""

REPLACE_AFTER: Final = timedelta(seconds=90)
"""`onNodeLost: Replace` waits so long, as whoever relies on the self-fence: 40 s without an answer,
30 s to end, and 20 s for clocks."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be seen of an attempt at one moment."""

    pod: PodSeen
    node: NodeSeen
    since: datetime
    """Since when something is missing, as far as somebody has looked all the time, by our clock."""
    job_there: bool = True
    counted: bool = False
    """The Job controller has counted that very Pod as succeeded."""
    kubelet_acted: bool = False
    """Since its Pod is missed its node has been ready, without a break, for long enough."""
    drained: bool = False
    """Its node takes no Pods, as a drain leaves it."""
    booted: bool = False
    """Its node has booted after its container had started."""
    out_of_service: bool = False
    """The taint `node.kubernetes.io/out-of-service` is on its node."""
    fenced: bool = False
    """It has had to end itself: see the self-fence in `docs/stage-contract.md`."""
    may_be_away: bool = False
    """Machines of its class sleep and leave."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """Nothing is missing."""


@dataclass(frozen=True, slots=True)
class Suspected:
    """Its process may have ended, and nothing proves that."""

    reason: Cause
    since: datetime


@dataclass(frozen=True, slots=True)
class Orphan:
    """Its process has ended, and its result is not known."""

    cause: Cause
    proof: Proof


Verdict = Healthy | Suspected | Orphan
HEALTHY: Final = Healthy()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a stage wants to be done."""

    timeout: timedelta
    """`orphanTimeoutSeconds`."""
    replace: bool = False
    """`onNodeLost: Replace`, of a stage that is idempotent."""
    fail: bool = False
    """`recovery: Fail`."""
    may_be_away: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is done; `until`: before then; None: before something is seen."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt, which costs none; `proved`: no other one can be at work."""

    proved: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The stage has failed, and a person may retry it; `proved`: likewise."""

    proved: bool


Recovery = Wait | Again | GiveUp


def classify(seen: Evidence) -> Verdict:
    """Tell whether anybody is behind the attempt; see the order above."""
    if seen.pod == "None":
        return HEALTHY
    if seen.counted or seen.pod == "EndedFromOutside":
        return Orphan(_cause(seen), "KubeletReport")
    if seen.pod == "Ended" or (seen.pod == "There" and seen.node == "Ready"):
        return HEALTHY
    proof = _proof(seen)
    return Orphan(_cause(seen), proof) if proof is not None else Suspected(_cause(seen), seen.since)


def recovery(verdict: Suspected | Orphan, rules: Rules, now: datetime) -> Recovery:
    """What follows.

    1. What is proved: another attempt; or `recovery: Fail`, but for what its kubelet has reported
    to be ended from outside, or a drain has ended: nothing was lost. 2. A machine that may be away
    is waited for. 3. `onNodeLost: Replace` waits for no proof. 4. Without proof the stage has
    failed after `orphanTimeoutSeconds`; no other attempt is begun by us.
    """
    if isinstance(verdict, Orphan):
        fails = rules.fail and verdict.cause != "Interrupted"
        return GiveUp(proved=True) if fails else Again(proved=True)
    if rules.may_be_away:
        return Wait(None)
    if rules.replace:
        until = verdict.since + min(REPLACE_AFTER, rules.timeout)
        return Again(proved=False) if now >= until else Wait(until)
    until = verdict.since + rules.timeout
    return GiveUp(proved=False) if now >= until else Wait(until)


def sentence_of(proof: Proof) -> str:
    """What shows it, for people."""
    return _SENTENCES[proof]


def _proof(seen: Evidence) -> Proof | None:
    if seen.out_of_service:
        return "OutOfService"
    if seen.booted:
        return "NodeBooted"
    if seen.pod == "Missing" and seen.kubelet_acted:
        return "KubeletActed"
    if seen.fenced and seen.node != "Ready" and not seen.may_be_away:
        return "SelfFence"
    return None


def _cause(seen: Evidence) -> Cause:
    if seen.pod == "EndedFromOutside" or _was_drained(seen):
        return "Interrupted"
    if seen.booted:
        return "NodeBooted"
    if seen.node == "Gone":
        return "NodeDeleted"
    if seen.node == "NotReady":
        return "NodeLost"
    return "PodRemoved" if seen.job_there else "JobRemoved"


def _was_drained(seen: Evidence) -> bool:
    """It was ended with its Pod, before anybody saw the report: a drain cordons the node first."""
    return seen.pod == "Missing" and seen.drained and seen.kubelet_acted and not seen.booted


_SENTENCES: Final[dict[Proof, str]] = {
    "KubeletReport": "its kubelet has reported the end",
    "KubeletActed": "its Pod is gone and its kubelet has ended what was left",
    "NodeBooted": "its node has booted since it started",
    "OutOfService": "its node has the taint out-of-service",
    "SelfFence": "nobody answered it, so it has ended itself",
}
