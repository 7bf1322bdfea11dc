"""Programs that are no pipelines tell of their work; people read of it."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from stagework.web.cluster import User
from tests.unit.web.fake_cluster import AUDIENCE, FakeCluster, controlled_by
from tests.unit.web.service import Answer, Service
from tests.unit.web.test_authentication import with_meta

JOBS = "/v1/jobs/team"


def post(service: Service, path: str, token: str, **body: Any) -> Answer:
    headers = {"Content-Type": "application/json"}
    return service.ask("POST", path, token, json.dumps(body).encode(), headers)


@pytest.fixture
def token(service: Service) -> str:
    """Of somebody who may tell of jobs, and read of them."""
    rights = ("create backgroundjobs", "list")
    return service.cluster.person("alice", *((right, "team") for right in rights))


def known(service: Service, token: str) -> list[dict[str, Any]]:
    return service.ask("GET", "/v1/jobs?namespace=team", token).json["jobs"]


def test_a_job_is_said_from_its_start_to_its_end(service: Service, token: str) -> None:
    begun = post(service, JOBS, token, kind="reindex", label="The index", total=100)
    assert begun.status == 201
    own = f"{JOBS}/{begun.json['id']}"
    assert post(service, f"{own}/heartbeat", token, processed=40).json["processed"] == 40
    (told,) = known(service, token)
    assert (told["kind"], told["label"], told["state"], told["processed"], told["total"]) == (
        "reindex",
        "The index",
        "running",
        40,
        100,
    )
    ended = post(service, f"{own}/finish", token, processed=100)
    assert (ended.status, ended.json["state"], ended.json["processed"]) == (200, "done", 100)
    assert ended.json["ended"] is not None


def test_one_with_an_error_has_failed(service: Service, token: str) -> None:
    post(service, JOBS, token, kind="backup", id="nightly")
    ended = post(service, f"{JOBS}/nightly/finish", token, error="disk full")
    assert (ended.json["state"], ended.json["error"]) == ("failed", "disk full")


def test_under_the_same_id_it_begins_anew(service: Service, token: str) -> None:
    for _ in range(2):
        post(service, JOBS, token, kind="backup", id="nightly")
        post(service, f"{JOBS}/nightly/finish", token)
    post(service, JOBS, token, kind="backup", id="nightly")
    assert [job["state"] for job in known(service, token)] == ["running"]


@pytest.mark.parametrize("verb", ["heartbeat", "finish"])
def test_nothing_is_taken_of_one_that_is_not_at_work(
    service: Service, token: str, verb: str
) -> None:
    assert post(service, f"{JOBS}/nightly/{verb}", token).status == 404
    post(service, JOBS, token, kind="backup", id="nightly")
    post(service, f"{JOBS}/nightly/finish", token)
    answer = post(service, f"{JOBS}/nightly/{verb}", token)
    assert (answer.status, answer.json["hint"]) == (404, "begin it: POST /v1/jobs")


BAD: dict[str, dict[str, Any]] = {
    "no kind": {},
    "an empty kind": {"kind": ""},
    "a kind too long": {"kind": "x" * 64},
    "an id with a slash": {"kind": "x", "id": "a/b"},
    "an empty id": {"kind": "x", "id": ""},
    "less than nothing": {"kind": "x", "total": -1},
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_job_is_refused(service: Service, token: str, what: str) -> None:
    answer = post(service, JOBS, token, **BAD[what])
    assert (answer.status, answer.json["status"]) == (400, 400)
    assert known(service, token) == []


def test_without_the_right_nothing_is_taken(service: Service) -> None:
    viewer = service.cluster.person("viewer", ("list", "team"), ("get", "team"))
    for path in (JOBS, f"{JOBS}/x/heartbeat", f"{JOBS}/x/finish"):
        answer = post(service, path, viewer, kind="x")
        assert answer.status == 403
        assert "may not create backgroundjobs.stagework.dev" in answer.json["error"]


def test_jobs_are_told_of_namespaces_that_one_may_list(service: Service, token: str) -> None:
    other = service.cluster.person("bob", ("create backgroundjobs", "other"), ("list", "other"))
    post(service, JOBS, token, kind="x", id="a")
    post(service, "/v1/jobs/other", other, kind="x", id="b")
    assert [j["id"] for j in service.ask("GET", "/v1/jobs", token).json["jobs"]] == ["a"]
    assert service.ask("GET", "/v1/jobs?namespace=other", token).status == 403


def program(cluster: FakeCluster, owner: str = "a CronJob's Job", **rights: str) -> str:
    """The token of a Pod that has nothing to do with a run."""
    run = cluster.run()
    token = cluster.stage_pod(run, "ocr", "pod-1", recorded=False)
    key = ("team", "ad-ocr-1")
    cluster.pods[key] = without_run(cluster.pods[key])
    if owner == "nobody":
        cluster.pods[key] = with_meta(cluster.pods[key], owner_references=())
    elif owner == "a ReplicaSet":
        replicas = controlled_by("ReplicaSet", "web", "rs-1", "apps/v1")
        cluster.pods[key] = with_meta(cluster.pods[key], owner_references=replicas)
    else:
        owners = controlled_by("CronJob", "nightly", "cj-1", "batch/v1")
        cluster.jobs[key] = with_meta(cluster.jobs[key], owner_references=owners)
    for verb, namespace in rights.items():
        cluster.rights.add((account(cluster, token), verb.replace("_", " "), namespace))
    return token


def account(cluster: FakeCluster, token: str) -> str:
    audience, user = cluster.tokens[token]
    assert audience == AUDIENCE
    assert isinstance(user, User)
    return user.name


def without_run(pod: Any) -> Any:
    """The same Pod, which does not say that it is a stage's."""
    (container,) = pod.spec.containers
    spec = replace(pod.spec, containers=(replace(container, env=()),))
    return replace(pod, spec=spec)


