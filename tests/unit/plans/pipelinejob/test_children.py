"""Which Job and Pod are those of an attempt? What they say of themselves proves nothing."""

from typing import Any

import msgspec
import pytest

from stagework.api.base import Metadata
from stagework.api.observed import JobView, OwnerReference, PodView
from stagework.api.stage_status import StageStatus
from stagework.plans.made import Made, MadeChildren
from stagework.plans.pipelinejob.children import AttemptObjects, Children, machine_of, with_own_job
from stagework.plans.plan import Purpose
from tests.support.builders import (
    NAMESPACE,
    RUN_NAME,
    RUN_UID,
    T0,
    after,
    make_job,
    make_pod,
    make_status,
    running,
    ungated,
)

_replace = msgspec.structs.replace
RUN = Metadata(name=RUN_NAME, namespace=NAMESPACE, uid=RUN_UID)
JOB = make_job("a", 2)
POD = make_pod(JOB)
OURS = make_status("a", attempt=2, job=JOB.metadata.name, jobUid=JOB.metadata.uid)
CLASSES = ("gpu", "macmini")


def _objects(
    status: StageStatus = OURS,
    *,
    jobs: tuple[JobView, ...] = (),
    pods: tuple[PodView, ...] = (),
) -> AttemptObjects:
    return Children(RUN, jobs, pods).of(status)


def _chosen(pod: str) -> StageStatus:
    return OURS.model_copy(update={"pod": pod})


def _but(job: JobView, **meta: Any) -> JobView:
    return _replace(job, metadata=_replace(job.metadata, **meta))


def _owned(job: JobView, **owner: Any) -> JobView:
    (reference,) = job.metadata.owner_references
    return _but(job, owner_references=(_replace(reference, **owner),))


def test_the_recorded_job_and_its_pod_are_its_objects() -> None:
    assert _objects(jobs=(JOB,), pods=(POD,)) == AttemptObjects(JOB, POD)


def test_where_nothing_is_there_nothing_is_found() -> None:
    objects = _objects()

    assert objects == AttemptObjects()
    assert not objects.ungated


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(_but(JOB, uid="forged"), id="uid"),
        pytest.param(_but(JOB, namespace="elsewhere"), id="namespace"),
        pytest.param(_owned(JOB, api_version="bogus/v1"), id="apiVersion of the owner"),
        pytest.param(_owned(JOB, kind="Pipeline"), id="kind of the owner"),
        pytest.param(_owned(JOB, name="another"), id="name of the owner"),
        pytest.param(_owned(JOB, uid="another-run"), id="uid of the owner"),
        pytest.param(_owned(JOB, controller=False), id="an owner that is no controller"),
        pytest.param(_but(JOB, owner_references=()), id="no owner"),
    ],
)
def test_a_job_that_differs_in_one_of_them_is_a_strangers(job: JobView) -> None:
    assert _objects(jobs=(job,)) == AttemptObjects()


def test_labels_are_of_no_account() -> None:
    assert _objects(jobs=(_but(JOB, labels={}),)).job is not None


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param({"uid": "forged"}, id="uid"),
        pytest.param({"name": "forged"}, id="name"),
        pytest.param({"kind": "ReplicaSet"}, id="kind"),
        pytest.param({"api_version": "bogus/v1"}, id="apiVersion"),
        pytest.param({"controller": False}, id="controller"),
    ],
)
def test_a_pod_counts_only_where_the_recorded_job_controls_it(owner: dict[str, Any]) -> None:
    (reference,) = POD.metadata.owner_references
    forged = _replace(reference, **owner)
    pod = _replace(POD, metadata=_replace(POD.metadata, owner_references=(forged,)))

    assert _objects(jobs=(JOB,), pods=(pod,)) == AttemptObjects(JOB)


def test_a_pod_of_another_namespace_does_not_count_even_with_a_recorded_uid() -> None:
    pod = _replace(POD, metadata=_replace(POD.metadata, namespace="elsewhere"))

    assert _objects(_chosen(POD.metadata.uid), pods=(pod,)) == AttemptObjects()


def test_the_chosen_pod_counts_even_when_its_job_is_gone_or_left_it_behind() -> None:
    orphan = _replace(POD, metadata=_replace(POD.metadata, owner_references=(), labels={}))

    assert _objects(_chosen(POD.metadata.uid), pods=(orphan,)) == AttemptObjects(None, orphan)


def test_beside_the_chosen_pod_no_other_counts() -> None:
    twin = ungated(make_pod(JOB, uid="twin", created=after(-60)))

    assert _objects(_chosen(POD.metadata.uid), jobs=(JOB,), pods=(twin, POD)).pod is POD
    assert _objects(_chosen("gone"), jobs=(JOB,), pods=(twin, POD)).pod is None


def test_a_pod_that_runs_is_seen_before_a_held_one_and_the_older_one_at_last() -> None:
    held = make_pod(JOB, uid="held", created=after(-60))
    late = ungated(make_pod(JOB, uid="late", created=after(9)))
    early = ungated(make_pod(JOB, uid="early", created=after(1)))

    assert _objects(jobs=(JOB,), pods=(held, late, early)).pod is early


