"""Each thing that can have happened to an attempt has a name, and they are told in order."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from stagework.api.observed import JobView, PodView
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.orphans import LOST_GRACE
from stagework.plans.pipelinejob.situation import (
    AwaitsPod,
    CannotStart,
    ChosenHeld,
    ContainerEnded,
    CountedByJob,
    CountUnproved,
    GateRemoved,
    GivenUp,
    IsAway,
    Keeps,
    NeverRan,
    NodeLost,
    PodLost,
    PodUnseen,
    Quiet,
    RefusedForGood,
    ResultFound,
    ResultUnknown,
    Runs,
    Situation,
    Starts,
    Stopped,
    Vanished,
    situation_of,
)
from stagework.plans.pipelinejob.snapshot import (
    FoundResult,
    Lookup,
    PodQuestion,
    PodRead,
    ResultQuestion,
)
from stagework.plans.pipelinejob.stage_view import StageView, count_question, pod_question
from stagework.plans.plan import Refusal, creation
from stagework.policies.mark import Mark
from stagework.policies.outcome import Done, Failed, Interrupted
from tests.support.builders import (
    T0,
    World,
    after,
    deleting,
    ended_job,
    files,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
    ungated,
    waiting_for,
)

JOB = make_job("a")
HELD = make_pod(JOB)
UID = HELD.metadata.uid
OUT = ungated(HELD)
TWIN = ungated(make_pod(JOB, uid="twin"))
RUNNING = running(HELD, since=after(3))
NO_NAME = waiting_for(HELD, "InvalidImageName", "no such name")
PULLING = waiting_for(HELD, "ErrImagePull", "no such image")
DONE = terminated(HELD, message=mark(HELD))
KILLED = terminated(HELD, 1)
COUNTED, GIVEN_UP = ended_job(JOB, "Complete"), ended_job(JOB)

WAITS: dict[str, Any] = {"state": "Waiting"}
HAS_TURN: dict[str, Any] = {"state": "Starting", "turnTime": T0}
STRAY: dict[str, Any] = {"state": "Waiting", "reason": "GateRemovedByOthers"}
AT_WORK: dict[str, Any] = {
    "state": "Running",
    "pod": UID,
    "node": "gpu-0",
    "machine": "gpu",
    "jobUid": "j",
}
ON_MACBOOK: dict[str, Any] = {**AT_WORK, "node": "macbook-9", "machine": "macbook"}
"""Its node is not there."""
AT_MACBOOK = running(HELD, node="macbook-9")
KILLED_AT_MACBOOK = terminated(HELD, 1, node="macbook-9")
MISSED_LONG: dict[str, Any] = {**AT_WORK, "lostTime": after(0) - LOST_GRACE}

SUSPECTED_LONG: dict[str, Any] = {**AT_WORK, "suspectedTime": after(-1800)}

NOTHING = Lookup(None)
RESULT = FoundResult(pod=UID, digest="d", outcome="Succeeded")
FOREIGN = FoundResult(pod="twin", digest="d", outcome="Succeeded")
QUOTA = Refusal("OverQuota", "exceeded quota: jobs")
INVALID = Refusal("Invalid", "no such field")


@dataclass(frozen=True)
class Seen:
    """What can be seen of one stage; the quiet default: it waits, and nothing exists."""

    status: dict[str, Any]
    job: JobView | None = None
    pod: PodView | None = None
    verdict: str = ""
    by_exit_code: bool = False
    files: bool = False
    answer: Lookup | None = None
    last_answer: Lookup | None = None
    node_ready: bool = True
    node_off: bool = False
    refusal: Refusal | None = None
    asked_for_pod: bool = True
    replaced: bool | None = False
    """Whether its Job has another Pod that our watch does not show; None: nobody was asked."""

    def view(self) -> StageView:
        contract = "ExitCode" if self.by_exit_code else "Files" if self.files else "Mark"
        stage = make_stage("a", contract=contract)
        stopping = {"reason": self.verdict} if self.verdict else None
        status = make_status("a", stopping=stopping, **self.status)
        of = status.pod or (self.job.metadata.uid if self.job is not None else "")
        answers = {ResultQuestion("a", 1, of): self.answer}
        answers[ResultQuestion("a", 1, of, last=True)] = self.last_answer
        world = World(
            stages=[stage],
            states=[status],
            nodes=[make_node(ready=self.node_ready, out_of_service=self.node_off)],
            lookups={question: lookup for question, lookup in answers.items() if lookup},
            refusals={creation("a", 1): self.refusal} if self.refusal else {},
            reads=self._reads(status),
        )
        return StageView(world.snapshot(), stage, status, AttemptObjects(self.job, self.pod))

    def _reads(self, status: StageStatus) -> dict[PodQuestion, PodRead]:
        if not self.asked_for_pod:
            return {}
        reads = {pod_question(status): PodRead(None, T0)}
        if self.replaced is not None:
            reads[count_question(status)] = PodRead(None, T0, self.replaced)
        return reads


GONE = Seen(AT_WORK, JOB)
GONE_LONG = Seen(MISSED_LONG, JOB, answer=NOTHING)

CASES: dict[str, tuple[Seen, Situation]] = {
    # 1. The recorded Pod is there, and ungated.
    "its container runs": (
        Seen(AT_WORK, JOB, running(HELD, since=after(3))),
        Runs(running(HELD, since=after(3)), after(3)),
    ),
    "its image is pulled": (
        Seen(AT_WORK, JOB, PULLING),
        Starts(PULLING, "ErrImagePull", "no such image", hindered=True),
    ),
    "its machine may be away, and is": (
        Seen(ON_MACBOOK, JOB, AT_MACBOOK),
        IsAway(AT_MACBOOK),
    ),
    "its outputs are being stored on a machine that is away": (
        Seen(ON_MACBOOK, JOB, files.keeping(KILLED_AT_MACBOOK), files=True),
        IsAway(files.keeping(KILLED_AT_MACBOOK)),
    ),
    "it had ended before its machine went away": (
        Seen(ON_MACBOOK, JOB, KILLED_AT_MACBOOK),
        ContainerEnded(KILLED_AT_MACBOOK, Failed("NonZeroExit", "exit code 1"), None),
    ),
    "its node is not ready, and nothing is proved": (
        Seen(AT_WORK, JOB, RUNNING, node_ready=False),
        NodeLost(RUNNING),
    ),
    "its node is not ready, and it was to be stopped": (
        Seen(AT_WORK, JOB, RUNNING, verdict="TimedOut", node_ready=False),
        NodeLost(RUNNING),
    ),
    "its node is off, and the store was not asked": (
        Seen(AT_WORK, JOB, RUNNING, node_ready=False, node_off=True),
        ResultUnknown(last=False),
    ),
    "its node is off, and it has left nothing": (
        Seen(
            *(AT_WORK, JOB, RUNNING),
            answer=NOTHING,
            last_answer=NOTHING,
            node_ready=False,
            node_off=True,
        ),
        Vanished(),
    ),
    "its node is off, and it was to be stopped": (
        Seen(AT_WORK, JOB, RUNNING, verdict="TimedOut", node_ready=False, node_off=True),
        Stopped(),
    ),
    "nothing was proved for too long, and the store was not asked once more": (
        Seen(SUSPECTED_LONG, JOB, RUNNING, answer=NOTHING, node_ready=False),
        ResultUnknown(last=True),
    ),
    "nothing was proved for too long": (
        Seen(SUSPECTED_LONG, JOB, None, "", answer=NOTHING, last_answer=NOTHING, node_ready=False),
        GivenUp(),
    ),
    "nothing was proved for too long of what was to be stopped": (
        Seen(SUSPECTED_LONG, JOB, RUNNING, verdict="TimedOut", node_ready=False),
        GivenUp(),
    ),
    "no image can have that name": (
        Seen(AT_WORK, JOB, NO_NAME),
        CannotStart(NO_NAME, "InvalidImageName", "no such name"),
    ),
    "it is out": (
        Seen(AT_WORK, JOB, OUT),
        Starts(OUT, "Scheduling", "waits for the scheduler", hindered=False),
    ),
    "it ended with a mark": (
        Seen(AT_WORK, JOB, DONE),
        ContainerEnded(DONE, Done(), Mark("Succeeded", digest="d" * 64)),
    ),
    "what it has left is being stored": (
        Seen(AT_WORK, JOB, files.keeping(KILLED), files=True),
        Keeps(files.keeping(KILLED)),
    ),
    "it is stopped, and nothing of it is stored": (
        Seen(AT_WORK, JOB, files.keeping(KILLED), verdict="TimedOut", files=True),
        Stopped(files.keeping(KILLED)),
    ),
    "it has left a result whose exit code nobody reported": (
        Seen(AT_WORK, JOB, answer=Lookup(RESULT), files=True),
        PodLost(node_ready=True),
    ),
    "it failed without a mark": (
        Seen(AT_WORK, JOB, KILLED),
        ContainerEnded(KILLED, Failed("NonZeroExit", "exit code 1"), None),
    ),
    "it was deleted before it had a node": (
        Seen(AT_WORK, JOB, deleting(OUT)),
        ContainerEnded(
            deleting(OUT), Interrupted("the Pod was deleted before it had a node"), None
        ),
    ),
    "it ended with a mark after a verdict": (Seen(AT_WORK, JOB, DONE, "TimedOut"), Stopped(DONE)),
    "it runs on after a verdict": (
        Seen(AT_WORK, JOB, RUNNING, "TimedOut"),
        Runs(RUNNING, after(3)),
    ),
    # 2. The recorded Pod is held.
    "its Pod is chosen, and its gate is on": (Seen(AT_WORK, JOB, HELD), ChosenHeld()),
    # 3. Somebody else removed the gate.
    "its Pod runs and was never chosen": (Seen(WAITS, JOB, RUNNING), GateRemoved(RUNNING, False)),
    "its Pod was never chosen, at its turn": (Seen(HAS_TURN, JOB, OUT), GateRemoved(OUT, False)),
    "a Pod that was never chosen leaves, and has no node": (
        Seen(STRAY, None, deleting(OUT)),
        GateRemoved(deleting(OUT), True),
    ),
    "a Pod that was never chosen has ended well": (
        Seen(HAS_TURN, COUNTED, DONE),
        GateRemoved(DONE, True),
    ),
    "a Pod that was never chosen is gone": (Seen(STRAY), GateRemoved(None, True)),
    "a Pod that was never chosen runs on after a verdict": (
        Seen(HAS_TURN, JOB, RUNNING, "StartDeadlineExceeded"),
        Quiet(),
    ),
    "a Pod that was never chosen has ended after a verdict": (
        Seen(HAS_TURN, JOB, DONE, "StartDeadlineExceeded"),
        Stopped(),
    ),
    # 4. Its Pod is gone, or its Job ended without one.
    "its Pod is shown no more, and nobody was asked": (
        replace(GONE, asked_for_pod=False),
        PodUnseen(),
    ),
    "it was skipped, but its Pod may be there without our label": (
        replace(GONE, verdict="SkippedByPerson", asked_for_pod=False),
        PodUnseen(),
    ),
    "a person skipped it, and its Pod is gone": (
        replace(GONE, verdict="SkippedByPerson", node_ready=False),
        Stopped(),
    ),
    "its Pod is gone and nobody was asked": (GONE, ResultUnknown(last=False)),
    "another Pod hides nothing": (replace(GONE, pod=TWIN), ResultUnknown(last=False)),
    "an absent Job proves nothing": (
        replace(GONE, job=None, answer=NOTHING),
        PodLost(node_ready=True),
    ),
    "it has stored its result": (replace(GONE, answer=Lookup(RESULT)), ResultFound(RESULT)),
    "it has stored its result since": (
        replace(GONE_LONG, last_answer=Lookup(RESULT)),
        ResultFound(RESULT),
    ),
    "another Pod's result is not its own": (
        replace(GONE, answer=Lookup(FOREIGN)),
        PodLost(node_ready=True),
    ),
    "a result says nothing where no Pod was chosen": (
        Seen(HAS_TURN, GIVEN_UP, answer=Lookup(FOREIGN)),
        NeverRan(GIVEN_UP),
    ),
    "its Job was counted though no Pod was chosen": (
        Seen(HAS_TURN, COUNTED, by_exit_code=True),
        NeverRan(COUNTED),
    ),
    "its Job was counted, and the exit code decides": (
        Seen(AT_WORK, COUNTED, by_exit_code=True),
        CountedByJob(),
    ),
    "its Job was counted, and nobody was asked for which Pod": (
        Seen(AT_WORK, COUNTED, by_exit_code=True, replaced=None),
        CountUnproved(),
    ),
    "its Job has counted another Pod that our watch does not show": (
        Seen(AT_WORK, COUNTED, by_exit_code=True, replaced=True),
        PodLost(node_ready=True),
    ),
    "its Job was counted only after its Pod was missed": (
        Seen({**AT_WORK, "lostTime": T0}, COUNTED, by_exit_code=True),
        PodLost(node_ready=True),
    ),
    "its Job was counted after a verdict": (
        Seen(AT_WORK, COUNTED, verdict="TimedOut", by_exit_code=True),
        Stopped(),
    ),
    "its Job failed, and the exit code would decide": (
        Seen(AT_WORK, GIVEN_UP, by_exit_code=True),
        PodLost(node_ready=True),
    ),
    "its Job was counted, but without its mark nobody knows how it ended": (
        Seen(AT_WORK, COUNTED, answer=NOTHING),
        Vanished(),
    ),
    "its Job ended before its turn": (Seen(WAITS, GIVEN_UP), NeverRan(GIVEN_UP)),
    "its Job ended before its turn, after a verdict": (
        Seen(HAS_TURN, GIVEN_UP, verdict="StartDeadlineExceeded"),
        Stopped(),
    ),
    "it is missed since just now": (replace(GONE, answer=NOTHING), PodLost(node_ready=True)),
    "it is missed, and its node is away": (
        replace(GONE_LONG, node_ready=False),
        PodLost(node_ready=False),
    ),
    "it was to be stopped, and may live": (
        replace(GONE, verdict="TimedOut"),
        PodLost(node_ready=True),
    ),
    "it is missed long enough to ask once more": (GONE_LONG, ResultUnknown(last=True)),
    "it is missed long enough, and has left nothing": (
        replace(GONE_LONG, last_answer=NOTHING),
        Vanished(),
    ),
    "it was to be stopped, and has ended for certain": (
        replace(GONE_LONG, verdict="TimedOut", answer=None),
        Stopped(),
    ),
    # 5. to 8. Before it runs.
    "its Job is refused for good": (Seen(WAITS, refusal=INVALID), RefusedForGood(INVALID)),
    "a Job that is there is not refused": (Seen(WAITS, JOB, HELD, refusal=INVALID), Quiet()),
    "its Job is refused for now": (Seen(HAS_TURN, refusal=QUOTA), AwaitsPod(T0)),
    "a verdict is recorded, and nothing is there": (
        Seen(HAS_TURN, verdict="StartDeadlineExceeded"),
        Stopped(),
    ),
    "a verdict is recorded, and its held Pod goes": (
        Seen(HAS_TURN, JOB, HELD, "StartDeadlineExceeded"),
        AwaitsPod(T0),
    ),
    "its turn has come, and there is no Pod": (Seen(HAS_TURN, JOB), AwaitsPod(T0)),
    "it waits, and its Pod is held ready": (Seen(WAITS, JOB, HELD), Quiet()),
    "it waits": (Seen(WAITS), Quiet()),
}


@pytest.mark.parametrize(("seen", "situation"), CASES.values(), ids=CASES)
def test_the_first_that_applies_is_said(seen: Seen, situation: Situation) -> None:
    assert situation_of(seen.view(), T0) == situation


def test_every_situation_stands_in_the_table() -> None:
    named = {type(situation) for _, situation in CASES.values()}

    assert named == set(Situation.__args__)
