"""What people may read of history: runs, one run whole, failed stages; of their namespaces."""

import asyncio
from typing import Any

import pytest

from stagework.api.facts import AnyFact
from stagework.api.history import Place, place_of, token_of
from tests.support.history.facts import (
    START,
    attempt_fact,
    batch_fact,
    failure,
    intervention_fact,
    minute,
    run_fact,
)
from tests.unit.web.service import Answer, Service

ALL = ""
"""The right to list in all namespaces is asked for with an empty one."""


def remember(service: Service, *facts: AnyFact) -> None:
    asyncio.run(service.history.record(facts))


def ask(service: Service, path: str, *rights: str) -> Answer:
    """As somebody who may list and get in these namespaces."""
    granted = [(verb, namespace) for namespace in rights for verb in ("list", "get")]
    return service.ask("GET", path, service.cluster.person("alice", *granted))


def uids(answer: Answer) -> list[str]:
    return [run["uid"] for run in answer.json["runs"]]


def three_runs(service: Service) -> None:
    remember(
        service,
        run_fact("a", created=minute(0), pipeline="documents", tenant="acme"),
        run_fact("b", created=minute(1), namespace="other", subject="doc 1"),
        run_fact("c", created=minute(2), state="Failed"),
        failure("a", "ocr", ended=minute(3)),
        failure("b", "ocr", ended=minute(4), namespace="other"),
        failure("c", "chunk", ended=minute(5), message="no ink"),
    )


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        ((ALL,), ["c", "b", "a"]),
        (("team",), ["c", "a"]),
        (("team", "other"), ["c", "b", "a"]),
        (("elsewhere",), []),
        ((), []),
    ],
)
def test_lists_tell_of_namespaces_that_one_may_list(
    service: Service, rights: tuple[str, ...], seen: list[str]
) -> None:
    three_runs(service)
    assert uids(ask(service, "/v1/runs", *rights)) == seen
    failed = ask(service, "/v1/failed", *rights).json["failed"]
    assert [stage["uid"] for stage in failed] == seen


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/failed"])
def test_a_namespace_that_one_may_not_list_is_refused_whether_or_not_it_is_known(
    service: Service, path: str
) -> None:
    three_runs(service)
    for namespace in ("other", "nowhere"):
        answer = ask(service, f"{path}?namespace={namespace}", "team")
        assert answer.status == 403
        assert f"may not list pipelinejobs in namespace '{namespace}'" in answer.json["error"]
    assert ask(service, f"{path}?namespace=team", "team").status == 200


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/run-1", "/v1/failed"])
def test_stage_pods_read_nothing(service: Service, path: str) -> None:
    three_runs(service)
    run = service.cluster.run()
    answer = service.ask("GET", path, service.cluster.stage_pod(run, "ocr", "pod-1"))
    assert answer.status in {403, 404}
    assert "ink" not in answer.body.decode()


def test_one_run_is_said_with_attempts_and_requests(service: Service) -> None:
    remember(
        service,
        run_fact("a", title="A letter"),
        attempt_fact("a", "ocr", 1, queued=START, ended=minute(1), outcome="Failed", followed=True),
        attempt_fact("a", "ocr", 2, queued=minute(2)),
        intervention_fact(run="a", by="ops", reason="font was missing"),
    )
    told = ask(service, "/v1/runs/a", "team").json
    assert told["run"]["title"] == "A letter"
    assert [(a["attempt"], a["outcome"]) for a in told["attempts"]] == [(1, "Failed"), (2, "")]
    assert [(i["by"], i["reason"]) for i in told["interventions"]] == [("ops", "font was missing")]


def test_a_run_that_one_may_not_read_is_as_one_that_is_not_known(service: Service) -> None:
    three_runs(service)
    hidden = ask(service, "/v1/runs/b", "team")
    unknown = ask(service, "/v1/runs/x", "team")
    assert hidden.status == unknown.status == 404
    assert hidden.json["error"].replace("'b'", "") == unknown.json["error"].replace("'x'", "")
    assert ask(service, "/v1/runs/b%0a", "team").status == 400


