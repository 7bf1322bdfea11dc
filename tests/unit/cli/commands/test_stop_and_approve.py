"""`stagework stop` and `stagework approve`: what they ask for, and what a dry run says."""

import pytest

from stagework.api import names
from tests.support.builders.written_runs import UID, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, ok

WHERE = f"{GROUP}/namespaces/default/interventions"
ACTIVE = run_of(
    stage("build", "Running"),
    stage("publish", "Waiting", reason=names.WAIT_APPROVAL),
    stage("after", "Waiting", reason=names.WAIT_DEPENDENCY),
    summary=names.RUNNING,
)


@pytest.fixture(autouse=True)
def people(cli: Cli, cluster: FakeCluster) -> None:
    """A run at work, its Pipeline, a name for the caller, and an operator who does as told."""
    cluster.add(ACTIVE)
    who = {"status": {"userInfo": {"username": "ops@example.org"}}}
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    cluster.routes["POST", review] = lambda _: ok(who, 201)
    stages = [{"name": stage.name, "image": "x"} for stage in ACTIVE.status.stages]
    cluster.objects[f"{GROUP}/namespaces/default/pipelines/ad-image"] = {"spec": {"stages": stages}}

    def written() -> None:
        for path, body in cluster.objects.items():
            if path.startswith(WHERE):
                body["status"] = {"answered": "2026-11-03T09:02:00Z", "requested": 1, "affected": 1}

    cli.on_sleep = written


def test_a_stop_names_no_stage_and_no_attempt(cli: Cli, cluster: FakeCluster) -> None:
    outcome = cli("stop", "ad-1", "--reason", "wrong prompt")

    assert outcome.code == 0, outcome.err
    (made,) = cluster.sent("POST", "/interventions")
    assert made.json["spec"] == {
        "target": {"kind": "PipelineJob", "name": "ad-1", "uid": UID},
        "verb": "Stop",
        "reason": "wrong prompt",
        "requestedBy": "ops@example.org",
    }


def test_a_dry_run_of_a_stop_says_what_would_be_ended_and_writes_nothing(
    cli: Cli, cluster: FakeCluster
) -> None:
    outcome = cli("stop", "ad-1", "--dry-run")

    assert outcome.lines == [
        "requested 3, affected 3, refused 0 (dry run: nothing was written)",
        "  would be stopped: build",
        "  would not be run: publish",
        "  would not be run: after",
        "  the run would end: Stopped",
    ]
    assert not cluster.sent("POST", "/interventions")


def test_a_stop_of_a_run_that_has_ended_is_refused_with_the_reason(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add(run_of(stage("build", "Succeeded"), summary=names.COMPLETED))

    outcome = cli("stop", "ad-1", "--dry-run")

    assert outcome.code == 1
    assert outcome.lines[1] == (
        "  refused the request: AlreadyEnded (all of its stages have ended, or are being ended)"
    )


def test_a_run_that_waits_for_its_pipeline_may_be_stopped(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(summary=names.PIPELINE_NOT_FOUND))

    outcome = cli("stop", "ad-1", "--dry-run")

    assert outcome.code == 0
    assert outcome.lines == [
        "requested 1, affected 1, refused 0 (dry run: nothing was written)",
        "  would be stopped: the run",
        "  the run would end: Stopped",
    ]


def test_an_approval_without_a_stage_is_for_all_that_wait(cli: Cli, cluster: FakeCluster) -> None:
    assert cli("approve", "ad-1").code == 0

    spec = cluster.sent("POST", "/interventions")[0].json["spec"]
    assert spec["verb"] == "Approve"
    assert "stages" not in spec
    assert cli("approve", "ad-1", "--dry-run").lines[1] == "  would be approved: publish"


def test_an_approval_of_what_does_not_wait_for_it_is_refused(cli: Cli) -> None:
    outcome = cli("approve", "ad-1", "--stage", "after", "--dry-run")

    assert outcome.code == 1
    assert "NotAwaitingApproval (it does not wait for approval now)" in outcome.out


def test_status_names_the_command_that_lets_it_go_on(cli: Cli) -> None:
    assert cli("status", "ad-1").lines[-2] == "Next: stagework approve ad-1 --stage publish"


def test_status_of_a_stopped_run_says_who_stopped_it_and_how_to_go_on(
    cli: Cli, cluster: FakeCluster
) -> None:
    why = "ops@example.org: wrong prompt"
    cluster.add(
        run_of(
            stage("build", "Failed", reason=names.STOPPED_BY_PERSON, message=why),
            stage("after", "NotRun", reason=names.STOPPED_BY_PERSON, message=why),
            summary=names.STOPPED,
            message=f"stopped by {why}",
        )
    )

    lines = cli("status", "ad-1").lines

    assert lines[1] == "stopped by ops@example.org: wrong prompt"
    assert lines[-2] == "Next: stagework retry ad-1"