def test_an_attempt_says_whether_its_pod_is_out() -> None:
    out = AttemptObjects(make_job(deleted=after(1)), running(POD))

    assert out.ungated
    assert not AttemptObjects(JOB, POD).ungated


# --- which Job is recorded ------------------------------------------------------------------------


def _made(job: JobView, uid: str, attempt: int = 2) -> Made:
    made = MadeChildren()
    made.note(job.metadata.name, Purpose("a", attempt), uid)
    return made.view()


UNKNOWN = make_status("a", attempt=2)


def test_the_answer_to_our_own_create_is_recorded() -> None:
    status = with_own_job(UNKNOWN, RUN, CLASSES, _made(JOB, "u1"), T0)

    assert (status.job, status.jobUid) == (JOB.metadata.name, "u1")


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Made(), id="nothing"),
        pytest.param(_made(JOB, "u1", attempt=1), id="another attempt's"),
        pytest.param(_made(make_job("a", 2, recreation=1), "u1"), id="another recreation's"),
        pytest.param(_made(make_job("a", 2, machine="macbook"), "u1"), id="of no class of its own"),
    ],
)
def test_what_was_made_for_something_else_is_not(made: Made) -> None:
    assert with_own_job(UNKNOWN, RUN, CLASSES, made, T0) is UNKNOWN


def test_a_job_that_was_made_anew_under_its_name_replaces_the_record() -> None:
    assert with_own_job(OURS, RUN, CLASSES, _made(JOB, "newer"), T0).jobUid == "newer"
    chosen = _chosen("p1")
    assert with_own_job(chosen, RUN, CLASSES, _made(JOB, "newer"), T0) is chosen
    committed = make_status(
        "a", "Succeeded", attempt=2, job="j", jobUid="u", commit={"attempt": 2, "pod": "p1"}
    )
    assert with_own_job(committed, RUN, CLASSES, _made(JOB, "older"), T0) is committed


@pytest.mark.parametrize(("seconds", "counts_anew"), [(9, False), (10, True)])
def test_a_job_that_is_made_long_after_its_turn_has_its_own_time_for_a_pod(
    seconds: int, *, counts_anew: bool
) -> None:
    refused = UNKNOWN.evolve(state="Stuck", reason="JobRefused", turnTime=T0)

    status = with_own_job(refused, RUN, CLASSES, _made(JOB, "u1"), after(seconds))

    assert status.recreatedTime == (after(seconds) if counts_anew else None)
    again = with_own_job(status, RUN, CLASSES, _made(JOB, "u1"), after(100))
    assert again.recreatedTime == status.recreatedTime, "it is no news any more"


def test_the_class_that_a_job_was_made_for_is_said_from_its_name() -> None:
    mini = make_job("a", 2, machine="macmini").metadata.name

    assert machine_of(UNKNOWN, RUN, mini, CLASSES) == "macmini"
    assert machine_of(UNKNOWN, RUN, "anything", CLASSES) == ""


# --- all that are ours ----------------------------------------------------------------------------


def _own(*jobs: JobView, status: StageStatus = OURS, made: Made | None = None) -> list[str]:
    children = Children(RUN, jobs, ())
    return [own.job.metadata.uid for own in children.own_jobs([status], made or Made())]


def test_jobs_of_earlier_attempts_are_known_by_their_names() -> None:
    old = make_job("a", 1, uid="old", recreation=3)

    (own,) = Children(RUN, (old,), ()).own_jobs([OURS], Made())

    assert (own.stage, own.attempt, own.recreation) == ("a", 1, 3)


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"stagework.dev/attempt": "2"}, id="another attempt"),
        pytest.param({"stagework.dev/attempt": "\u00b2"}, id="no number"),
        pytest.param({"stagework.dev/attempt": "9" * 30}, id="a huge number"),
        pytest.param({"stagework.dev/stage": "b"}, id="another stage"),
        pytest.param({"stagework.dev/machine": "macbook"}, id="another class"),
    ],
)
def test_labels_that_do_not_agree_with_the_name_make_no_job_ours(labels: dict[str, str]) -> None:
    old = make_job("a", 1, uid="old")

    assert _own(_but(old, labels={**old.metadata.labels, **labels})) == []


def test_a_forged_job_is_none_of_ours_whatever_it_says() -> None:
    assert _own(_but(make_job("a", 1), name="looks-like-it")) == []
    assert _own(_owned(make_job("a", 1), api_version="bogus/v1")) == []


def test_an_owner_without_a_uid_is_nobody() -> None:
    meta = _replace(JOB.metadata, owner_references=(OwnerReference(controller=True),))
    nobody = Metadata(namespace=NAMESPACE)

    assert Children(nobody, (_replace(JOB, metadata=meta),), ()).of(OURS) == AttemptObjects()
