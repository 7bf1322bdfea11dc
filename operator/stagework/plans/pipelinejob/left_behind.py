"""What was left behind held by our gate, and will never have a turn?

`kubectl delete --cascade=orphan` takes the owner off the Jobs of a run, or off the Pods of a Job,
and leaves them. One that runs was left to go on, and does. One that is held by our gate waits for a
turn that nobody gives any more, and counts in quotas for ever.

Removed is only what (1) is in a namespace that we watch, and carries our label with a run's uid; a
Pod also where somebody has taken that label off; (2) has no controller: nobody's work is ended with
it; (3) is held by our gate, or is a Job that has none but such Pods; (4) is of a run that is gone,
or, a Pod, is not named by the status of any run. What a stranger may lose by it is an object of his
own with our gate: one that could never have run, for nobody but us removes the gate.

A Pod that was out when its run was removed without it, and that cannot start, would hold its slot
for ever: it is ended where this process knows that it is ours.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from stagework.api import names
from stagework.api.observed import JobView, ObjectMeta, PodView
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.policies.pod_progress import Hindered, Hopeless, progress

NamesPod = Callable[[str, str, str], bool | None]
"""Of a namespace, a run's uid and a Pod's uid: whether the run's status names the Pod; None: there
is no such run. Of a Pod without our label the run's uid is empty: whether any status names it."""
HoldsSlot = Callable[[str, str, str], bool]
"""Likewise: whether it is known that the Pod holds a slot, and its run has gone."""


def left_behind(
    jobs: Iterable[JobView], pods: Iterable[PodView], names_pod: NamesPod
) -> Iterator[ObjectRef]:
    """Jobs and Pods to be removed if that is still so a while later, as they are now."""
    by_controller: dict[str, list[PodView]] = defaultdict(list)
    for pod in pods:
        by_controller[pod.metadata.controller_uid].append(pod)
    for job in jobs:
        meta = job.metadata
        if not _is_nobodys(meta) or job.ended or names_pod(*_run_of(meta), "") is not None:
            continue
        if all(pod.held_by(names.SCHEDULING_GATE) for pod in by_controller[meta.uid]):
            yield ObjectRef(JOBS, meta.namespace, meta.name, meta.uid, meta.resourceVersion)
    for pod in by_controller[""]:
        meta = pod.metadata
        held = pod.held_by(names.SCHEDULING_GATE)
        if _is_nobodys(meta) and held and not names_pod(*_run_of(meta), meta.uid):
            yield ObjectRef(PODS, meta.namespace, meta.name, meta.uid, meta.resourceVersion)


def cannot_start(pods: Iterable[PodView], is_held: HoldsSlot) -> Iterator[ObjectRef]:
    """Pods of runs that are gone, to be ended if they can still not start a while later."""
    for pod in pods:
        meta = pod.metadata
        gated = pod.held_by(names.SCHEDULING_GATE)
        if gated or meta.leaving or pod.finished or not is_held(*_run_of(meta), meta.uid):
            continue
        if isinstance(progress(pod), Hindered | Hopeless):
            yield ObjectRef(PODS, meta.namespace, meta.name, meta.uid)


def goes_with_its_run(
    run_uid: str, jobs: Iterable[JobView], pods: Iterable[PodView], stop_seconds: int
) -> Iterator[ObjectRef]:
    """Pods that the garbage collector will end, since their run has gone: with the grace for
    outputs that nobody wants.

    Whoever asks first says how long: kubelets do not heed a shorter grace that is given later.
    """
    of_run = {job.metadata.uid for job in jobs if job.metadata.controller_uid == run_uid}
    for pod in pods:
        meta = pod.metadata
        is_long = pod.spec.termination_grace_period_seconds > stop_seconds
        if meta.controller_uid in of_run and is_long and not (meta.leaving or pod.finished):
            yield ObjectRef(PODS, meta.namespace, meta.name, meta.uid)


def _is_nobodys(meta: ObjectMeta) -> bool:
    return meta.controller is None and not meta.leaving


def _run_of(meta: ObjectMeta) -> tuple[str, str]:
    return meta.namespace, meta.labels.get(names.LABEL_RUN_UID, "")
