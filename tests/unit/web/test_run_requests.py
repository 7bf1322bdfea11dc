"""Stop and approval of a run by HTTP: what would come of it, and one Intervention."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stagework.api import names
from stagework.api.intervention import REQUESTER_LETTERS
from stagework.api.pipelinejob import PipelineJob
from tests.support.builders.runs import make_stage
from tests.support.builders.written_runs import run_of, stage
from tests.unit.web.service import Answer, Service, running

ASKING = tuple((right, "team") for right in ("get", "create interventions", "stop", "approve"))
STAGES = ("extract", "embed", "publish")


def run(*, ended: bool = False) -> PipelineJob:
    """Extract is done, embed is at work, publish waits for approval."""
    at_work = stage("embed", "Succeeded" if ended else "Running", start=1)
    return run_of(
        stage("extract", "Succeeded", start=1, end=9),
        at_work,
        stage("publish", "Skipped" if ended else "Waiting", reason=names.WAIT_APPROVAL),
        name="ad",
        uid="uid-ad",
        namespace="team",
        pipeline="report",
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path) as service:
        shown = run()
        status = shown.status.model_copy(update={"pipelineRevision": "report-1"})
        service.cluster.queue.runs = [shown.model_copy(update={"status": status})]
        stages = tuple(make_stage(name, dependsOn=[]) for name in STAGES)
        service.cluster.queue.revisions["team", "report-1"] = stages
        yield service


@pytest.fixture
def ann(service: Service) -> str:
    """Token of somebody who may stop and approve in `team`."""
    return service.cluster.person("ann", *ASKING)


def post(service: Service, what: str, token: str, body: Any = None) -> Answer:
    kind = {"Content-Type": "application/json"}
    content = json.dumps(body or {}).encode()
    return service.ask("POST", f"/v1/runs/team/{what}", token, content, kind)


def test_a_stop_is_previewed_without_a_write(service: Service, ann: str) -> None:
    told = post(service, "ad/stop?dry_run=true", ann).json

    assert told["affected"] == ["embed", "publish"]
    assert told["running"] == ["embed"]
    assert (told["kept"], told["end"], told["refused"]) == (1, names.STOPPED, [])
    assert told["intervention"] == ""
    assert service.cluster.queue.made == []


def test_a_stop_is_one_intervention_in_the_persons_name(service: Service, ann: str) -> None:
    told = post(service, "ad/stop", ann, {"reason": "wrong prompt"}).json

    (made,) = service.cluster.queue.made
    assert told["intervention"] == "made-1"
    assert made["spec"]["verb"] == "Stop"
    assert made["spec"]["target"] == {"kind": "PipelineJob", "name": "ad", "uid": "uid-ad"}
    assert (made["spec"]["reason"], made["spec"]["requestedBy"]) == ("wrong prompt", "ann")


@pytest.mark.parametrize("asked", ["stop", "approve"])
def test_who_asks_is_named_in_full_also_by_a_long_name(service: Service, asked: str) -> None:
    name = "https://login.example.org/" + "x" * 103
    assert len(name) == 129
    post(service, f"ad/{asked}", service.cluster.person(name, *ASKING))

    (made,) = service.cluster.queue.made
    assert made["spec"]["requestedBy"] == name


@pytest.mark.parametrize("asked", ["stop", "approve"])
def test_a_name_without_room_is_refused_and_nothing_is_written(
    service: Service, asked: str
) -> None:
    long = service.cluster.person("x" * (REQUESTER_LETTERS + 1), *ASKING)

    assert post(service, f"ad/{asked}", long).status == 403
    assert service.cluster.queue.made == []


def test_an_approval_lets_the_stage_start_that_waits_for_it(service: Service, ann: str) -> None:
    told = post(service, "ad/approve", ann).json

    (made,) = service.cluster.queue.made
    assert (told["affected"], told["running"], told["not_run"]) == (["publish"], [], [])
    assert made["spec"]["verb"] == "Approve"


def test_what_waits_for_nobody_is_refused_and_nothing_is_written(
    service: Service, ann: str
) -> None:
    told = post(service, "ad/approve", ann, {"stages": ["embed"]}).json

    assert told["affected"] == []
    assert [(one["id"], one["reason"]) for one in told["refused"]] == [
        ("embed", "NotAwaitingApproval")
    ]
    assert service.cluster.queue.made == []


@pytest.mark.parametrize(("missing", "said"), [("stop", "stop pipelinejobs"), ("get", "get")])
def test_without_a_right_nothing_is_said_of_the_run(
    service: Service, missing: str, said: str
) -> None:
    rights = [right for right in ASKING if right[0] != missing]
    answer = post(service, "ad/stop?dry_run=true", service.cluster.person("bob", *rights))

    assert answer.status == 403
    assert f"you may not {said}" in answer.json["detail"]
    assert service.cluster.queue.made == []


def test_a_run_that_is_not_there_is_404_and_a_pod_may_ask_for_nothing(
    service: Service, ann: str
) -> None:
    pod = service.cluster.stage_pod(service.cluster.run(), "embed", "pod-1")
    assert post(service, "none/stop", ann).status == 404
    assert post(service, "ad/stop", pod).status == 403


def test_what_the_cluster_does_not_take_is_said_in_its_words(service: Service, ann: str) -> None:
    service.cluster.queue.refusal = "a policy says no"
    answer = post(service, "ad/stop", ann)

    assert answer.status == 400
    assert answer.json["detail"] == "the cluster does not take it: a policy says no"
