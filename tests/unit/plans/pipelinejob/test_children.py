"""Which Job and Pod are those of a stage's current attempt?"""

import msgspec

from stagework.api.observed import JobView, PodView
from stagework.plans.pipelinejob.children import AttemptObjects, Children
from tests.support.builders import (
    RUN_UID,
    after,
    ended_job,
    make_job,
    make_pod,
    make_status,
    running,
    ungated,
)

JOB = make_job("a", 2)
POD = make_pod(JOB)


def _objects(
    *, pod: str = "", jobs: tuple[JobView, ...] = (), pods: tuple[PodView, ...] = ()
) -> AttemptObjects:
    return Children(RUN_UID, jobs, pods).of(make_status("a", attempt=2, pod=pod))


def test_the_job_of_the_attempt_and_its_pod_are_its_objects() -> None:
    assert _objects(jobs=(JOB,), pods=(POD,)) == AttemptObjects(JOB, POD)


def test_where_nothing_is_there_nothing_is_found() -> None:
    objects = _objects()

    assert objects == AttemptObjects()
    assert not objects.ungated


def test_other_attempts_stages_and_runs_do_not_count() -> None:
    others = (
        make_job("a", 1),
        make_job("b", 2),
        make_job("a", 2, uid="stranger", run_uid="another-run"),
    )

    assert _objects(jobs=others, pods=tuple(make_pod(job) for job in others)) == AttemptObjects()


def test_a_pod_with_forged_labels_does_not_count() -> None:
    """Only the chain of uids does: its Job is not one of the run's."""
    forged = make_pod(make_job("a", 2, uid="forged", run_uid="another-run"))

    assert _objects(jobs=(JOB,), pods=(forged,)) == AttemptObjects(JOB)


def test_the_recorded_pod_counts_even_when_its_job_is_gone() -> None:
    assert _objects(pod=POD.metadata.uid, pods=(POD,)) == AttemptObjects(None, POD)
    assert _objects(pods=(POD,)) == AttemptObjects()


def test_the_recorded_pod_counts_even_when_somebody_has_changed_its_labels() -> None:
    meta = msgspec.structs.replace(POD.metadata, labels={"stagework.dev/run-uid": RUN_UID})
    bare = msgspec.structs.replace(POD, metadata=meta)

    assert _objects(pod=POD.metadata.uid, jobs=(JOB,), pods=(bare,)) == AttemptObjects(JOB, bare)


def test_the_recorded_pod_wins_over_any_other() -> None:
    twin = ungated(make_pod(JOB, uid="twin", created=after(-60)))

    objects = _objects(pod=POD.metadata.uid, jobs=(JOB,), pods=(twin, POD))

    assert objects.pod is POD


def test_an_ungated_pod_wins_over_a_held_one_and_the_older_one_at_last() -> None:
    held = make_pod(JOB, uid="held", created=after(-60))
    late = ungated(make_pod(JOB, uid="late", created=after(9)))
    early = ungated(make_pod(JOB, uid="early", created=after(1)))

    assert _objects(jobs=(JOB,), pods=(held, late, early)).pod is early


def test_the_job_of_the_pod_wins_then_one_that_stays_then_the_newest() -> None:
    leaving = make_job("a", 2, uid="leaving", deleted=after(1), created=after(3))
    old = make_job("a", 2, uid="old", created=after(-9))
    ended = ended_job(make_job("a", 2, uid="ended", created=after(9)))
    new = make_job("a", 2, uid="new", created=after(5))

    assert _objects(jobs=(leaving, old, ended, new)).job is new
    assert _objects(jobs=(leaving, ended)).job is ended
    assert _objects(jobs=(new, old), pods=(make_pod(old),)).job is old


def test_an_attempt_says_whether_its_pod_is_out() -> None:
    out = AttemptObjects(make_job(deleted=after(1)), running(POD))

    assert out.ungated
    assert not AttemptObjects(JOB, POD).ungated