@pytest.mark.parametrize("owner", ["a CronJob's Job", "a ReplicaSet", "nobody"])
def test_a_program_in_a_pod_tells_of_its_jobs_as_its_account_may(
    service: Service, owner: str
) -> None:
    token = program(service.cluster, owner, create_backgroundjobs="team")
    assert post(service, JOBS, token, kind="backup", id="nightly").status == 201
    assert post(service, f"{JOBS}/nightly/finish", token).status == 200
    assert post(service, "/v1/jobs/other", token, kind="backup").status == 403


def test_and_it_may_do_nothing_else_whatever_its_account_may(service: Service) -> None:
    token = program(service.cluster, create_backgroundjobs="team", get="team", list="team")
    for method, path in (
        ("GET", "/v1/runs?namespace=team"),
        ("GET", "/v1/jobs?namespace=team"),
        ("GET", "/v1/failed"),
        ("GET", "/v1/runs/team/ad/artifacts"),
        ("GET", "/v1/artifacts/team/run-1/ocr/1-pod-1/"),
        ("GET", "/v1/input"),
        ("POST", "/v1/heartbeats"),
        ("POST", "/v1/facts"),
        ("PUT", "/v1/uploads/team/x"),
    ):
        body = b"{}" if method != "GET" else None
        headers = {"X-Content-SHA256": "0" * 64}
        headers["Content-Type"] = "application/json"
        assert service.ask(method, path, token, body, headers).status == 403, path


def test_a_pod_that_says_that_it_is_a_stages_is_no_program(service: Service) -> None:
    """Its account's rights are not the stage's, whatever becomes of its owners."""
    cluster = service.cluster
    token = cluster.stage_pod(cluster.run(), "ocr", "pod-1")
    key = ("team", "ad-ocr-1")
    cluster.jobs[key] = with_meta(cluster.jobs[key], owner_references=())
    cluster.rights.add((account(cluster, token), "create backgroundjobs", "team"))
    answer = post(service, JOBS, token, kind="x")
    assert (answer.status, "does not work for" in answer.json["error"]) == (403, True)


def test_a_stage_tells_of_no_background_jobs(service: Service) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    assert post(service, JOBS, token, kind="x").status == 403


def test_a_history_that_is_away_is_said(service: Service, token: str) -> None:
    service.history.away = True
    assert post(service, JOBS, token, kind="x").status == 503
