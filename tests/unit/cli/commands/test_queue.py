"""`stagework queue` and `top`: the board in a terminal, as lines, and as JSON."""

import json
import signal
from typing import Any

import pytest
from pydantic import TypeAdapter

from stagework.api import names
from stagework.overview.earlier_batches import estimate_errors
from stagework.overview.queue.past import Past
from tests.support.builders.written_runs import run_of, stage
from tests.support.history.facts import judged_batches
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, ok, status

SETTINGS = """
fleet:
  machineClasses:
  - {key: gpu, label: GPU server, nodeSelector: {stagework.dev/machine: gpu}, slotsPerNode: 2}
  - {key: macbook, label: MacBook, nodeSelector: {stagework.dev/machine: macbook}, mayBeAway: true}
  stageClasses: {extract: [gpu], deep_summary: [macbook]}
queue: {timeZone: Asia/Seoul}
"""
NODES = {
    "items": [
        {
            "metadata": {"name": "gpu-0", "labels": {"stagework.dev/machine": "gpu"}},
            "spec": {},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
    ]
}
RUNNING = run_of(stage("extract", "Running", start=50), name="r-1", uid="1", title="Coffee poster")
WAITING = run_of(stage("extract", reason=names.WAIT_SLOT), name="r-2", uid="2")
FAILED = run_of(
    stage("extract", "Failed", reason=names.EXIT_CODE, message="code 3", start=1, end=40),
    name="r-3",
    uid="3",
    summary=names.STAGE_FAILED,
)
AWAY = run_of(stage("deep_summary", reason=names.WAIT_NO_NODE), name="r-4", uid="4")


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster()
    release = "/api/v1/namespaces/stagework-system/configmaps"
    cluster.objects[release] = {"items": [{"data": {"settings.yaml": SETTINGS}}]}
    cluster.objects["/api/v1/nodes"] = NODES
    cluster.add(RUNNING, WAITING, FAILED, AWAY)
    return cluster


def test_the_board_says_the_sentence_the_counts_the_machines_and_the_stages(cli: Cli) -> None:
    lines = cli("queue").lines

    assert lines[0] == (
        "Failing: 1 failed in the last hour, 1 at extract: NonZeroExit: code 3; "
        "1 deferred for MacBook."
    )
    assert lines[1].startswith("1 running   1 waiting   1 deferred   1 failed   0 done")
    titles = "MACHINE STATE SLOTS WAITING RUNNING DEFERRED FAILED DONE/H TODAY DONE IN"
    assert " ".join(lines[3].split()) == titles
    assert lines[4].split()[2:8] == ["active", "1/2", "1", "1", "0", "1"]
    assert lines[5].split() == ["MacBook", "deferred", "0/0", "0", "0", "1", "0", "0", "0", "-"]
    assert lines[6] == "  GPU server: Coffee poster, extract, 50s"
    assert any(line.startswith("failed") and "default/r-3" in line for line in lines)


def test_json_has_the_same_numbers_with_times(cli: Cli) -> None:
    shown = json.loads(cli("queue", "-o", "json").out)

    assert shown["generated_at"] == "2026-11-03T09:01:40Z"
    assert shown["zone"] == "Asia/Seoul"
    assert shown["totals"]["pending"] == 1
    assert [machine["pending"] for machine in shown["machines"]] == [1, 0]
    assert len(shown["trend_24h"]) == 24


def test_top_shows_slots_and_who_holds_them(cli: Cli) -> None:
    lines = cli("top").lines

    assert lines[1].split() == ["GPU", "server", "gpu", "active", "1/1", "1/2", "1", "0"]
    assert lines[-1].split() == ["gpu", "default/r-1", "extract", "Coffee", "poster", "50s", "-"]


def test_a_machine_that_has_just_left_is_away_though_it_was_at_work(
    cli: Cli, cluster: FakeCluster
) -> None:
    left = {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-11-03T00:10:00Z"}
    labels = {"stagework.dev/machine": "macbook"}
    meta = {"name": "mb", "labels": labels}
    node = {"metadata": meta, "spec": {}, "status": {"conditions": [left]}}
    cluster.objects["/api/v1/nodes"] = {"items": [*NODES["items"], node]}
    cluster.add(run_of(stage("deep_summary", "Running", start=50), name="r-5", uid="5"))

    line = next(line for line in cli("queue").lines if line.startswith("MacBook"))
    assert line.split()[:4] == ["MacBook", "away", "since", "09:10"]
    assert cli("top").lines[2].split()[:3] == ["MacBook", "macbook", "away"]


def test_what_has_failed_is_listed_with_its_cause(cli: Cli) -> None:
    lines = cli("queue", "--failed").lines
    (item,) = json.loads(cli("queue", "--failed", "-o", "json").out)

    assert lines[1].split()[:2] == ["extract", "default/r-3"]
    assert lines[1].endswith("NonZeroExit: code 3")
    assert item["id"] == "3/extract/1"


def test_nothing_failed_is_said(cli: Cli, cluster: FakeCluster) -> None:
    cluster.objects = {k: v for k, v in cluster.objects.items() if not k.endswith("r-3")}
    assert cli("queue", "--failed").lines == ["Nothing has failed."]


def test_who_may_list_one_namespace_alone_sees_that_one_and_is_said(
    cli: Cli, cluster: FakeCluster
) -> None:
    forbidden = 'User "ann" cannot list resource "pipelinejobs" in API group "stagework.dev"'
    for path in (f"{GROUP}/pipelinejobs", "/api/v1/nodes"):
        cluster.routes["GET", path] = lambda _: status(403, forbidden)
    outcome = cli("queue")

    assert outcome.code == 0
    assert "only runs of namespace default" in outcome.err
    assert outcome.lines[4].split()[3] == "1/-"


def test_without_the_settings_classes_are_those_that_runs_name(
    cli: Cli, cluster: FakeCluster
) -> None:
    del cluster.objects["/api/v1/namespaces/stagework-system/configmaps"]
    outcome = cli("queue", "-o", "json")

    assert "settings cannot be read" in outcome.err
    assert [machine["key"] for machine in json.loads(outcome.out)["machines"]] == ["gpu"]


def test_watched_without_a_terminal_it_is_a_line_a_change(cli: Cli, cluster: FakeCluster) -> None:
    done = run_of(
        stage("extract", "Succeeded", start=50, end=99),
        name="r-1",
        uid="1",
        summary=names.COMPLETED,
        end=99,
    )
    cluster.change(done)
    cli.step_seconds = 1
    cli.alarms = {40: signal.SIGTERM}
    lines = cli("queue", "-w", "--interval", "0.1").lines

    assert [line.split("   ")[1:3] for line in lines][-1] == ["0 running", "1 waiting"]
    assert lines[0].split("   ")[0].count(":") == 2


def test_watched_as_json_it_is_an_object_a_line(cli: Cli) -> None:
    cli.step_seconds = 1
    cli.alarms = {20: signal.SIGINT}
    shown: list[dict[str, Any]] = [
        json.loads(line) for line in cli("queue", "-w", "-o", "json").lines
    ]
    assert [board["totals"]["processing"] for board in shown] == [1]


def test_a_run_says_how_long_it_works_and_when_its_stage_starts(
    cli: Cli, cluster: FakeCluster
) -> None:
    message = "waits for a gpu slot: 4th of 34; 2 of 2 taken"
    waits = stage("extract", reason=names.WAIT_SLOT, message=message)
    cluster.add(run_of(waits, name="r-9", uid="9"))

    assert "  extract: number 4 of 34 for gpu, start not known: no history yet" in (
        cli("status", "r-9").lines
    )
    (start,) = json.loads(cli("status", "r-9", "-o", "json").out)["starts"]
    assert (start["position"], start["why_none"]) == (4, "NoHistoryYet")


def test_the_answer_is_one_object_for_a_queue_without_runs(cli: Cli, cluster: FakeCluster) -> None:
    cluster.routes["GET", f"{GROUP}/pipelinejobs"] = lambda _: ok({"items": []})
    assert cli("queue").lines[0] == "Nothing queued: nothing has been done yet."


def test_what_runs_that_are_gone_have_done_is_counted_by_history(
    cli: Cli, cluster: FakeCluster
) -> None:
    hours = [0] * 23
    done = {"stage": "extract", "machine": "gpu", "last_hour": 40, "today": 90}
    past = {"done": [{**done, "by_hour": [*hours, 40]}], "arrived": []}
    cluster.routes["GET", f"{PROXY}/v1/queue/past"] = lambda _: ok(past)

    shown = json.loads(cli("queue", "-o", "json").out)

    assert (shown["totals"]["done_1h"], shown["totals"]["done_today"]) == (40, 90)
    assert [card["done_1h"] for card in shown["machines"]] == [40, 0]
    assert shown["trend_24h"][-1]["done"] == 40


def test_where_history_does_not_answer_live_runs_are_counted_and_that_is_said(
    cli: Cli, cluster: FakeCluster
) -> None:
    away = {"detail": "history is away", "error": "history is away"}
    cluster.routes["GET", f"{PROXY}/v1/queue/past"] = lambda _: ok(away, 503)

    answer = cli("queue")

    assert answer.code == 0
    assert "0 done" in answer.lines[1]
    assert "what is done is counted of runs that are still there: " in answer.err
    assert "history is away" in answer.err


def test_what_estimates_of_batches_were_worth_stands_below(cli: Cli, cluster: FakeCluster) -> None:
    error = estimate_errors(judged_batches(20, mark=25, true_seconds=300))
    past = json.loads(TypeAdapter(Past).dump_json(Past(estimates=error)))
    cluster.routes["GET", f"{PROXY}/v1/queue/past"] = lambda _: ok(past)

    assert cli("queue").lines[-1].split("  ")[0] == "at 25 %"
    assert "33 %" in cli("queue").lines[-1]
    (shown,) = json.loads(cli("queue", "-o", "json").out)["past_estimates"]
    assert shown == past["estimates"][0]
