"""Pods that are there though our watch does not show them: somebody took a label off.

They are read live now and then, and their stages go on as ever. What was read is believed a little
longer than until the next read is due, so that a slow answer changes nothing; no longer, for the
watch may have shown the Pod again meanwhile, and its end.
"""

from datetime import datetime, timedelta

from stagework.api.observed import PodView
from stagework.api.stage_status import States
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.pipelinejob.stage_view import StageView, pod_question
from stagework.plans.plan import PlanBuilder

READ_AGAIN = timedelta(seconds=10)
"""A Pod that is not watched is read this often."""
BELIEVED = timedelta(seconds=30)
"""So long a Pod that was read is taken to be there."""


def unwatched_pods(snapshot: Snapshot, states: States, now: datetime) -> tuple[PodView, ...]:
    """Recorded Pods of stages that have not ended, as they were last read."""
    if not snapshot.reads:
        return ()
    shown = {pod.metadata.uid for pod in snapshot.pods}
    missed = [s for s in states.values() if s.pod and not s.ended and s.pod not in shown]
    reads = (snapshot.reads.get(pod_question(status)) for status in missed)
    return tuple(
        read.pod
        for read in reads
        if read is not None and read.pod is not None and now < read.at + BELIEVED
    )


def read_again(view: StageView, builder: PlanBuilder, now: datetime) -> None:
    """See to it that a Pod that was read live is read again in time."""
    read, pod = view.read, view.objects.pod
    if read is None or pod is None or read.pod is not pod:
        return
    if now < read.at + READ_AGAIN:
        builder.wake(read.at + READ_AGAIN)
    else:
        builder.questions.append(pod_question(view.status))
