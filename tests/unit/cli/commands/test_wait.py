from stagework.api import names
from stagework.cli.errors import ClusterUnreachable
from tests.support.builders.written_runs import run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster

RUNNING = run_of(stage("ocr_eval", "Running", start=1))
DONE = run_of(stage("ocr_eval", "Succeeded", end=30), summary=names.COMPLETED, end=31)
FAILED = run_of(
    stage("ocr_eval", "Failed", reason="NonZeroExit", message="no font", end=30),
    summary=names.STAGE_FAILED,
    end=31,
)


def test_success_is_exit_0(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.change(DONE)
    outcome = cli("wait", "ad-1")
    assert (outcome.code, outcome.lines) == (0, ["ad-1 succeeded: Completed in 31s"])


def test_failure_is_exit_1_at_once_with_stage_message_and_next_command(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add(RUNNING, run_of(name="other", uid="2"))
    cluster.change(FAILED)
    outcome = cli("wait", "ad-1", "other")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: ad-1 failed at ocr_eval (StageFailed): no font",
        "  next: stagework logs ad-1 ocr_eval",
    ]


def test_no_end_in_time_is_exit_2_and_says_where_it_stands(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(stage("a", reason=names.WAIT_SLOT, message="3rd for gpu"), summary="Queued"))
    outcome = cli("wait", "ad-1", "--timeout", "0")
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "error: time ran out: ad-1 is Queued 0/1, waits for a: NoFreeSlot: 3rd for gpu",
        "  next: stagework status ad-1",
    ]


def test_a_run_that_does_not_exist_is_exit_1_at_once(cli: Cli) -> None:
    assert cli("wait", "nope").code == 1


def test_a_run_that_is_deleted_meanwhile_is_exit_1(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.remove(RUNNING)
    outcome = cli("wait", "ad-1")
    assert outcome.code == 1
    assert "ad-1 was deleted while waiting" in outcome.err


def test_all_of_several_runs_must_succeed(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(DONE, run_of(name="b", uid="b"))
    cluster.change(run_of(name="b", uid="b", summary=names.COMPLETED_WITH_SKIPS, end=9))
    outcome = cli("wait", "ad-1", "b")
    assert outcome.code == 0
    assert outcome.lines[-1] == "b succeeded: CompletedWithSkips in 9s"


def test_a_watch_that_is_too_old_is_mended_by_a_new_list(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.events.put(lambda: cluster.add(DONE))
    cluster.events.put({"type": "ERROR", "object": {"code": 410}})
    assert cli("wait", "ad-1").code == 0


def test_an_outage_is_a_warning_and_the_wait_goes_on(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.events.put(ClusterUnreachable("the line is dead"))
    cluster.change(DONE)
    outcome = cli("wait", "ad-1")
    assert outcome.code == 0
    assert "warning: the line is dead; trying again" in outcome.err
