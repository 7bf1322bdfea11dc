"""Why does a stage whose turn has come not start, where only Events say it?

The Job controller says in an Event why it may not make a Pod (quota, Pod Security, webhook,
LimitRange), the kubelet why it cannot mount a volume. They are read once a stage has been starting
for a while, and now and then as long as it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.stage_status import StageStatus
from stagework.api.text import OVER_QUOTA
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.pod_wait import waits_since
from stagework.plans.pipelinejob.snapshot import CauseQuestion, CauseRead, Snapshot
from stagework.plans.plan import PlanBuilder

ASK_AFTER = timedelta(seconds=10)
"""In so long most stages have started."""
ASK_AGAIN = timedelta(seconds=30)
"""Between two questions about the same object."""
SHORT = timedelta(seconds=60)
"""So long after a quota has refused what is due nothing is made ahead in its namespace."""
_ON_ITS_WAY = frozenset({"Scheduling", "ContainerCreating", "PodInitializing"})
"""Words of a Pod that only say how far it is."""
_WITHOUT_POD = frozenset({names.WAIT_QUOTA, names.POD_REFUSED})


@dataclass(frozen=True)
class Causes:
    """What is known by Events, and what is to be asked."""

    snapshot: Snapshot
    builder: PlanBuilder
    now: datetime

    def of_no_pod(
        self, before: StageStatus, granted: StageStatus, objects: AttemptObjects
    ) -> StageStatus:
        """A stage at its turn for whose Job there is no Pod: why, as far as that is known.

        `before`: as it was. What was said stands until something else is known, while its Job is
        made anew, or its status would change with every try.
        """
        job = objects.job
        if granted.reason != names.WAIT_POD or objects.pod is not None:
            return granted
        read = None
        if job is not None and not job.metadata.leaving:
            read = self._read(job.metadata.uid, waits_since(granted, self.now))
        if read is not None and read.reason:
            return edits.refused(granted, _reason(read), read.message)
        if read is None and before.starting and before.reason in _WITHOUT_POD:
            return edits.refused(granted, before.reason, before.message)
        return granted

    def of_pod(self, pod: PodView, reason: str, since: datetime) -> CauseRead | None:
        """Why a Pod that is out gets no further, where it does not say so itself (`reason`)."""
        if reason not in _ON_ITS_WAY:
            return None
        read = self._read(pod.metadata.uid, since)
        return read if read is not None and read.reason else None

    def _read(self, uid: str, since: datetime) -> CauseRead | None:
        question = CauseQuestion(uid)
        read = self.snapshot.causes.get(question)
        due = since + ASK_AFTER if read is None else read.at + ASK_AGAIN
        if self.now >= due:
            self.builder.questions.append(question)
        else:
            self.builder.wake(due)
        return read


def _reason(read: CauseRead) -> str:
    return names.WAIT_QUOTA if OVER_QUOTA in read.message else names.POD_REFUSED


def over_quota(status: StageStatus) -> bool:
    """Whether a quota refuses what is due."""
    return status.starting and status.reason == names.WAIT_QUOTA
