"""Whoever may create Jobs, and nothing of ours, neither forges a stage nor reads what one keeps."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import namespace
from tests.support.cluster.api import Api
from tests.support.cluster.commands import Commands, Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, TOOLS_IMAGE, run_of, shell, wrapped
from tests.support.cluster.waiting import eventually, stage_is

MALLORY = "mallory@example.org"
LABELS = ("run-uid", "stage", "attempt", "pipelinejob")


@pytest.fixture(scope="module")
def elsewhere(api: Api, commands: Commands) -> Iterator[Space]:
    """Another namespace, in which mallory may make Jobs; as he may in that of the story."""
    with namespace("forgers-elsewhere", api, commands) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def victim(space: Space, elsewhere: Space) -> Document:
    """A run at work, whose first stage is done; and the rights of mallory."""
    for place in (space, elsewhere):
        place.kubectl(
            *("create", "role", "jobs", "--verb=create,get,list,patch,update,delete"),
            "--resource=jobs.batch",
        )
        place.kubectl("create", "rolebinding", "jobs", "--role=jobs", f"--user={MALLORY}")
        wait_for_right(place)
    keeping = wrapped("first", "mkdir -p out && echo mine > out/secret.txt")
    space.apply(run_of("victim", keeping, shell("second", HOLD)))
    return space.wait_for("victim", stage_is("second", state="Running"))


def wait_for_right(place: Space) -> None:
    """The role binding has its effect a moment later."""
    eventually(
        lambda: place.try_kubectl("auth", "can-i", "create", "jobs", user=MALLORY).ok,
        bool,
        seconds=30,
        otherwise=lambda: "the role binding has no effect",
    )


def forged(victim: Document, **owner: Any) -> Document:
    """A Job that says to be the second stage's."""
    meta = victim["metadata"]
    labels = dict(
        zip(
            (f"stagework.dev/{name}" for name in LABELS),
            (meta["uid"], "second", "1", meta["name"]),
            strict=True,
        )
    )
    reference = {"apiVersion": victim["apiVersion"], "kind": victim["kind"], "controller": True}
    container = {"name": "stage", "image": TOOLS_IMAGE, "command": ["sleep", "600"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "forged",
            "labels": labels,
            "ownerReferences": [{**reference, "name": meta["name"], "uid": meta["uid"], **owner}],
        },
        "spec": {
            "template": {
                "metadata": {"labels": labels},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            }
        },
    }


@pytest.mark.parametrize("where", ["the same namespace", "another namespace"])
@pytest.mark.parametrize("version", ["stagework.dev/v1alpha1", "bogus.example.org/v1"])
def test_a_forged_job_is_refused_and_disturbs_nothing(
    space: Space, elsewhere: Space, victim: Document, where: str, version: str
) -> None:
    place = space if where == "the same namespace" else elsewhere
    before = space.status_of("victim")

    answer = place.create(forged(victim, apiVersion=version), user=MALLORY)

    assert not answer.ok
    assert "only stagework's operator gives a Job" in answer.err
    assert space.status_of("victim") == before


def test_a_job_of_his_own_cannot_become_one(space: Space, victim: Document) -> None:
    own = forged(victim)
    own["metadata"] = {"name": "own"}
    own["spec"]["template"]["metadata"] = {}
    own["spec"]["suspend"] = True
    assert space.create(own, user=MALLORY).ok
    uid = victim["metadata"]["uid"]
    labelled = space.try_kubectl(
        "label", "job", "own", f"stagework.dev/run-uid={uid}", user=MALLORY
    )
    assert not labelled.ok
    assert "only stagework's operator gives a Job labels of its own" in labelled.err
    assert space.kubectl("label", "job", "own", "team=red", user=MALLORY)


def test_what_is_there_may_lose_its_labels_and_its_owner(space: Space) -> None:
    """Or the garbage collector would hang, and people could not mend anything."""
    space.apply(run_of("left", shell("one", HOLD)))
    space.wait_for_container("left", "one", "running")
    job = space.jobs_of("left")[0]["metadata"]["name"]
    space.kubectl("label", "job", job, "stagework.dev/title-", "seen=yes", user=MALLORY)
    space.kubectl("delete", "pj", "left", "--cascade=orphan")
    orphan = eventually(
        lambda: space.api.get(f"/apis/batch/v1/namespaces/{space.namespace}/jobs/{job}"),
        lambda document: "ownerReferences" not in document["metadata"],
        seconds=30,
        otherwise=lambda: "the garbage collector could not take the owner away",
    )
    assert orphan["metadata"]["name"] == job
    space.kubectl("delete", "job", job)
