"""`stagework suspend`, `resume` and `priority`: edits of a run's spec, and what they come to."""

import pytest

from stagework.api import names
from tests.support.builders.written_runs import UID, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, ok, status

PATH = f"{GROUP}/namespaces/default/pipelinejobs/ad-1"
ACTIVE = run_of(stage("build", "Running"), stage("after", "Waiting"), summary=names.RUNNING)


@pytest.fixture(autouse=True)
def active(cluster: FakeCluster) -> None:
    """A run at work, and an API server that takes every change."""
    cluster.add(ACTIVE)
    cluster.routes["PATCH", PATH] = lambda _: ok({"metadata": {"name": "ad-1"}})


def test_a_suspend_is_an_edit_of_that_very_run_and_says_what_goes_on(
    cli: Cli, cluster: FakeCluster
) -> None:
    outcome = cli("suspend", "ad-1")

    assert outcome.lines == [
        "ad-1: suspended, nothing new starts; at work, and going on: build",
    ]
    (sent,) = cluster.sent("PATCH", "/ad-1")
    assert sent.json == {"metadata": {"uid": UID}, "spec": {"suspend": True}}
    assert sent.headers["Content-Type"] == "application/merge-patch+json"
    assert sent.query == {}


def test_a_dry_run_is_judged_by_the_api_server_and_stored_by_nobody(
    cli: Cli, cluster: FakeCluster
) -> None:
    outcome = cli("priority", "ad-1", "10", "--dry-run")

    assert outcome.lines == ["ad-1: priority 0 -> 10 (dry run: nothing was written)"]
    assert cluster.sent("PATCH", "/ad-1")[0].query == {"dryRun": "All"}


def test_a_negative_priority_stands_behind_two_dashes(cli: Cli, cluster: FakeCluster) -> None:
    assert cli("priority", "ad-1", "--", "-5").lines == ["ad-1: priority 0 -> -5"]
    assert cluster.sent("PATCH", "/ad-1")[0].json["spec"] == {"priority": -5}


def test_what_is_so_already_is_said(cli: Cli) -> None:
    assert cli("resume", "ad-1").lines == ["ad-1 is not suspended"]
    assert cli("priority", "ad-1", "0").lines == ["ad-1 has priority 0 already"]


@pytest.mark.parametrize("command", [["suspend", "ad-1"], ["priority", "ad-1", "3"]])
def test_a_run_that_has_ended_is_left_alone(
    cli: Cli, cluster: FakeCluster, command: list[str]
) -> None:
    cluster.add(run_of(stage("build", "Succeeded"), summary=names.COMPLETED))

    outcome = cli(*command)

    assert outcome.code == 1
    assert "it has ended (Completed)" in outcome.err
    assert not cluster.sent("PATCH", "/ad-1")


def test_a_right_that_is_missing_is_said_as_the_policy_tells_it(
    cli: Cli, cluster: FakeCluster
) -> None:
    denied = "you may not prioritize pipelinejobs in namespace default"
    cluster.routes["PATCH", PATH] = lambda _: status(403, denied)

    outcome = cli("priority", "ad-1", "10")

    assert outcome.code == 1
    assert denied in outcome.err


def test_status_of_a_suspended_run_names_the_command_that_resumes_it(
    cli: Cli, cluster: FakeCluster
) -> None:
    suspended = ACTIVE.spec.model_copy(update={"suspend": True})
    cluster.add(ACTIVE.model_copy(update={"spec": suspended}))

    assert cli("status", "ad-1").lines[-2] == "Next: stagework resume ad-1"
