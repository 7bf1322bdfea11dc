"""The engine trusts no child by what it says, also where no admission policy keeps forgers away.

The policies are not bound in the namespaces of these stories: some clusters are run without them,
and the rules of the engine hold alone.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import namespace
from tests.e2e.test_forgers import MALLORY, forged, wait_for_right
from tests.support.cluster.api import Api
from tests.support.cluster.commands import Commands, Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell
from tests.support.cluster.waiting import eventually, stage_is, summary
from tests.support.recorded import stages_of

BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
SIGN_INS = "stagework-signins"
STEP = "sleep 5"


@pytest.fixture(scope="module", autouse=True)
def unguarded(commands: Commands, space: Space, elsewhere: Space) -> Iterator[None]:
    """No policy is bound in these namespaces; afterwards the bindings are as they were."""
    listed = commands.must("get", BINDINGS, "-l", "app.kubernetes.io/name=stagework", "-o", "json")
    names = [binding["metadata"]["name"] for binding in json.loads(listed.out)["items"]]
    names.remove(SIGN_INS)  # without it nobody is given a ticket, in no namespace
    assert names, "the release has its policies bound"
    here = [space.namespace, elsewhere.namespace]
    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": here}
    _bind(commands, names, {"namespaceSelector": {"matchExpressions": [others]}})
    try:
        yield
    finally:
        _bind(commands, names, None)


def _bind(commands: Commands, names: list[str], where: Document | None) -> None:
    patch = json.dumps({"spec": {"matchResources": where}})
    commands.must("patch", BINDINGS, *names, "--type=merge", "-p", patch)


@pytest.fixture(scope="module")
def elsewhere(api: Api, commands: Commands) -> Iterator[Space]:
    """Another namespace, in which mallory may make Jobs; as he may in that of the story."""
    with namespace("strangers-elsewhere", api, commands) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def rights(space: Space, elsewhere: Space) -> None:
    """Mallory may make Jobs, and nothing of ours."""
    for place in (space, elsewhere):
        place.kubectl(
            *("create", "role", "jobs", "--verb=create,get,list"), "--resource=jobs.batch"
        )
        place.kubectl("create", "rolebinding", "jobs", "--role=jobs", f"--user={MALLORY}")
        wait_for_right(place)


def _forge(place: Space, victim: Document, **owner: Any) -> str:
    """Once the policies' absence has its effect; answers the forged Job's uid."""
    job = forged(victim, **owner)
    job["metadata"]["name"] = f"forged-{victim['metadata']['name']}"
    made = eventually(
        lambda: place.create(job, user=MALLORY),
        lambda answer: answer.ok,
        seconds=60,
        otherwise=lambda: "the policies are still in force",
    )
    return json.loads(made.out)["metadata"]["uid"]


def _uids(place: Space) -> set[str]:
    jobs = place.api.items(f"/apis/batch/v1/namespaces/{place.namespace}/jobs")
    return {job["metadata"]["uid"] for job in jobs}


@pytest.mark.parametrize("where", ["same", "elsewhere"])
@pytest.mark.parametrize("version", ["stagework.dev/v1alpha1", "bogus.example.org/v1"])
def test_a_forged_job_changes_nothing_and_is_left_alone(
    space: Space, elsewhere: Space, where: str, version: str
) -> None:
    name = f"{where}-{version.partition('.')[0]}"
    space.apply(run_of(name, shell("first", STEP), shell("second", STEP)))
    victim = space.wait_for(name, stage_is("first", state="Running"))
    place = space if where == "same" else elsewhere
    uid = _forge(place, victim, apiVersion=version)

    space.wait_for_end(name, "Completed")

    stages = stages_of(space.run(name))
    assert [stage.get("attempt", 1) for stage in stages] == [1, 1]
    own = {job["metadata"]["uid"] for job in space.jobs_of(name)} - {uid}
    assert {stage["jobUid"] for stage in stages} <= own
    if where == "same" or not version.startswith("stagework"):
        # An owner that is not in its namespace is none: the garbage collector's business.
        assert uid in _uids(place)


def test_a_gate_that_somebody_else_removes_gives_no_turn(space: Space) -> None:
    space.apply(run_of("ungated", shell("first", "sleep 20"), shell("second", STEP)))
    space.wait_for("ungated", stage_is("first", state="Running"))
    pod = eventually(
        lambda: space.pods_of("ungated", "second"),
        bool,
        seconds=60,
        otherwise=lambda: "no Pod is held ahead of its turn",
    )[0]
    patch = {"spec": {"schedulingGates": [{"$patch": "delete", "name": "stagework.dev/turn"}]}}
    space.kubectl("patch", "pod", pod["metadata"]["name"], "-p", json.dumps(patch))
    space.wait_for("ungated", stage_is("second", reason="GateRemovedByOthers"))

    space.wait_for_end("ungated", "Completed")

    assert space.stage_of("ungated", "second")["commit"]["pod"] != pod["metadata"]["uid"]


def test_a_pod_whose_job_was_orphaned_goes_on_and_is_not_doubled(space: Space) -> None:
    space.apply(run_of("orphaned", shell("only", "sleep 20")))
    space.wait_for_container("orphaned", "only", "running")
    pod = space.pod_of("orphaned", "only")["metadata"]["uid"]
    job = space.jobs_of("orphaned")[0]["metadata"]["name"]
    space.kubectl("delete", "job", job, "--cascade=orphan")

    space.wait_for_end("orphaned", "Completed")

    assert space.stage_of("orphaned", "only")["commit"]["pod"] == pod
    assert len(space.pods_of("orphaned", "only")) == 1


def test_nothing_stays_gated_where_a_run_is_deleted_and_its_jobs_are_left(space: Space) -> None:
    space.apply(run_of("left", shell("first", HOLD), shell("second", STEP)))
    space.wait_for_container("left", "first", "running")
    uid = space.run("left")["metadata"]["uid"]
    eventually(
        lambda: space.pods_of_uid(uid, "second"),
        bool,
        seconds=60,
        otherwise=lambda: "no Pod is held ahead of its turn",
    )
    space.kubectl("delete", "pj", "left", "--cascade=orphan")
    eventually(
        lambda: space.pods_of_uid(uid, "second"),
        lambda pods: not pods,
        seconds=240,
        otherwise=lambda: "a Pod is held for ever",
    )
    (running,) = space.pods_of_uid(uid, "first")
    assert "deletionTimestamp" not in running["metadata"], "what ran was left to go on"
    space.kubectl("delete", "jobs", "-l", "stagework.dev/pipelinejob=left")


def test_stages_that_somebody_put_into_a_revision_are_not_run(space: Space) -> None:
    meta = {"apiVersion": "stagework.dev/v1alpha1"}
    pipeline, run = {"name": "kept"}, {"name": "kept-1"}
    stages = [shell("only", STEP)]
    space.apply(
        {**meta, "kind": "Pipeline", "metadata": pipeline, "spec": {"stages": stages}},
        {**meta, "kind": "PipelineJob", "metadata": run, "spec": {"pipelineRef": pipeline}},
    )
    space.wait_for_end("kept-1", "Completed")
    name = space.status_of("kept-1")["pipelineRevision"]
    space.kubectl("delete", "pj", "kept-1")
    revision = json.loads(space.kubectl("get", "controllerrevision", name, "-o", "json").out)
    space.kubectl("delete", "controllerrevision", name)
    # Without what has no value: kubectl takes no null there.
    revision["data"] = {key: value for key, value in revision["data"].items() if value}
    revision["data"]["stages"][0]["command"] = ["sh", "-c", "echo forged"]
    # Another run, so that the operator has to read it; the one kept in memory is the true one.
    other = name.rpartition("-")[0] + "-" + "0" * 32
    space.apply({**revision, "metadata": {"name": other}})
    space.apply(
        {
            "apiVersion": "stagework.dev/v1alpha1",
            "kind": "PipelineJob",
            "metadata": {"name": "kept-2"},
            "spec": {"pipelineRef": {"name": "kept"}, "suspend": True},
        }
    )
    space.wait_for("kept-2", summary("Suspended"))
    patch = {"status": {"pipelineRevision": other}}
    space.kubectl(
        *("patch", "pj", "kept-2", "--subresource=status", "--type=merge", "-p", json.dumps(patch))
    )
    space.wait_for("kept-2", summary("RevisionLost"))
    assert not space.jobs_of("kept-2")
