"""Logs of attempts that failed: kept for the operator, given to those who may read logs."""

import json
from pathlib import Path

import msgspec
import pytest

from stagework.api.names import STAGE_CONTAINER
from stagework.api.observed import ContainerState, ContainerStatus, Running
from stagework.web.kept_logs import Ending, last_line
from tests.unit.web.service import Answer, Service, running

LOG = b"reading ad.json\n\x1b[31mKeyError\x1b[0m: 'title'\n\n"
KEY = "team/run-1/ocr/1-pod-1/stagework.log"
KEEP = "/v1/logs/team/run-1/ocr/1/pod-1/ad-ocr-1/stage"
READ = "/v1/runs/team/ad/logs/ocr"


def _with_log(service: Service, log: bytes = LOG) -> str:
    """A stage's Pod that has written this; gives its token."""
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    service.cluster.logs["team", "ad-ocr-1", "stage"] = log
    return token


def _keep(service: Service, path: str = KEEP) -> Answer:
    return service.ask("PUT", path, service.cluster.operator())


def _reader(service: Service) -> str:
    return service.cluster.person("ops", ("get", "team"), ("get pods/log", "team"))


def test_the_operator_has_a_log_kept_and_learns_its_last_line(service: Service) -> None:
    _with_log(service)

    answer = _keep(service)

    assert answer.json == {"lastLine": "KeyError: 'title'", "bytes": len(LOG), "fault": ""}
    assert service.stored() == [KEY]
    assert (service.root / KEY).read_bytes() == LOG


def test_what_is_kept_stays_as_it_was_also_when_the_pod_is_gone(service: Service) -> None:
    _with_log(service)
    _keep(service)
    service.cluster.pods.clear()
    service.cluster.logs["team", "ad-ocr-1", "stage"] = b"something else"

    again = _keep(service)

    assert again.json["lastLine"] == "KeyError: 'title'"
    assert (service.root / KEY).read_bytes() == LOG


def test_nobody_elses_pod_of_that_name_is_read(service: Service) -> None:
    _with_log(service)

    answer = _keep(service, KEEP.replace("pod-1", "pod-2"))

    assert answer.json == {"lastLine": "", "bytes": 0, "fault": "its Pod is gone"}
    assert service.stored() == []
    assert not [asked for asked in service.cluster.questions if asked.startswith("pod_log")]


# --- of a stage at work

NOW = f"{READ}/now"


def _at_work(service: Service, *, uid: str = "pod-1") -> None:
    """Its Pod's container runs; another Pod says by its labels that it is that attempt's."""
    _with_log(service)
    pod = service.cluster.pods["team", "ad-ocr-1"]
    state = ContainerState(running=Running())
    statuses = (ContainerStatus(name=STAGE_CONTAINER, state=state),)
    status = msgspec.structs.replace(pod.status, container_statuses=statuses)
    meta = msgspec.structs.replace(pod.metadata, uid=uid)
    shown = msgspec.structs.replace(pod, metadata=meta, status=status)
    service.cluster.pods["team", "ad-ocr-1"] = shown


def test_the_log_of_a_stage_at_work_is_read_as_it_is_now(service: Service) -> None:
    _at_work(service)
    first = service.ask("GET", NOW, _reader(service))
    etag = {"If-None-Match": first.headers["etag"]}

    assert (first.status, first.body) == (200, LOG)
    assert "sandbox" in first.headers["content-security-policy"]
    assert service.ask("GET", NOW, _reader(service), headers=etag).status == 304
    service.cluster.logs["team", "ad-ocr-1", "stage"] = LOG + b"page 2\n"
    assert service.ask("GET", NOW, _reader(service), headers=etag).body == LOG + b"page 2\n"
    assert service.stored() == []


def test_a_pod_that_only_says_that_it_is_the_attempts_is_not_read(service: Service) -> None:
    _at_work(service, uid="forged")
    assert service.ask("GET", NOW, _reader(service)).status == 404
    assert not [asked for asked in service.cluster.questions if asked.startswith("pod_log")]


def test_the_log_of_a_stage_at_work_asks_for_the_right_to_read_logs(service: Service) -> None:
    _at_work(service)
    answer = service.ask("GET", NOW, service.cluster.person("bob", ("get", "team")))
    assert answer.status == 403
    assert "pods/log" in answer.json["detail"]


def test_before_a_container_has_run_there_is_no_log_to_read(service: Service) -> None:
    _with_log(service)
    answer = service.ask("GET", NOW, _reader(service))
    assert (answer.status, answer.json["detail"]) == (404, "no Pod of it has a log now")


# --- kept ones


def test_an_empty_log_is_nothing_to_keep_and_no_fault(service: Service) -> None:
    _with_log(service, b"")

    assert _keep(service).json == {"lastLine": "", "bytes": 0, "fault": ""}
    assert service.stored() == []


