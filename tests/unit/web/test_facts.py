"""What the operator tells history: it alone, checked, in bounds, and kept before it is answered."""

import json
from typing import Any

import pytest

from stagework.api.facts import MAX_BYTES, MAX_FACTS, encoded
from tests.support.history.facts import attempt_fact, intervention_fact, run_fact
from tests.unit.web.service import Answer, Service

FACTS = [run_fact(), attempt_fact(), intervention_fact()]


def post(service: Service, body: bytes, token: str = "") -> Answer:
    return service.ask("POST", "/v1/facts", token or service.cluster.operator(), body)


def document(**changes: Any) -> bytes:
    fact = {**json.loads(encoded([run_fact()]))["facts"][0], **changes}
    return json.dumps({"facts": [fact]}).encode()


def test_the_operators_facts_are_kept_as_they_came(service: Service) -> None:
    assert post(service, encoded(FACTS)).status == 204
    assert list(service.history.facts.values()) == FACTS


def test_no_facts_are_no_fault(service: Service) -> None:
    assert post(service, b'{"facts": []}').status == 204


def test_nobody_else_may_tell_any(service: Service) -> None:
    run = service.cluster.run()
    tokens = [
        service.cluster.person("alice", ("get", "team"), ("create", "team")),
        service.cluster.stage_pod(run, "ocr", "pod-1"),
    ]
    for token in tokens:
        answer = post(service, encoded(FACTS), token)
        assert (answer.status, answer.json["error"]) == (403, "only the operator may use this")
    assert service.history.facts == {}


BAD: dict[str, bytes] = {
    "no JSON": b"{",
    "no facts": b"{}",
    "a list": b"[]",
    "an unknown kind": document(kind="Guess"),
    "no uid": document(uid=""),
    "a uid too long": document(uid="x" * 129),
    "a time without zone": document(at="2026-11-30T09:00:00"),
    "a number out of bounds": document(stages=-1),
    "a title too long": document(title="x" * 513),
    "half a character": b'{"facts": [{"kind": "Run", "uid": "\\ud800"}]}',
    "too many": encoded([run_fact(f"run-{n}") for n in range(MAX_FACTS + 1)]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_fact_is_refused_with_what_is_wrong(service: Service, what: str) -> None:
    answer = post(service, BAD[what])
    assert answer.status == 400
    assert answer.json["error"].startswith("not facts: ")
    assert service.history.facts == {}


def test_a_body_that_is_too_long_is_refused(service: Service) -> None:
    assert post(service, b" " * (MAX_BYTES + 1)).status == 413


def test_a_newer_operators_fields_are_no_fault(service: Service) -> None:
    assert post(service, document(mood="cheerful")).status == 204


def test_a_nul_is_replaced_for_no_database_takes_it(service: Service) -> None:
    assert post(service, document(title="a\0b")).status == 204
    (fact,) = service.history.facts.values()
    assert getattr(fact, "title", "") == "a\N{REPLACEMENT CHARACTER}b"


def test_while_history_is_away_the_operator_is_said_to_come_again(service: Service) -> None:
    service.history.away = True
    answer = post(service, encoded(FACTS))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert set(answer.json) == {"title", "status", "detail", "error", "hint"}
    service.history.away = False
    assert post(service, encoded(FACTS)).status == 204
