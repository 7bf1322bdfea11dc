"""`stagework queue` says the numbers that `kubectl get` shows, in the middle of work.

They are compared at a barrier: `kubectl get` says the same before and after `stagework queue` has
read, so that nothing has moved between them.
"""

import json
from collections import Counter
from typing import Final

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell
from tests.support.cluster.waiting import eventually, stage_is, summary

STAGES: Final = ("extract", "embed")
"""Of each run; the second one waits for the first."""
HELD: Final = frozenset({"Suspended", "AwaitingApproval"})
WAIT_SECONDS: Final = 240.0


@pytest.fixture(scope="module")
def working(space: Space) -> Space:
    """Runs that work, wait behind a hold, are held, have failed and are done."""
    space.apply(
        *(run_of(f"done-{n}", *map(shell, STAGES)) for n in range(3)),
        run_of("holds", shell("extract"), shell("embed", HOLD)),
        # It waits without taking a slot from other stories.
        run_of("behind", shell("extract", HOLD), shell("embed", dependsOn=[]), parallelism=1),
        run_of("fails", shell("extract", "exit 3"), shell("embed")),
        run_of("held", *map(shell, STAGES), suspend=True),
    )
    space.wait_for("fails", summary("StageFailed"))
    space.wait_for("holds", stage_is("embed", state="Running"))
    space.wait_for("behind", stage_is("embed", reason="ParallelismReached"))
    return space


def seen_by_kubectl(space: Space) -> list[Document]:
    """Every stage of every run, as `kubectl get` shows it."""
    listed = json.loads(space.kubectl("get", "pipelinejobs", "-o", "json").out)
    return [
        {"state": "Waiting", **stage, "run": run["metadata"]["name"]}
        for run in listed["items"]
        for stage in run.get("status", {}).get("stages", [])
    ]


def numbers_at_a_barrier(space: Space) -> tuple[list[Document], Document]:
    """The stages by kubectl, and the board of `stagework queue`, of one and the same moment."""

    def both() -> tuple[list[Document], Document, list[Document]]:
        before = seen_by_kubectl(space)
        board = json.loads(space.stagework("queue", "-o", "json").out)
        return before, board, seen_by_kubectl(space)

    def moves(seen: list[Document]) -> list[tuple[str, str, str, str]]:
        return [(s["run"], s["name"], s["state"], s.get("reason", "")) for s in seen]

    stages, board, _ = eventually(
        both,
        lambda seen: moves(seen[0]) == moves(seen[2]),
        seconds=WAIT_SECONDS,
        otherwise=lambda: "the runs never stood still for as long as one reading",
    )
    return stages, board


def counted(stages: list[Document], name: str) -> Counter[str]:
    """What a person counts in the list, by the words of `docs/queue-numbers.md`."""
    counts: Counter[str] = Counter()
    for stage in stages:
        state, reason = stage["state"], stage.get("reason", "")
        if stage["name"] != name:
            continue
        if state == "Stuck" or (
            state == "Waiting" and reason not in {*HELD, "DependenciesPending", "NoNodeOfClass"}
        ):
            counts["pending"] += 1
        elif state == "Waiting" and reason in HELD:
            counts["held"] += 1
        elif state in ("Starting", "Running", "Away"):
            counts["processing"] += 1
        elif state == "Failed":
            counts["failed"] += 1
        elif state == "Succeeded":
            counts["done_1h"] += 1
    return counts


def test_every_number_is_what_kubectl_shows_while_work_goes_on(working: Space) -> None:
    for _ in range(3):
        stages, board = numbers_at_a_barrier(working)
        rows = {row["stage"]: row for row in board["stages"]}
        for name in STAGES:
            counts = counted(stages, name)
            for number in ("pending", "held", "processing", "failed", "done_1h"):
                assert rows[name][number] == counts[number], (name, number, board)
        whole = sum((counted(stages, name) for name in STAGES), Counter[str]())
        for number in ("pending", "held", "processing", "failed"):
            assert board["totals"][number] == whole[number], (number, board)
        machines = board["machines"]
        assert sum(card["pending"] for card in machines) == whole["pending"]
        assert sum(card["processing"] for card in machines) == whole["processing"]