def test_where_the_cluster_does_not_answer_that_is_the_answer(service: Service) -> None:
    _with_log(service)
    token = service.cluster.operator()
    service.ask("PUT", KEEP.replace("ocr/1", "ocr/9"), token)  # the token is known from here on
    service.cluster.is_away = True

    answer = service.ask("PUT", KEEP, token)

    assert answer.json["fault"] == "its node, or the API server, did not give it"


def test_of_a_long_log_the_end_is_kept(tmp_path: Path) -> None:
    with running(tmp_path / "volume", maxLogBytes=1000) as service:
        _with_log(service, b"".join(b"line %d\n" % number for number in range(10_000)))
        answer = _keep(service)

    kept = (tmp_path / "volume" / KEY).read_bytes()
    assert answer.json["lastLine"] == "line 9999"
    assert len(kept) < 1100
    first, second, *_ = kept.splitlines()
    assert first.startswith(b"[the first ")
    assert second.startswith(b"line 9")
    assert b"line 9998\nline 9999\n" in kept


@pytest.mark.parametrize("who", ["nobody", "person", "stage"])
def test_only_the_operator_has_logs_kept(service: Service, who: str) -> None:
    stage = _with_log(service)
    tokens = {"nobody": "", "person": _reader(service), "stage": stage}

    answer = service.ask("PUT", KEEP, tokens[who])

    assert answer.status == (401 if who == "nobody" else 403)
    assert service.stored() == []


def test_who_may_read_logs_reads_a_kept_one(service: Service) -> None:
    _with_log(service)
    _keep(service)
    token = _reader(service)

    assert service.ask("GET", READ, token).json == {"attempts": [1]}
    assert service.ask("GET", f"{READ}/1", token).body == LOG


@pytest.mark.parametrize("path", [READ, f"{READ}/1"])
def test_the_right_to_see_runs_is_none_to_read_their_logs(service: Service, path: str) -> None:
    stage = _with_log(service)
    _keep(service)
    viewer = service.cluster.person("viewer", ("get", "team"), ("get pods/log", "other"))
    logs_only = service.cluster.person("stranger", ("get pods/log", "team"))

    refused = service.ask("GET", path, viewer)

    assert refused.status == 403
    assert "pods/log" in refused.json["error"]
    assert b"KeyError" not in refused.body
    assert service.ask("GET", path, logs_only).status == 403
    assert service.ask("GET", path, stage).status == 403


def test_a_log_that_is_not_kept_says_which_are(service: Service) -> None:
    _with_log(service)
    _keep(service)

    answer = service.ask("GET", f"{READ}/7", _reader(service))

    assert (answer.status, answer.json["hint"][-16:]) == (404, "of this stage: 1")


def test_a_log_is_no_artifact_to_anybody(service: Service) -> None:
    stage = _with_log(service)
    _keep(service)
    prefix = KEY.removesuffix("/stagework.log")
    person = service.cluster.person("viewer", ("get", "team"))
    service.cluster.commit(service.cluster.runs["team", "ad"], "ocr", prefix)

    assert service.ask("GET", f"/v1/artifacts/{KEY}", person).status == 400
    assert service.ask("GET", f"/v1/artifacts/{prefix}/", person).json == {"files": []}
    listed = service.ask("GET", "/v1/runs/team/ad/artifacts", person).json
    assert listed["stages"][0]["files"] == []
    assert service.put(f"/v1/artifacts/{KEY}", stage, b"forged").status == 400
    assert service.put(f"/v1/artifacts/{KEY}/x", stage, b"forged").status == 400
    assert (service.root / KEY).read_bytes() == LOG


@pytest.mark.parametrize(
    "path",
    [
        KEEP.replace("/1/", "/0/"),
        KEEP.replace("team", "*"),
        KEEP.replace("ad-ocr-1", "..%2F..%2Fsecrets"),
        KEEP.replace("/stage", "/STAGE"),
    ],
)
def test_words_that_cannot_be_are_refused(service: Service, path: str) -> None:
    answer = _keep(service, path)

    assert answer.status in {400, 404}
    assert service.stored() == []


LINES = {
    "the last": (b"a\nb\n", "b"),
    "in which something stands": (b"a\n \n\x1b[0m\n\n", "a"),
    "what overwrote it": (b"10%\r20%\rdone", "done"),
    "in another script": ("글꼴이 없습니다\n".encode(), "글꼴이 없습니다"),
    "no text at all": (b"\xff\xfe\x00", "??"),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize(("log", "line"), LINES.values(), ids=LINES)
def test_the_last_line_of_a_log(log: bytes, line: str) -> None:
    assert last_line(log) == line


def test_a_long_last_line_keeps_its_beginning_and_its_end() -> None:
    said = last_line(b"x\n" + b"Error: " + b"y" * 5000 + b" in page 7\n")

    assert len(said.encode()) <= 160
    assert said.startswith("Error: y")
    assert said.endswith(" in page 7")


def test_what_is_left_out_is_counted() -> None:
    ending = Ending(10)
    for _ in range(100):
        ending.add(b"12345\n")

    assert ending.content() == b"[the first 594 bytes are left out]\n12345\n"
    assert json.dumps(ending.content().decode())
