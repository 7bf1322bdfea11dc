"""`stagework logs`: live, then kept."""

import pytest

from stagework.api import names
from stagework.api.stage_status import EndedAttempt, StageStatus
from stagework.cli.cluster import Answer
from tests.support.builders.written_runs import UID, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import PROXY, FakeCluster, ok, status

PODS = "/api/v1/namespaces/default/pods"
LOG = f"{PODS}/ad-1-ocr-x/log"
KEPT = f"{PROXY}/v1/runs/default/ad-1/logs/ocr/1"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
FAILED = stage("ocr", "Failed", reason="NonZeroExit", message="exit code 1").evolve(
    pod="p1", logLine="KeyError: 'title'"
)


def _stands(cluster: FakeCluster, *stages: StageStatus) -> None:
    cluster.add(run_of(*stages, summary=names.STAGE_FAILED))


def _pods(cluster: FakeCluster, *pods: dict[str, object]) -> None:
    cluster.routes["GET", PODS] = lambda _: ok({"items": list(pods)})


def _pod(state: str = "terminated", uid: str = "p1") -> dict[str, object]:
    about = {"name": "ad-1-ocr-x", "uid": uid}
    return {
        "metadata": about,
        "status": {"containerStatuses": [{"name": "stage", "state": {state: {}}}]},
    }


@pytest.fixture(autouse=True)
def _may(cluster: FakeCluster) -> None:
    cluster.routes["POST", REVIEW] = lambda _: ok({"status": {"allowed": True}}, 201)


def test_the_log_of_the_stage_that_failed_is_read_where_its_pod_is(
    cli: Cli, cluster: FakeCluster
) -> None:
    _stands(cluster, stage("draw", "Succeeded"), FAILED)
    _pods(cluster, _pod(uid="other"), _pod())
    cluster.routes["GET", LOG] = lambda _: Answer(200, b"reading\n\n\x1b[31mKeyError\x1b[0m\tx\n")

    outcome = cli("logs", "ad-1")

    assert outcome.code == 0
    assert outcome.out == "reading\n\nKeyError\tx\n"
    assert outcome.err == (
        "ocr, attempt 1, Failed: NonZeroExit: exit code 1; its log ends: KeyError: 'title'\n"
    )
    (asked,) = cluster.sent("GET", "/pods")
    assert asked.query["labelSelector"] == (
        f"stagework.dev/run-uid={UID},stagework.dev/stage=ocr,stagework.dev/attempt=1"
    )
    (read,) = cluster.sent("GET", "/log")
    assert read.query == {"container": "stage"}


def test_of_a_pod_that_is_gone_the_kept_log_is_fetched(cli: Cli, cluster: FakeCluster) -> None:
    _stands(cluster, FAILED)
    _pods(cluster)
    cluster.routes["GET", KEPT] = lambda _: Answer(200, b"one\ntwo")

    outcome = cli("logs", "ad-1", "ocr")

    assert outcome.lines == ["one", "two"]
    assert "its Pod is gone: this was kept" in outcome.err


def test_whoever_may_not_read_logs_is_not_given_a_kept_one(cli: Cli, cluster: FakeCluster) -> None:
    _stands(cluster, FAILED)
    _pods(cluster)
    cluster.routes["POST", REVIEW] = lambda _: ok({"status": {"allowed": False}}, 201)
    cluster.routes["GET", KEPT] = lambda _: Answer(200, b"secret")

    outcome = cli("logs", "ad-1")

    assert (outcome.code, outcome.out) == (1, "")
    assert "you may not get pods/log in namespace default" in outcome.err
    assert not cluster.sent("GET", "/logs/ocr/1")


def test_an_account_without_the_right_is_said_which_role_gives_it(
    cli: Cli, cluster: FakeCluster
) -> None:
    _stands(cluster, FAILED)
    _pods(cluster)
    cluster.routes["GET", KEPT] = lambda _: Answer(403, b'{"error": "you may not get pods/log"}')

    outcome = cli("logs", "ad-1")

    assert outcome.code == 1
    assert "--clusterrole=stagework-logs --user=jane" in outcome.err


