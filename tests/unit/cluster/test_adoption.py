"""Only a Job that is all as we would have made it is taken for ours."""

import copy
from typing import Any

import orjson
import pytest

from stagework.api.resources import JOBS
from stagework.cluster import adoption
from stagework.plans.plan import Create, Purpose

MANIFEST: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "ours", "labels": {"a": "b"}},
    "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}},
}


def _stored(uid: str, name: str, **spec: Any) -> dict[str, Any]:
    """As the API server answers: with defaults, and what it makes of uid and name."""
    own = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template: dict[str, Any] = {
        "metadata": {"creationTimestamp": None, "labels": {"a": "b", **own}},
        "spec": {"containers": [], "dnsPolicy": "ClusterFirst"},
    }
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    return {
        "metadata": {"name": name, "uid": uid},
        "spec": {"suspend": False, "selector": selector, "template": template, **spec},
    }


TRIED = orjson.dumps(_stored("u2", "compared"))


def test_what_differs_by_its_name_and_uid_alone_is_the_same() -> None:
    assert adoption.is_same(orjson.dumps(_stored("u1", "ours")), TRIED)


def _other_command(job: dict[str, Any]) -> None:
    job["spec"]["template"]["spec"]["containers"] = [{"name": "stage", "command": ["sh"]}]


def _other_annotation(job: dict[str, Any]) -> None:
    job["spec"]["template"]["metadata"]["annotations"] = {"stagework.dev/params": "{}"}


def _other_label(job: dict[str, Any]) -> None:
    job["spec"]["template"]["metadata"]["labels"]["a"] = "c"


def _suspended(job: dict[str, Any]) -> None:
    job["spec"]["suspend"] = True


def _own_selector(job: dict[str, Any]) -> None:
    job["spec"] |= {"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}


def _no_template(job: dict[str, Any]) -> None:
    job["spec"]["template"] = None


@pytest.mark.parametrize(
    "change",
    [_other_command, _other_annotation, _other_label, _suspended, _own_selector, _no_template],
)
def test_what_differs_in_anything_else_is_not(change: Any) -> None:
    job = copy.deepcopy(_stored("u1", "ours"))
    change(job)

    assert not adoption.is_same(orjson.dumps(job), TRIED)


def test_the_dry_run_asks_for_all_that_the_create_did_but_its_name() -> None:
    create = Create(JOBS, "ours", MANIFEST, Purpose("a", 1))

    body = orjson.loads(adoption.dry_run(create))

    assert body["metadata"].pop("generateName")
    assert body == {**MANIFEST, "metadata": {"labels": {"a": "b"}}}


@pytest.mark.parametrize(
    ("labels", "good"),
    [({"a": "b"}, True), ({"a": "b", "x": "y"}, True), ({"a": "c"}, False), ({}, False)],
)
def test_one_that_has_lost_its_labels_would_never_be_seen_again(
    labels: dict[str, str], *, good: bool
) -> None:
    action = Create(JOBS, "ours", MANIFEST, Purpose("a", 1))

    assert adoption.has_labels(labels, action) is good
