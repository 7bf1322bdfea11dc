"""Nobody is answered without a proof, whatever the route."""

from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from stagework.api.observed import JobView, PodManifest, PodStatus
from stagework.artifacts.local import LocalStore
from stagework.web.app import create_app
from stagework.web.auth.authentication import OPEN_PATHS
from stagework.web.user import User
from tests.unit.web.fake_cluster import FakeCluster, controlled_by
from tests.unit.web.routes import OPENED, address_of, every_route
from tests.unit.web.service import Service, running, settings


def test_every_route_but_health_answers_401_without_a_token(
    service: Service, tmp_path: Path
) -> None:
    for method, pattern in every_route(tmp_path):
        answer = service.ask(method, address_of(pattern))
        assert answer.status == OPENED.get(pattern, 401), (method, pattern)
    assert {pattern for pattern in OPENED if "{" not in pattern} == OPEN_PATHS


def test_the_walk_sees_every_route_of_the_description(tmp_path: Path) -> None:
    walked = set(every_route(tmp_path))
    app = create_app(FakeCluster(), LocalStore(tmp_path, max_file_bytes=1), settings())
    described = {
        (method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item
    }
    plain = {(method, path.replace(":path", "")) for method, path in walked}
    assert described <= plain
    assert len(described) == 80
    assert ("GET", "/v1/openapi.json") in walked


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer nothing", "Basic abc", "bearer \t", "Bearer " + "x" * 20000],
    ids=["none", "scheme only", "empty", "unknown", "basic", "blank", "20,000 characters"],
)
def test_a_bad_authorization_header_is_401_with_a_hint(service: Service, header: str) -> None:
    answer = service.ask("GET", "/v1/input", headers={"Authorization": header})
    assert answer.status == 401
    assert set(answer.json) == {"title", "status", "detail", "error", "hint"}
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_for_another_audience_is_nobody(service: Service) -> None:
    service.cluster.tokens["foreign"] = ("https://kubernetes.default.svc", User("alice"))
    assert service.ask("GET", "/v1/runs/team/ad/artifacts", "foreign").status == 401


def test_the_token_may_come_in_our_own_header_through_the_service_proxy(service: Service) -> None:
    token = service.cluster.person("alice", ("get", "team"))
    service.cluster.run()
    answer = service.ask(
        "GET",
        "/v1/runs/team/ad/artifacts",
        headers={"X-Stagework-Authorization": f"Bearer {token}", "Authorization": "Bearer other"},
    )
    assert answer.status == 200


def test_identities_are_remembered_for_sixty_seconds(service: Service) -> None:
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", "pod-1")
    for _ in range(3):
        assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 204
    assert service.cluster.questions.count("token_review") == 1
    service.clock.now += 61
    assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 204
    assert service.cluster.questions.count("token_review") == 2


def test_a_flood_of_one_bad_token_asks_the_api_server_once(service: Service) -> None:
    for _ in range(5):
        assert service.ask("GET", "/v1/input", "bad").status == 401
    assert service.cluster.questions.count("token_review") == 1


V = TypeVar("V", PodManifest, JobView)


def with_meta(view: V, **fields: Any) -> V:
    """The same object with other metadata."""
    return replace(view, metadata=replace(view.metadata, **fields))


@pytest.mark.parametrize(
    "broken",
    [
        "gone",
        "other uid",
        "finished",
        "job gone",
        "job of another uid",
        "job of nobody",
        "job of a run of another group",
        "a ReplicaSet's",
        "a Job of another group",
    ],
)
def test_a_pod_is_known_only_by_the_whole_chain_of_uids(service: Service, broken: str) -> None:
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", "pod-1")
    key = ("team", "ad-ocr-1")
    pods, jobs = service.cluster.pods, service.cluster.jobs
    match broken:
        case "gone":
            del pods[key]
        case "other uid":
            pods[key] = with_meta(pods[key], uid="pod-2")
        case "finished":
            pods[key] = replace(pods[key], status=PodStatus(phase="Succeeded"))
        case "job gone":
            del jobs[key]
        case "job of another uid":
            jobs[key] = with_meta(jobs[key], uid="job-of-somebody")
        case "job of nobody":
            jobs[key] = with_meta(jobs[key], owner_references=())
        case "job of a run of another group":
            owners = controlled_by("PipelineJob", "ad", "run-1", "stagework.example/v1")
            jobs[key] = with_meta(jobs[key], owner_references=owners)
        case "a Job of another group":
            owners = controlled_by("Job", "ad-ocr-1", "job-of-pod-1", "batch.example/v1")
            pods[key] = with_meta(pods[key], owner_references=owners)
        case _:
            owners = controlled_by("ReplicaSet", "web", "rs-1", "apps/v1")
            pods[key] = with_meta(pods[key], owner_references=owners)
    answer = service.ask("POST", "/v1/heartbeats", token, b"{}")
    assert answer.status == 403
    assert answer.json["error"]


def test_without_an_api_server_callers_are_asked_to_come_again(service: Service) -> None:
    service.cluster.is_away = True
    answer = service.ask("GET", "/v1/input", "whoever")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert service.ask("GET", "/livez").status == 200
    assert service.ask("GET", "/readyz").status == 503


def test_the_description_of_the_api_loads_nothing_from_elsewhere(service: Service) -> None:
    token = service.cluster.person("alice")
    assert service.ask("GET", "/docs", token).status == 404
    assert service.ask("GET", "/redoc", token).status == 404
    described = service.ask("GET", "/v1/openapi.json", token)
    assert described.status == 200
    assert "/v1/input" in described.json["paths"]


def test_no_token_and_no_query_reaches_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="stagework")
    with running(tmp_path / "volume") as service:
        run = service.cluster.run()
        token = service.cluster.stage_pod(run, "ocr", "pod-1")
        service.ask("POST", "/v1/heartbeats?key=hunter2", token, b"{}")
        service.ask("GET", "/v1/input", "wrong-secret")
    text = " ".join(str(record.__dict__) for record in caplog.records)
    assert "team/run-1/ocr/1-pod-1" in text
    for secret in (token, "wrong-secret", "hunter2"):
        assert secret not in text
