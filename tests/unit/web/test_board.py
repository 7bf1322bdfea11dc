"""The board's page and what only it asks for: its files, previews, who asks, a run as a page."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.web.routes.board import POLICY
from tests.support.builders.runs import make_stage
from tests.support.builders.written_runs import run_of, stage
from tests.unit.web.service import Service, running

MAY_ALL = [("list", "team"), ("get", "team"), ("create interventions", "team"), ("retry", "team")]
FAILED = "uid-bad/extract/3"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "index.html").write_text("<title>board</title>")
    (bundle / "board-1.js").write_text("draw()" * 100)
    (bundle / "notes.map").write_text("no type of a page")
    with running(tmp_path, bundle=bundle) as service:
        yield service


def failed(name: str = "bad", *, revision: str = "pipe-1") -> PipelineJob:
    run = run_of(
        stage("fetch", "Succeeded", start=0, end=9),
        stage("extract", "Failed", reason=names.EXIT_CODE, message="no font", attempt=3, end=40),
        stage("embed", "NotRun", reason=names.UPSTREAM_FAILED),
        name=name,
        uid=f"uid-{name}",
        namespace="team",
        summary=names.STAGE_FAILED,
    )
    status = run.status.model_copy(update={"pipelineRevision": revision})
    return run.model_copy(update={"status": status})


@pytest.fixture
def person(service: Service) -> str:
    queue = service.cluster.queue
    queue.runs = [failed()]
    stages = tuple(make_stage(name) for name in ("fetch", "extract", "embed"))
    queue.revisions = {("team", "pipe-1"): stages}
    return service.cluster.person("ann", *MAY_ALL)


def posted(service: Service, token: str, path: str, **body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    answer = service.ask("POST", path, token, json.dumps(body).encode(), headers)
    assert answer.status == 200, answer.body
    return answer.json


# --- its files


def test_the_page_needs_no_proof_and_loads_nothing_from_elsewhere(service: Service) -> None:
    page = service.ask("GET", "/board/")

    assert (page.status, page.body) == (200, b"<title>board</title>")
    assert page.headers["content-security-policy"] == POLICY
    assert "http" not in POLICY
    assert "unsafe" not in POLICY
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"


def test_without_its_slash_the_page_is_moved_relative_to_wherever_it_is(service: Service) -> None:
    assert service.ask("GET", "/board").headers["location"] == "board/"


def test_files_are_sent_compressed_to_who_takes_that_and_kept_for_ever(service: Service) -> None:
    plain = service.ask("GET", "/board/assets/board-1.js")
    packed = service.ask(
        "GET", "/board/assets/board-1.js", headers={"Accept-Encoding": "br, gzip;q=0.8"}
    )

    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in plain.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("name", ["nothing.js", "notes.map", "..%2f..%2fsettings.yaml"])
def test_nothing_else_is_served(service: Service, name: str) -> None:
    assert service.ask("GET", f"/board/assets/{name}").status == 404


def test_a_service_without_a_bundle_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        answer = service.ask("GET", "/board/")
    assert answer.status == 404
    assert answer.json["hint"] == "build its image by `make images`"


# --- previews


def test_a_retry_is_foreseen_by_the_code_that_does_it_and_nothing_is_written(
    service: Service, person: str
) -> None:
    seen = posted(service, person, "/v1/failed/retry/preview", ids=[FAILED])

    assert seen["refused"] == []
    (effect,) = seen["effects"]
    assert (effect["id"], effect["stage"], effect["next_attempt"]) == (FAILED, "extract", 4)
    assert effect["waits_again"] == ["embed"]
    assert (effect["kept"], effect["end"]) == (1, "Completed")
    assert service.cluster.queue.made == []


def test_a_skip_says_what_stays_not_run(service: Service, person: str) -> None:
    service.cluster.person("ann", ("skip", "team"))
    (effect,) = posted(service, person, "/v1/failed/skip/preview", ids=[FAILED])["effects"]

    assert effect["not_run"] == ["embed"]
    assert effect["waits_again"] == []
    assert effect["end"] == "CompletedWithSkips"


def test_a_preview_refuses_what_the_act_would_refuse(service: Service, person: str) -> None:
    ids = ["uid-bad/extract/2", FAILED]
    seen = posted(service, person, "/v1/failed/retry/preview", ids=ids)
    skip = posted(service, person, "/v1/failed/skip/preview", ids=[FAILED])

    assert [one["reason"] for one in seen["refused"]] == ["StaleAttempt"]
    assert [one["id"] for one in seen["effects"]] == [FAILED]
    assert [one["reason"] for one in skip["refused"]] == ["NotAllowed"]


def test_of_a_run_whose_revision_is_lost_no_end_is_foreseen(service: Service, person: str) -> None:
    service.cluster.queue.runs = [failed(revision="gone")]
    seen = posted(service, person, "/v1/failed/retry/preview", ids=[FAILED])
    assert [effect["end"] for effect in seen["effects"]] == [""]


# --- who asks


def test_me_says_what_may_be_asked_for_where(service: Service, person: str) -> None:
    me = service.ask("GET", "/v1/me?namespace=team&namespace=other", person).json

    assert me["user"] == "ann"
    assert me["rights"] == [
        {"namespace": "team", "verbs": ["Retry"], "schedule_verbs": [], "batch_verbs": []},
        {"namespace": "other", "verbs": [], "schedule_verbs": [], "batch_verbs": []},
    ]


def test_me_says_what_may_be_asked_of_schedules(service: Service) -> None:
    def verbs(who: str, *rights: str) -> list[str]:
        token = service.cluster.person(who, *((right, "team") for right in rights))
        me = service.ask("GET", "/v1/me?namespace=team", token).json
        return me["rights"][0]["schedule_verbs"]

    assert verbs("bob", "patch scheduledjobs", "runnow scheduledjobs") == ["Suspend"]
    assert verbs("eve", "create interventions", "runnow scheduledjobs") == ["RunNow"]


# --- a run


def test_a_run_is_told_with_its_graph_and_its_next_steps(service: Service, person: str) -> None:
    page = service.ask("GET", "/v1/runs/team/bad", person).json

    assert page["row"]["status"] == "StageFailed"
    assert [node["column"] for node in page["stages"]] == [0, 1, 2]
    extract = page["stages"][1]
    assert extract["depends_on"] == ["fetch"]
    assert (extract["failed_id"], extract["max_attempts"]) == (FAILED, 3)
    assert extract["step"]["command"] == "stagework logs bad extract -n team"


def test_a_run_that_is_not_there_is_looked_for_in_history(service: Service, person: str) -> None:
    answer = service.ask("GET", "/v1/runs/team/gone", person)
    assert answer.status == 404
    assert "/v1/runs?namespace=team&name=gone" in answer.json["hint"]


def test_a_run_of_others_is_not_shown(service: Service, person: str) -> None:
    assert service.ask("GET", "/v1/runs/secret/bad", person).status == 403


def test_a_run_that_has_not_changed_is_not_sent_again(service: Service, person: str) -> None:
    first = service.ask("GET", "/v1/runs/team/bad", person)
    etag = {"If-None-Match": first.headers["etag"]}
    assert service.ask("GET", "/v1/runs/team/bad", person, headers=etag).status == 304


def test_me_says_what_may_be_asked_of_batches(service: Service) -> None:
    rights = [(right, "team") for right in ("create interventions", "reprocess batches")]
    me = service.ask("GET", "/v1/me?namespace=team", service.cluster.person("eve", *rights)).json
    assert me["rights"][0]["batch_verbs"] == ["Reprocess"]