def test_an_earlier_attempt_is_read_by_its_number(cli: Cli, cluster: FakeCluster) -> None:
    before = EndedAttempt(attempt=1, reason="TimedOut")
    _stands(cluster, stage("ocr", "Running", attempt=2).evolve(pod="p2", earlier=[before]))
    _pods(cluster)
    cluster.routes["GET", KEPT] = lambda _: Answer(200, b"hung\n")

    outcome = cli("logs", "ad-1", "ocr", "--attempt", "1")

    assert outcome.lines == ["hung"]
    assert outcome.err.startswith("ocr, attempt 1: TimedOut")


def test_of_a_stage_that_waits_for_its_next_attempt_the_last_one_is_read(
    cli: Cli, cluster: FakeCluster
) -> None:
    _stands(cluster, stage("ocr", reason=names.WAIT_BACKOFF, attempt=2))
    _pods(cluster, _pod())
    cluster.routes["GET", LOG] = lambda _: Answer(200, b"no\n")

    assert cli("logs", "ad-1").lines == ["no"]
    assert cluster.sent("GET", "/pods")[0].query["labelSelector"].endswith("attempt=1")


WHY = {
    "it waits": (
        stage("ocr", reason="NoFreeSlot", message="2nd of 3"),
        "1",
        "NoFreeSlot: 2nd of 3",
    ),
    "it was not run": (
        stage("ocr", "NotRun", reason="UpstreamFailed", message="layout failed"),
        "1",
        "it was not run (UpstreamFailed: layout failed)",
    ),
    "it is done": (
        stage("ocr", "Succeeded", start=1),
        "1",
        "its Pod is gone, and only logs of attempts that failed are kept",
    ),
    "there was none": (FAILED, "7", "its last attempt is 1"),
    "it was not kept": (FAILED, "1", "its Pod is gone, and none was kept of it"),
}


@pytest.mark.parametrize(("own", "number", "why"), WHY.values(), ids=WHY)
def test_where_there_is_no_log_it_says_why(
    cli: Cli, cluster: FakeCluster, own: StageStatus, number: str, why: str
) -> None:
    _stands(cluster, own)
    _pods(cluster)
    for attempt in ("1", "7"):
        path = f"{PROXY}/v1/runs/default/ad-1/logs/ocr/{attempt}"
        cluster.routes["GET", path] = lambda _: Answer(404, b'{"error": "no log"}')

    outcome = cli("logs", "ad-1", "ocr", "--attempt", number)

    assert outcome.code == 1
    assert why in outcome.err


def test_of_a_log_that_never_was_nobody_is_asked(cli: Cli, cluster: FakeCluster) -> None:
    _stands(cluster, stage("ocr", "NotRun", reason="UpstreamFailed", message="layout failed"))
    _pods(cluster)

    assert cli("logs", "ad-1", "ocr").code == 1
    assert not any(request.path.startswith(PROXY) for request in cluster.requests)


def test_following_waits_for_the_start_and_reads_until_the_end(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add(run_of(stage("ocr", "Starting").evolve(pod="p1")))
    _pods(cluster, _pod("waiting"))
    cluster.routes["GET", LOG] = lambda _: Answer(200, b"begun\n")

    def start() -> None:
        _pods(cluster, _pod("running"))

    cli.on_sleep = start

    outcome = cli("logs", "ad-1", "ocr", "-f")

    assert outcome.lines == ["begun"]
    assert cli.slept == [1.0]
    assert cluster.sent("GET", "/log")[0].query["follow"] == "true"


def test_a_stage_that_is_not_there_is_named_with_those_that_are(
    cli: Cli, cluster: FakeCluster
) -> None:
    _stands(cluster, FAILED)

    outcome = cli("logs", "ad-1", "orc")

    assert outcome.code == 1
    assert "ad-1 has no stage 'orc'; it has ocr" in outcome.err


def test_a_log_that_may_not_be_read_says_what_is_missing(cli: Cli, cluster: FakeCluster) -> None:
    _stands(cluster, FAILED)
    _pods(cluster, _pod())
    text = (
        'pods "x" is forbidden: User "ann" cannot get resource "pods/log" in API group "" in the'
        ' namespace "default"'
    )
    cluster.routes["GET", LOG] = lambda _: status(403, text)

    outcome = cli("logs", "ad-1")

    assert outcome.code == 1
    assert "ann may not get pods/log" in outcome.err