def test_who_holds_slots_is_who_runs_there(working: Space) -> None:
    stages, board = numbers_at_a_barrier(working)
    for card in board["machines"]:
        there = [
            stage
            for stage in stages
            if stage.get("machine") == card["key"] and stage["state"] in ("Starting", "Running")
        ]
        assert card["slots_used"] == len(there), (card, there)
        assert card["slots_total"] is not None
        assert {held["run"] for held in card["holders"]} <= {stage["run"] for stage in stages}


def test_what_has_failed_is_listed_with_the_id_that_a_retry_takes(working: Space) -> None:
    uid = working.run("fails")["metadata"]["uid"]
    (item,) = json.loads(working.stagework("queue", "--failed", "-o", "json").out)

    assert item["id"] == f"{uid}/extract/1"
    assert item["error_message"].startswith("NonZeroExit")


def test_top_names_the_machines_and_who_is_on_them(working: Space) -> None:
    shown = working.stagework("top").out

    assert "SLOTS" in shown
    assert f"{working.namespace}/holds" in shown


SERVICE: Final = "/api/v1/namespaces/stagework-system/services/http:stagework-api:8080/proxy"


@pytest.fixture(scope="module")
def proof(working: Space) -> dict[str, str]:
    """What the namespace's ServiceAccount shows to the API service, with the role of an editor."""
    account = f"--serviceaccount={working.namespace}:default"
    working.kubectl("create", "rolebinding", "queue", "--clusterrole=stagework-edit", account)
    token = working.kubectl("create", "token", "default", "--audience=stagework").out.strip()
    return {"X-Stagework-Authorization": f"Bearer {token}"}


def asked(space: Space, proof: dict[str, str], path: str) -> Document:
    """What the API service answers."""
    reply = space.api.request("GET", f"{SERVICE}{path}", headers=proof)
    assert reply.status == 200, reply.body
    return reply.document()


def test_the_api_service_says_the_same_numbers(working: Space, proof: dict[str, str]) -> None:
    path = f"/v1/queue?namespace={working.namespace}"

    def both() -> tuple[Document, Document]:
        _, board = numbers_at_a_barrier(working)
        return board, asked(working, proof, path)

    def same(seen: tuple[Document, Document]) -> bool:
        # The service's picture may be two seconds old.
        return all(seen[0][part] == seen[1][part] for part in ("totals", "trend_24h"))

    eventually(both, same, seconds=WAIT_SECONDS, otherwise=lambda: str(both()))


def test_the_old_overview_has_them_in_its_words(working: Space, proof: dict[str, str]) -> None:
    shown = asked(working, proof, "/api/queue/overview")

    assert [machine["key"] for machine in shown["machines"]] == ["gpu", "macmini", "macbook"]
    assert shown["totals"]["processing"] >= 2
    assert len(shown["trend_24h"]) == 24


def test_a_retry_by_the_old_route_is_tried_again_in_the_callers_name(
    working: Space, proof: dict[str, str]
) -> None:
    uid = working.run("fails")["metadata"]["uid"]
    body = json.dumps({"ids": [f"{uid}/extract/1", "nobody/extract/1"]}).encode()
    reply = working.api.request(
        "POST",
        f"{SERVICE}/api/queue/failed/retry",
        body=body,
        headers={**proof, "Content-Type": "application/json"},
    )
    answer = reply.document()

    assert (answer["requested"], answer["retried"], answer["not_retried"]) == (2, 1, 1), answer
    working.wait_for("fails", stage_is("extract", attempt=2))
    made = json.loads(working.kubectl("get", "interventions", "-o", "json").out)["items"]
    assert [one["spec"]["requestedBy"] for one in made] == [
        f"system:serviceaccount:{working.namespace}:default"
    ]