FILTERS = {
    "pipeline=documents": ["a"],
    "tenant=acme": ["a"],
    "subject=doc%201": ["b"],
    "state=Failed": ["c"],
    "name=name-of-c": ["c"],
    "since=2026-11-30T09:01:00Z": ["c", "b"],
    "until=2026-11-30T18:01:00%2B09:00": ["a"],
    "limit=1": ["c"],
}


@pytest.mark.parametrize("query", FILTERS)
def test_runs_are_asked_for_by_what_they_say(service: Service, query: str) -> None:
    three_runs(service)
    assert uids(ask(service, f"/v1/runs?{query}", ALL)) == FILTERS[query]


FAILED_FILTERS = {
    "stage=ocr": ["b", "a"],
    "tenant=acme": ["a"],
    "since=2026-11-30T09:05:00Z": ["c"],
    "namespace=other": ["b"],
}


@pytest.mark.parametrize("query", FAILED_FILTERS)
def test_failed_stages_are_asked_for_by_what_they_say(service: Service, query: str) -> None:
    three_runs(service)
    failed = ask(service, f"/v1/failed?{query}", ALL, "other").json["failed"]
    assert [stage["uid"] for stage in failed] == FAILED_FILTERS[query]


@pytest.mark.parametrize(("path", "what"), [("/v1/runs", "runs"), ("/v1/failed", "failed")])
def test_the_next_page_begins_where_the_last_one_ended(
    service: Service, path: str, what: str
) -> None:
    three_runs(service)
    seen: list[str] = []
    token = ""
    while True:
        page = ask(service, f"{path}?limit=2&after={token}", ALL).json
        seen += [entry["uid"] for entry in page[what]]
        token = page["next"]
        if not token:
            break
    assert seen == ["c", "b", "a"]


BAD: dict[str, str] = {
    "/v1/runs?limit=0": "limit",
    "/v1/runs?limit=501": "limit",
    "/v1/runs?since=yesterday": "since",
    "/v1/runs?since=2026-11-30T09:00:00": "since",
    "/v1/runs?after=x": "not a place",
    "/v1/runs?after=%C3%BC": "not a place",
    "/v1/runs?namespace=*": "not a namespace",
    f"/v1/runs?after={token_of(Place(START, ('a', 'b')))}": "not a place",
    f"/v1/failed?after={token_of(Place(START, ('a',)))}": "not a place",
    "/v1/failed?limit=many": "limit",
}


@pytest.mark.parametrize("path", BAD)
def test_what_cannot_be_asked_is_refused_with_what_is_wrong(service: Service, path: str) -> None:
    answer = ask(service, path, ALL)
    assert (answer.status, BAD[path] in answer.json["error"]) == (400, True), answer.json
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"] == answer.json["error"]
    assert (answer.json["status"], answer.json["title"]) == (400, "Bad Request")


def test_batches_are_remembered_for_those_who_may_list_the_namespaces_runs(
    service: Service,
) -> None:
    remember(service, run_fact("a", namespace="team"), run_fact("b", namespace="other"))
    remember(service, batch_fact("seen"), batch_fact("hidden", namespace="other"))

    answer = ask(service, "/v1/history/batches", "team")

    assert [batch["uid"] for batch in answer.json["batches"]] == ["seen"]
    assert answer.json["next"] == ""


def test_while_history_is_away_that_is_said(service: Service) -> None:
    service.history.away = True
    answer = ask(service, "/v1/runs", ALL)
    assert (answer.status, answer.json["error"]) == (503, "history does not answer")


def test_rights_are_asked_once_a_minute(service: Service) -> None:
    three_runs(service)
    for _ in range(3):
        ask(service, "/v1/runs", "team")
    asked = [q for q in service.cluster.questions if q.startswith("subject_access_review")]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("words", [("a",), ("ü/,", "b")])
def test_a_place_comes_back_as_it_was(words: tuple[Any, ...]) -> None:
    place = Place(minute(0).replace(microsecond=7), words)
    assert place_of(token_of(place), len(words)) == place
    assert place_of("", 1) is None
