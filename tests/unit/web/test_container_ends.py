"""How the container of a stage ended: told to the Pod's own helper, as the kubelet has reported."""

import hashlib

import pytest

from tests.unit.web.fake_cluster import delete_stage_pod, end_stage
from tests.unit.web.service import Service

MINE = "team/run-1/ocr/1-pod-1"
ASKED = "/v1/container-end"


@pytest.fixture
def token(service: Service) -> str:
    """A stage Pod's token."""
    return service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")


def test_who_asks_too_early_asks_again(service: Service, token: str) -> None:
    answer = service.ask("GET", ASKED, token)

    assert answer.status == 425
    assert "Retry-After" not in answer.headers, "a second would be long"
    end_stage(service.cluster, "ocr", 3)
    assert service.ask("GET", ASKED, token).json["exitCode"] == 3


def test_a_stage_that_ended_by_itself(service: Service, token: str) -> None:
    end_stage(service.cluster, "ocr")

    assert service.ask("GET", ASKED, token).json == {
        "exitCode": 0,
        "interrupted": "",
        "restarted": False,
        "result": "",
    }


def test_a_pod_that_somebody_ends(service: Service, token: str) -> None:
    end_stage(service.cluster, "ocr", deleted=True)

    answer = service.ask("GET", ASKED, token).json
    assert answer["interrupted"] == "the Pod was deleted while it ran"


def test_a_pod_that_somebody_ends_is_said_before_its_kubelet_tells(
    service: Service, token: str
) -> None:
    delete_stage_pod(service.cluster, "ocr")

    answer = service.ask("GET", ASKED, token)
    assert answer.status == 200
    assert answer.json["exitCode"] is None
    assert answer.json["interrupted"] == "the Pod was deleted while it ran"


def test_a_helper_that_was_started_again_hears_of_it_and_of_what_it_had_stored(
    service: Service, token: str
) -> None:
    end_stage(service.cluster, "ocr", restarts=1)
    result = b'{"v": 1}'
    assert service.put(f"/v1/artifacts/{MINE}/result.json", token, result).status == 201

    answer = service.ask("GET", ASKED, token).json

    assert answer["restarted"] is True
    assert answer["result"] == hashlib.sha256(result).hexdigest()


def test_another_pod_of_that_name_is_not_asked_about(service: Service, token: str) -> None:
    end_stage(service.cluster, "ocr")
    assert service.ask("GET", ASKED, token).status == 200
    service.cluster.stage_pod(service.cluster.runs["team", "ad"], "ocr", "pod-2")

    assert service.ask("GET", ASKED, token).status == 403


def test_people_and_the_operator_have_no_container(service: Service) -> None:
    for asking in (service.cluster.person("alice", ("get", "team")), service.cluster.operator()):
        assert service.ask("GET", ASKED, asking).status == 403
