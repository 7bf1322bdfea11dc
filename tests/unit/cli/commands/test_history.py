"""`stagework history`, and `stagework status --failed`: what is remembered, as people read it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from stagework.api.facts import AnyFact
from stagework.api.history import FailedStage, RunHistory
from stagework.cli.cluster import Answer
from tests.support.builders.written_runs import at
from tests.support.history.facts import (
    attempt_fact,
    failed_stage,
    failure,
    intervention_fact,
    run_fact,
)
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import PROXY, FakeCluster, Request, ok

RUN = run_fact(
    "uid-1",
    name="ad-1",
    namespace="default",
    title="A letter",
    pipeline="documents",
    created=at(0),
    started=at(1),
    ended=at(61),
    state="StageFailed",
    message="failed: ocr",
    done=1,
)
FAILED = failure(
    "uid-1",
    "ocr",
    3,
    namespace="default",
    pipeline="documents",
    queued=at(10),
    started=at(20),
    ended=at(50),
    maxAttempts=3,
    machine="macmini",
    message="no ink",
)


def told(cluster: FakeCluster, path: str, body: dict[str, Any]) -> None:
    cluster.routes["GET", f"{PROXY}{path}"] = lambda _: ok(body)


def remembers(cluster: FakeCluster, *runs: AnyFact) -> None:
    told(cluster, "/v1/runs", {"runs": [run.model_dump(mode="json") for run in runs], "next": ""})


def asked(cluster: FakeCluster, path: str) -> list[dict[str, str]]:
    return [dict(request.query) for request in cluster.sent("GET", path)]


def test_the_runs_are_told_a_line_each(cli: Cli, cluster: FakeCluster) -> None:
    remembers(cluster, RUN)
    outcome = cli("history")
    assert outcome.code == 0, outcome.err
    head, line = outcome.lines
    titles = ["NAME", "STATUS", "PROGRESS", "PIPELINE", "STARTED", "TOOK", "TITLE"]
    assert head.split() == titles
    assert line.split()[:4] == ["ad-1", "StageFailed", "1/2", "documents"]
    assert "60s" in line
    assert line.endswith("A letter")


def test_what_is_asked_for_goes_to_the_service(cli: Cli, cluster: FakeCluster) -> None:
    remembers(cluster)
    words = "--pipeline documents --tenant acme --subject doc-1 --state Completed --limit 7"
    cli("history", *words.split(), "--since", "24h")
    (query,) = asked(cluster, "/v1/runs")
    since = query.pop("since")
    assert query == {
        "namespace": "default",
        "pipeline": "documents",
        "tenant": "acme",
        "subject": "doc-1",
        "state": "Completed",
        "limit": "7",
    }
    assert since == at(100 - 24 * 3600).isoformat()


def test_of_all_namespaces_none_is_asked_for_and_each_is_named(
    cli: Cli, cluster: FakeCluster
) -> None:
    remembers(cluster, RUN)
    outcome = cli("history", "-A")
    assert outcome.lines[0].split()[0] == "NAMESPACE"
    assert "namespace" not in asked(cluster, "/v1/runs")[0]


def test_more_than_a_page_is_asked_for_page_by_page(cli: Cli, cluster: FakeCluster) -> None:
    def page(request: Request) -> Answer:
        first = "after" not in request.query
        names = [f"{'a' if first else 'b'}{n}" for n in range(int(request.query["limit"]))]
        runs = [run_fact(name, name=name).model_dump(mode="json") for name in names]
        return ok({"runs": runs, "next": "token"})

    cluster.routes["GET", f"{PROXY}/v1/runs"] = page
    outcome = cli("history", "--limit", 250)
    assert len(outcome.lines) == 251
    assert [(q["limit"], q.get("after", "")) for q in asked(cluster, "/v1/runs")] == [
        ("200", ""),
        ("50", "token"),
    ]


def test_one_run_is_said_with_every_attempt_and_who_asked_what(
    cli: Cli, cluster: FakeCluster
) -> None:
    remembers(cluster, RUN)
    attempts = [
        attempt_fact("uid-1", "ocr", 1, ended=at(9), outcome="Failed", followed=True),
        FAILED,
        attempt_fact("uid-1", "chunk", home="gpu", queued=at(90)),
    ]
    request = intervention_fact(by="ops", reason="no ink", stages="ocr", asked=at(10))
    whole = RunHistory(run=RUN, attempts=attempts, interventions=[request])
    told(cluster, "/v1/runs/uid-1", whole.model_dump(mode="json"))
    outcome = cli("history", "ad-1")
    assert outcome.code == 0, outcome.err
    assert outcome.lines[0].startswith("default/ad-1   StageFailed   1/2   pipeline documents")
    rows = [line.split() for line in outcome.lines]
    assert ["ocr", "3", "Failed", "macmini", "10s", "30s", "ExitCode:", "no", "ink"] in rows
    assert ["chunk", "1", "Waiting", "gpu", "10s"] in rows
    assert outcome.lines[-1].endswith("Retry of ocr by ops: Done: no ink")


def test_a_run_that_is_not_remembered_is_an_error_with_the_next_command(
    cli: Cli, cluster: FakeCluster
) -> None:
    remembers(cluster)
    missing = {"error": "nothing is known of a run 'ad-9'", "hint": ""}
    cluster.routes["GET", f"{PROXY}/v1/runs/ad-9"] = lambda _: ok(missing, 404)
    outcome = cli("history", "ad-9")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        "error: no run 'ad-9' is remembered",
        "  next: stagework history -A",
    ]


def test_json_has_every_time(cli: Cli, cluster: FakeCluster) -> None:
    remembers(cluster, RUN)
    (run,) = json.loads(cli("history", "-o", "json").out)
    assert run["ended"] == at(61).isoformat().replace("+00:00", "Z")
    assert run["uid"] == "uid-1"


def test_nothing_remembered_is_said(cli: Cli, cluster: FakeCluster) -> None:
    remembers(cluster)
    assert cli("history").lines == ["No pipelinejobs are remembered."]
    assert json.loads(cli("history", "-o", "json").out) == []


@pytest.mark.parametrize("text", ["yesterday", "24", "-1h", "1w", ""])
def test_a_since_that_is_no_time_is_refused(cli: Cli, cluster: FakeCluster, text: str) -> None:
    outcome = cli("history", "--since", text)
    assert outcome.code == 1
    assert "write 30m, 24h, 7d" in outcome.err


def test_without_the_right_the_command_that_gives_it_is_said(
    cli: Cli, cluster: FakeCluster
) -> None:
    refused = {"error": "you may not list pipelinejobs in namespace 'default'", "hint": ""}
    cluster.routes["GET", f"{PROXY}/v1/runs"] = lambda _: ok(refused, 403)
    outcome = cli("history")
    assert outcome.code == 1
    assert "--clusterrole=stagework-view --user=jane" in outcome.err


def failures(cluster: FakeCluster, stages: Sequence[FailedStage]) -> None:
    body = {"failed": [stage.model_dump(mode="json") for stage in stages], "next": ""}
    told(cluster, "/v1/failed", body)


def test_failed_stages_are_told_with_why_and_how_often_they_were_tried(
    cli: Cli, cluster: FakeCluster
) -> None:
    failures(cluster, [failed_stage(FAILED, RUN)])
    outcome = cli("status", "--failed", "--pipeline", "documents", "--since", "7d")
    assert outcome.code == 0, outcome.err
    assert outcome.lines[0].split() == ["NAME", "STAGE", "ATTEMPTS", "MACHINE", "FAILED", "MESSAGE"]
    assert outcome.lines[1].split() == [
        *["ad-1", "ocr", "3/3", "macmini"],
        *["50s", "ago", "ExitCode:", "no", "ink"],
    ]
    (query,) = asked(cluster, "/v1/failed")
    assert query["pipeline"] == "documents"
    assert query["since"] == at(100 - 7 * 24 * 3600).isoformat()


def test_failed_stages_as_json(cli: Cli, cluster: FakeCluster) -> None:
    failures(cluster, [failed_stage(FAILED, RUN)])
    (stage,) = json.loads(cli("status", "--failed", "-o", "json").out)
    assert (stage["id"], stage["attempts"], stage["maxAttempts"]) == ("uid-1/ocr/3", 3, 3)
    failures(cluster, [])
    assert cli("status", "--failed").lines == ["Nothing has failed."]


@pytest.mark.parametrize("words", [["--since", "1h"], ["--tenant", "x"], ["--pipeline", "p"]])
def test_a_filter_of_what_has_failed_needs_failed(cli: Cli, words: list[str]) -> None:
    outcome = cli("status", *words)
    assert outcome.code == 1
    assert "--failed" in outcome.err
