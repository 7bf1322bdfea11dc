"""The queue's routes: the same numbers for all who may list the same, in the new and old shape."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stagework.api import names
from stagework.api.background_jobs import BackgroundJob
from stagework.api.pipelinejob import PipelineJob
from tests.support.builders.fleet import make_node
from tests.support.builders.written_runs import run_of, stage
from tests.support.history.facts import attempt_fact, judged_batches
from tests.unit.web.service import Service, running

RETRYING = [("list", "team"), ("create interventions", "team"), ("retry", "team"), ("skip", "team")]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path) as service:
        service.cluster.queue.machines = [make_node()]
        yield service


def waits(name: str, namespace: str = "team", *, subject: str = "") -> PipelineJob:
    run = run_of(
        stage("extract", reason=names.WAIT_SLOT), name=name, uid=f"uid-{name}", namespace=namespace
    )
    return run.model_copy(update={"spec": run.spec.model_copy(update={"subject": subject})})


def failed(name: str = "bad", namespace: str = "team", *, subject: str = "") -> PipelineJob:
    run = run_of(
        stage("extract", "Failed", reason=names.EXIT_CODE, message="code 3", attempt=3, end=40),
        stage("embed", "NotRun", reason=names.UPSTREAM_FAILED),
        name=name,
        uid=f"uid-{name}",
        namespace=namespace,
        summary=names.STAGE_FAILED,
    )
    return run.model_copy(update={"spec": run.spec.model_copy(update={"subject": subject})})


def board_for(service: Service, token: str, query: str = "") -> Any:
    answer = service.ask("GET", f"/v1/queue{query}", token)
    assert answer.status == 200, answer.body
    return answer.json


def test_the_board_counts_the_runs_that_the_reader_may_list(service: Service) -> None:
    queue = service.cluster.queue
    queue.runs = [waits("a"), waits("b"), waits("c", "other")]
    team = service.cluster.person("ann", ("list", "team"))
    everybody = service.cluster.person("ops", ("list", ""))

    assert board_for(service, team)["totals"]["pending"] == 2
    assert board_for(service, everybody)["totals"]["pending"] == 3
    assert board_for(service, everybody, "?namespace=other")["totals"]["pending"] == 1
    assert board_for(service, team)["machines"][0]["slots_total"] == 1


def test_who_may_list_nothing_is_said_which_right_is_missing(service: Service) -> None:
    service.cluster.queue.runs = [waits("a")]
    nobody = service.cluster.person("bob")
    answers = [service.ask("GET", f"/v1/queue{query}", nobody) for query in ("", "?namespace=team")]

    assert [answer.status for answer in answers] == [403, 403]
    problem = answers[1].json
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert problem["title"] == "Forbidden"
    assert problem["detail"] == "you may not list pipelinejobs in namespace 'team'"
    assert problem["error"] == problem["detail"]


def test_a_stages_pod_sees_no_queue(service: Service) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "a", "pod-1")
    assert service.ask("GET", "/v1/queue", token).status == 403
    assert service.ask("GET", "/api/queue/overview", token).status == 403


def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    queue = service.cluster.queue
    queue.runs = [waits("a")]
    token = service.cluster.person("ann", ("list", ""))
    first = service.ask("GET", "/v1/queue", token)
    etag = {"If-None-Match": f'W/"other", {first.headers["etag"]}'}

    service.clock.now += 10
    assert service.ask("GET", "/v1/queue", token, headers=etag).status == 304
    queue.runs = [waits("a"), waits("b")]
    service.clock.now += 10
    again = service.ask("GET", "/v1/queue", token, headers=etag)
    assert again.status == 200
    assert again.json["seq"] == first.json["seq"] + 1
    assert again.json["epoch"] == first.json["epoch"]


def test_after_a_minute_it_is_sent_for_its_ages(service: Service) -> None:
    service.cluster.queue.runs = [waits("a")]
    token = service.cluster.person("ann", ("list", ""))
    etag = {"If-None-Match": service.ask("GET", "/v1/queue", token).headers["etag"]}

    service.clock.now += 61
    assert service.ask("GET", "/v1/queue", token, headers=etag).status == 200


def test_many_readers_cost_one_reading_and_a_run_is_decoded_once(service: Service) -> None:
    queue = service.cluster.queue
    queue.runs = [waits("a")]
    tokens = [service.cluster.person(name, ("list", "")) for name in ("ann", "bob")]
    for token in (*tokens, *tokens):
        board_for(service, token)

    assert queue.asked.count("run_objects") == 1
    assert queue.asked.count("may list /") == 2


def test_a_run_of_another_version_takes_nobody_down(service: Service) -> None:
    queue = service.cluster.queue
    broken = waits("b").model_copy(update={"spec": waits("b").spec.model_copy()})
    object.__setattr__(broken.spec, "priority", 10**9)
    queue.runs = [waits("a"), broken]
    token = service.cluster.person("ann", ("list", ""))

    assert board_for(service, token)["totals"]["pending"] == 1


def test_without_nodes_slots_are_not_known(service: Service) -> None:
    service.cluster.queue.nodes_are_hidden = True
    token = service.cluster.person("ann", ("list", ""))
    assert board_for(service, token)["machines"][0]["slots_total"] is None


def test_the_api_server_away_is_503(service: Service) -> None:
    token = service.cluster.person("ann", ("list", ""))
    service.cluster.queue.is_away = True
    assert service.ask("GET", "/v1/queue", token).status == 503


def test_what_was_done_by_runs_that_are_gone_is_counted_by_history(service: Service) -> None:
    now = datetime.now(UTC)
    fact = attempt_fact(
        "gone", "extract", machine="gpu", queued=now, started=now, ended=now, outcome="Succeeded"
    )
    asyncio.run(service.history.record([fact]))
    service.cluster.queue.runs = [waits("a")]
    token = service.cluster.person("ann", ("list", ""))

    assert board_for(service, token)["totals"]["done_1h"] == 1


def test_the_past_alone_is_historys_for_those_who_may_list_the_runs(service: Service) -> None:
    now = datetime.now(UTC)
    facts = [
        attempt_fact(
            uid, "extract", namespace=namespace, machine="gpu", ended=now, outcome="Succeeded"
        )
        for uid, namespace in (("gone", "team"), ("hidden", "other"))
    ]
    asyncio.run(service.history.record(facts))
    service.cluster.queue.runs = [waits("a"), waits("b", "other")]
    ann = service.cluster.person("ann", ("list", "team"))

    (done,) = service.ask("GET", "/v1/queue/past", ann).json["done"]
    assert (done["stage"], done["machine"], done["last_hour"]) == ("extract", "gpu", 1)
    assert service.ask("GET", "/v1/queue/past?namespace=other", ann).status == 403
    service.history.away = True
    assert service.ask("GET", "/v1/queue/past", ann).status == 503


def test_the_board_says_what_estimates_of_batches_were_worth(service: Service) -> None:
    asyncio.run(service.history.record(judged_batches(20, mark=25, true_seconds=300)))
    service.cluster.queue.runs = [waits("a")]
    token = service.cluster.person("ann", ("list", ""))

    (error,) = board_for(service, token)["past_estimates"]

    assert (error["percent"], error["batches"]) == (25, 20)
    assert error["below_p90"]["share"] == 1.0
    assert service.ask("GET", "/v1/queue/past", token).json["estimates"] == [error]


def test_background_jobs_are_those_that_programs_have_told_of(service: Service) -> None:
    now = datetime.now(UTC)
    begun = BackgroundJob(
        namespace="team",
        id="reindex-1",
        kind="reindex",
        label="Reindex",
        state="running",
        processed=120,
        total=400,
        started=now,
        heartbeat=now,
        ended=None,
        error="",
        machine="",
    )
    asyncio.run(service.history.begin_job(begun))
    token = service.cluster.person("ann", ("list", "team"))
    (row,) = board_for(service, token)["background_jobs"]

    assert (row["id"], row["processed"], row["total"], row["machine"]) == (
        "reindex-1",
        120,
        400,
        "gpu",
    )


def test_history_away_is_the_first_thing_to_say(service: Service) -> None:
    service.history.away = True
    service.cluster.queue.runs = [waits("a")]
    token = service.cluster.person("ann", ("list", ""))

    board = board_for(service, token)
    assert board["headline"]["code"] == "history_away"
    assert board["totals"]["pending"] == 1


def test_ten_thousand_failures_make_a_small_answer(service: Service) -> None:
    service.cluster.queue.runs = [failed(f"bad-{number}") for number in range(300)]
    token = service.cluster.person("ann", ("list", ""))
    assert len(service.ask("GET", "/v1/queue", token).body) < 50_000


# --- the old shape --------------------------------------------------------------------------------


def test_the_old_overview_has_the_old_words_and_no_others(service: Service) -> None:
    queue = service.cluster.queue
    queue.runs = [waits("a"), failed()]
    token = service.cluster.person("ann", ("list", ""))
    shown = service.ask("GET", "/api/queue/overview", token).json

    assert set(shown) == {
        "machines",
        "stages",
        "summarize_eta",
        "summarize_by_machine",
        "trend_24h",
        "totals",
        "background_jobs",
    }
    assert set(shown["machines"][0]) == {
        "key",
        "label",
        "state",
        "stages",
        "pending",
        "processing",
        "failed",
        "done_1h",
        "done_today",
        "deferred_pending",
        "current",
    }
    assert shown["totals"] == {"pending": 1, "processing": 0, "failed": 1}
    assert len(shown["trend_24h"]) == 24
    assert set(shown["trend_24h"][0]) == {"hour", "inflow", "done"}


def test_the_old_failed_list_has_the_old_words(service: Service) -> None:
    service.cluster.queue.runs = [failed(subject="docs/7.pdf")]
    token = service.cluster.person("ann", ("list", ""))
    (item,) = service.ask("GET", "/api/queue/failed", token).json["items"]

    assert item == {
        "id": "uid-bad/extract/3",
        "stage": "extract",
        "document_id": "docs/7.pdf",
        "attempts": 3,
        "max_attempts": None,
        "error_message": "NonZeroExit: code 3",
        "failed_at": "2026-11-03T09:00:40Z",
        "title": "7.pdf",
    }
    assert service.ask("GET", "/api/queue/failed?stage=embed", token).json == {"items": []}


@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_the_new_routes_take_the_same_and_answer_the_same(service: Service, verb: str) -> None:
    service.cluster.queue.runs = [failed()]
    token = service.cluster.person("ann", *RETRYING)
    body = b'{"ids": ["uid-bad/extract/3"]}'
    headers = {"Content-Type": "application/json"}
    answer = service.ask("POST", f"/v1/failed/{verb}", token, body, headers)

    assert (answer.status, answer.json["requested"]) == (200, 1)
    assert len(service.cluster.queue.made) == 1


def asked(service: Service, token: str, verb: str, *ids: str) -> Any:
    body = json.dumps({"ids": list(ids), "reason": "font is there now"}).encode()
    headers = {"Content-Type": "application/json"}
    answer = service.ask("POST", f"/api/queue/failed/{verb}", token, body, headers)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_retry_is_an_intervention_in_the_persons_name(service: Service) -> None:
    queue = service.cluster.queue
    queue.runs = [failed()]
    token = service.cluster.person("ann", *RETRYING)
    told = asked(service, token, "retry", "uid-bad/extract/3", "uid-bad/extract/3")

    assert told == {"requested": 1, "retried": 1, "not_retried": 0, "refused": []}
    (made,) = queue.made
    assert made["metadata"] == {"generateName": "bad-retry-", "namespace": "team"}
    assert made["spec"] == {
        "target": {"kind": "PipelineJob", "name": "bad", "uid": "uid-bad"},
        "verb": "Retry",
        "stages": ["extract"],
        "attempt": 3,
        "reason": "font is there now",
        "requestedBy": "ann",
    }


def test_a_skip_starts_no_later_stage(service: Service) -> None:
    service.cluster.queue.runs = [failed()]
    token = service.cluster.person("ann", *RETRYING)

    assert asked(service, token, "skip", "uid-bad/extract/3") == {
        "requested": 1,
        "skipped": 1,
        "not_skipped": 0,
        "refused": [],
    }
    assert "descendants" not in service.cluster.queue.made[0]["spec"]


REFUSALS = [
    ("no/id", "NoId"),
    ("uid-bad/extract/0", "NoId"),
    ("uid-nobody/extract/3", "NotFound"),
    ("uid-secret/extract/3", "NotFound"),
    ("uid-locked/extract/3", "NotAllowed"),
    ("uid-bad/extract/2", "StaleAttempt"),
    ("uid-bad/nothing/1", "UnknownStage"),
    ("uid-bad/embed/1", "WaitsForOthers"),
    ("uid-twice/extract/3", "AlreadyQueued"),
]


@pytest.mark.parametrize(("wanted", "reason"), REFUSALS)
def test_one_refusal_has_its_reason_and_takes_no_other_down(
    service: Service, wanted: str, reason: str
) -> None:
    queue = service.cluster.queue
    queue.runs = [
        failed(),
        failed("secret", "hidden"),
        failed("locked", "locked"),
        failed("twice", subject="docs/7.pdf"),
        waits("again", subject="docs/7.pdf"),
        waits("elsewhere", "locked", subject="bad"),
    ]
    token = service.cluster.person("ann", *RETRYING, ("list", "locked"))
    told = asked(service, token, "retry", wanted, "uid-bad/extract/3")

    assert (told["requested"], told["retried"], told["not_retried"]) == (2, 1, 1)
    assert [(one["id"], one["reason"]) for one in told["refused"]] == [(wanted, reason)]
    assert len(queue.made) == 1


@pytest.mark.parametrize("missing", ["create interventions", "retry"])
def test_every_right_that_admission_would_ask_of_the_person_is_asked_before(
    service: Service, missing: str
) -> None:
    service.cluster.queue.runs = [failed()]
    rights = [right for right in RETRYING if right[0] != missing]
    token = service.cluster.person("ann", *rights)

    (refusal,) = asked(service, token, "retry", "uid-bad/extract/3")["refused"]
    assert refusal["reason"] == "NotAllowed"
    assert missing.split(maxsplit=1)[0] in refusal["message"]
    assert service.cluster.queue.made == []


def test_what_the_api_server_does_not_take_is_said_in_its_words(service: Service) -> None:
    service.cluster.queue.runs = [failed()]
    service.cluster.queue.refusal = "a policy says no"
    token = service.cluster.person("ann", *RETRYING)

    (refusal,) = asked(service, token, "retry", "uid-bad/extract/3")["refused"]
    assert (refusal["reason"], refusal["message"]) == ("NotWritten", "a policy says no")


@pytest.mark.parametrize("body", [b"{}", b'{"ids": []}', b'{"ids": ["x"], "force": true}', b"["])
def test_a_request_that_does_not_fit_is_a_problem(service: Service, body: bytes) -> None:
    token = service.cluster.person("ann", *RETRYING)
    headers = {"Content-Type": "application/json"}
    answer = service.ask("POST", "/api/queue/failed/retry", token, body, headers)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
