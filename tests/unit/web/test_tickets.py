"""Tickets: given for a SignIn that names its maker, once, and good for ten minutes."""

from datetime import timedelta
from pathlib import Path

import pytest

from stagework.web.auth.review_budget import ReviewBudget
from stagework.web.auth.sign_ins import SignIns
from stagework.web.user import User
from tests.unit.web.fake_sign_ins import SECRET, FakeSignIns
from tests.unit.web.service import Answer, Service, running

ALICE = User("alice", groups=("makers",))
HEADER = "X-Stagework-Authorization"


def sign_in(service: Service, proof: str, scheme: str = "SignIn") -> Answer:
    return service.ask("POST", "/v1/tickets", headers={HEADER: f"{scheme} {proof}"})


def ticket(service: Service, user: User = ALICE) -> str:
    """Sign in, and give the ticket."""
    answer = sign_in(service, service.cluster.sign_ins.make(user))
    assert answer.status == 201
    given: str = answer.json["ticket"]
    return given


def test_who_signs_in_speaks_with_their_own_rights(service: Service) -> None:
    service.cluster.run()
    service.cluster.rights.add(("alice", "get", "team"))
    mine = ticket(service)
    assert service.ask("GET", "/v1/runs/team/ad/artifacts", mine).status == 200
    assert service.ask("GET", "/v1/runs/other/ad/artifacts", mine).status == 403
    assert "token_review" not in service.cluster.questions


def test_a_ticket_says_whose_it_is(service: Service) -> None:
    answer = sign_in(service, service.cluster.sign_ins.make(ALICE))
    assert answer.json["user"] == "alice"
    assert answer.json.keys() == {"ticket", "user", "expires"}


def test_it_is_good_for_ten_minutes_and_not_a_second_more(service: Service) -> None:
    mine = ticket(service)
    for seconds, status in ((0, 200), (570, 200), (599, 200), (600, 401), (601, 401)):
        service.clock.now = 1000.0 + seconds
        assert service.ask("GET", "/v1/openapi.json", mine).status == status, seconds


def test_a_sign_in_is_taken_once(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE)
    assert sign_in(service, proof).status == 201
    assert service.cluster.sign_ins.kept == {}
    assert sign_in(service, proof).status == 401


def test_who_comes_second_is_nobody(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE)
    service.cluster.sign_ins.is_slow_to_delete = True
    assert sign_in(service, proof).status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        f"team/cli-1/{SECRET}",
        "team/cli-0/another-secret-of-thirty-two-letters-or-more",
        "team/cli-0/short",
        f"team/../cli-0/{SECRET}",
        f"cli-0/{SECRET}",
    ],
    ids=["nothing", "not there", "another secret", "too short", "a path", "no namespace"],
)
def test_who_reads_a_sign_in_cannot_use_it(service: Service, wrong: str) -> None:
    service.cluster.sign_ins.make(ALICE)
    answer = sign_in(service, wrong)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "SignIn"
    assert len(service.cluster.sign_ins.kept) == 1


@pytest.mark.parametrize(("age", "status"), [(119, 201), (121, 401), (-119, 201), (-121, 401)])
def test_it_is_good_for_two_minutes_by_either_clock(
    service: Service, age: int, status: int
) -> None:
    proof = service.cluster.sign_ins.make(ALICE, age=timedelta(seconds=age))
    assert sign_in(service, proof).status == status


def test_one_that_a_finalizer_keeps_is_not_taken_twice(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE, leaving=True)
    assert sign_in(service, proof).status == 401


def test_without_the_policy_nobody_is_given_a_ticket(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE)
    service.cluster.sign_ins.policy_there = None
    answer = sign_in(service, proof)
    assert answer.status == 403
    assert "stagework-signins is not in force" in answer.json["error"]
    assert len(service.cluster.sign_ins.kept) == 1


def test_a_ticket_or_a_token_gives_no_further_ticket(service: Service) -> None:
    mine, token = ticket(service), service.cluster.person("bob")
    assert sign_in(service, mine, "Bearer").status == 401
    assert sign_in(service, token, "Bearer").status == 401


def test_a_sign_in_is_good_for_nothing_but_a_ticket(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE)
    answer = service.ask("GET", "/v1/openapi.json", headers={HEADER: f"SignIn {proof}"})
    assert answer.status == 401
    assert len(service.cluster.sign_ins.kept) == 1


def test_a_stages_account_is_no_person_by_signing_in(service: Service) -> None:
    run = service.cluster.run()
    service.cluster.stage_pod(run, "ocr", "pod-1")
    account = service.cluster.tokens["token-of-pod-1"][1]
    service.cluster.rights.add((account.name, "get", "team"))
    mine = ticket(service, account)
    assert service.ask("GET", "/v1/runs/team/ad/artifacts", mine).status == 403
    assert service.ask("POST", "/v1/heartbeats", mine, b"{}").status == 204


def test_a_made_up_ticket_is_nobodys(service: Service) -> None:
    assert service.ask("GET", "/v1/openapi.json", "stagework-ticket-x").status == 401


def test_only_where_something_is_watched(tmp_path: Path) -> None:
    with running(tmp_path, namespaces=("team",)) as service:
        made = service.cluster.sign_ins.make
        assert sign_in(service, made(ALICE, namespace="other")).status == 403
        assert sign_in(service, made(ALICE)).status == 201


def test_without_an_api_server_one_is_asked_to_come_again(service: Service) -> None:
    proof = service.cluster.sign_ins.make(ALICE)
    service.cluster.sign_ins.is_away = True
    assert sign_in(service, proof).status == 503


async def test_what_nobody_uses_is_swept_after_five_minutes() -> None:
    source = FakeSignIns()
    for seconds in (1, 299, 301, 4000):
        source.make(ALICE, age=timedelta(seconds=seconds))
    source.make(ALICE, namespace="elsewhere", age=timedelta(hours=1))
    now = max(view.metadata.creation_timestamp for view in source.kept.values()).timestamp() + 1
    budget = ReviewBudget(lambda: now)
    await SignIns(source, namespaces=("team",), wall_clock=lambda: now, budget=budget).sweep()
    assert [name for _, name in source.kept] == ["cli-0", "cli-1", "cli-4"]
