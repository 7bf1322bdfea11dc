"""`stagework recover`: what it would do, and that it does exactly that."""

import json
from datetime import datetime

import pytest

from stagework.api import names
from stagework.api.stage_status import StageStatus
from stagework.cli.commands.recover import span_of
from stagework.cli.errors import CommandError
from tests.support.builders.written_runs import UID, at, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, ok

WHERE = f"{GROUP}/namespaces/default/interventions"
CALLED = 100
"""Seconds after the begin."""


def ago(minutes: float) -> datetime:
    """So long before the command is called."""
    return at(CALLED - 60 * minutes)


def lost(name: str, minutes: float = 45) -> StageStatus:
    """A stage on a node that is lost for so long."""
    known = stage(name, "Running", reason=names.WAIT_NODE_LOST, node="gpu-0")
    return known.evolve(suspectedTime=ago(minutes))


@pytest.fixture(autouse=True)
def people(cli: Cli, cluster: FakeCluster) -> None:
    """A run with an orphan, one that is too young, and one on a laptop; an operator who answers."""
    away = stage("c", "Away", reason=names.WAIT_MACHINE_AWAY, machine="macbook")
    away = away.evolve(awaySince=ago(45))
    cluster.add(run_of(lost("a"), lost("b", minutes=5), away, summary=names.RUNNING))
    who = {"status": {"userInfo": {"username": "ops@example.org"}}}
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    cluster.routes["POST", review] = lambda _: ok(who, 201)

    def written() -> None:
        for path, body in cluster.objects.items():
            if path.startswith(WHERE):
                body["status"] = {"answered": "2026-11-03T09:02:00Z", "requested": 1, "affected": 1}

    cli.on_sleep = written


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    cli: Cli, cluster: FakeCluster
) -> None:
    outcome = cli("recover", "--dry-run")

    assert outcome.code == 0, outcome.err
    assert [line.split() for line in outcome.lines[:4]] == [
        ["NAMESPACE", "RUN", "STAGE", "ATTEMPT", "MACHINE", "NODE", "CAUSE", "FOR", "ACTION"],
        ["default", "ad-1", "a", "1", "gpu", "gpu-0", "NodeLost", "45m", "fail"],
        "default ad-1 b 1 gpu gpu-0 NodeLost 5m0s skip (TooSoon)".replace("5m0s", "5m").split(),
        ["default", "ad-1", "c", "1", "macbook", "-", "MachineAway", "-", "skip", "(MachineAway)"],
    ]
    assert outcome.lines[4:] == [
        "found 3, recovered 1, skipped 2 (dry run: nothing was written)",
        "  of PipelineJob 1",
        "  parents updated: 1",
    ]
    assert cluster.sent("POST", "/interventions") == []


def test_the_real_run_asks_for_exactly_that(cli: Cli, cluster: FakeCluster) -> None:
    outcome = cli("recover", "--reason", "rack 3 is off")

    assert outcome.code == 0, outcome.err
    (made,) = cluster.sent("POST", "/interventions")
    assert made.json["spec"] == {
        "target": {"kind": "PipelineJob", "name": "ad-1", "uid": UID},
        "verb": "Recover",
        "stages": ["a"],
        "attempt": 1,
        "timeoutSeconds": 1800,
        "reason": "rack 3 is off",
        "requestedBy": "ops@example.org",
    }


def test_a_shorter_timeout_finds_more_but_never_a_laptop(cli: Cli, cluster: FakeCluster) -> None:
    outcome = cli("recover", "--timeout", "1", "--dry-run", "-o", "json")

    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert (document["found_count"], document["recovered_count"]) == (3, 2)
    assert document["by_kind"] == {"PipelineJob": 2}
    assert document["by_cause"] == {"NodeLost": 2}
    assert document["parents_updated"] == ["PipelineJob/default/ad-1"]
    assert document["dry_run"] is True
    assert cluster.sent("POST", "/interventions") == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 1800), ("30m", 1800), ("90s", 90), ("2h", 7200), ("1d", 86400)]
)
def test_a_bare_number_is_minutes(text: str, seconds: int) -> None:
    assert span_of(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["0", "-5", "abc", "999999999", "", "1.5h"])
def test_nonsense_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(CommandError, match="write 90s, 30m, 2h or 1d"):
        span_of(text)
