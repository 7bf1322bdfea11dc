import re
import signal
from pathlib import Path

import pytest

from stagework.api import names
from stagework.cli.cluster import Answer
from stagework.cli.commands.monitor import seconds_of
from stagework.cli.errors import ClusterUnreachable
from stagework.cli.feed import REFUSALS_MAX
from tests.support.builders.written_runs import at, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, Request, status

RUNNING = run_of(stage("vlm_analyze", "Running", start=1))
DONE = run_of(stage("vlm_analyze", "Succeeded", end=150), summary=names.COMPLETED, end=151)


def test_a_run_is_followed_to_its_end_line_by_line(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.change(DONE)
    outcome = cli("monitor", "ad-1", "--until-done", "--interval", "0.1")
    assert outcome.code == 0
    assert outcome.lines[0] == "stagework monitor"
    assert outcome.lines[-3:] == [
        "[Job 3b87ab59...] [100s] picked up default/ad-1 - Running, 0/1 done, vlm_analyze Running",
        "[Job 3b87ab59...] [150s] vlm_analyze - Status: done",
        "[Job 3b87ab59...] [151s] completed - ad-1: Completed in 151s",
    ]


def test_the_banner_tells_the_settings(cli: Cli) -> None:
    shown = cli("monitor", "--once", "--tenant", "7", "--since", "15m", "--limit", "3").out
    for text in ("tenant:", " 7", "900s", "3 at most", "600s (a warning)", "auto-create:", "off"):
        assert text in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_runs_go_on(
    cli: Cli, cluster: FakeCluster, number: signal.Signals
) -> None:
    cluster.add(RUNNING)
    before = signal.getsignal(number)
    cli.alarms = {5: number}
    outcome = cli("monitor")
    assert outcome.code == 0
    assert outcome.lines[-1] == "monitor stopped; 1 followed run goes on without it"
    assert signal.getsignal(number) is before


def test_sigusr1_lists_what_is_monitored(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cli.alarms = {4: signal.SIGUSR1, 7: signal.SIGTERM}
    assert cli("monitor").lines.count("Monitoring 1 job:") == 1


def test_what_is_monitored_is_listed_each_minute(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cli.step_seconds = 40
    outcome = cli("monitor", "ad-1", "--until-done", "--timeout", "300")
    assert outcome.lines.count("Monitoring 1 job:") > 1


def test_new_runs_are_picked_up_by_themselves(cli: Cli, cluster: FakeCluster) -> None:
    cli.step_seconds = 0.5
    cli.alarms = {8: signal.SIGTERM}
    cluster.change(DONE)
    outcome = cli("monitor", "--interval", "0.1")
    assert "picked up default/ad-1" in outcome.out


def test_a_failure_ends_with_exit_1_when_it_runs_until_done(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.change(
        run_of(stage("vlm_analyze", "Failed", message="no"), summary=names.STAGE_FAILED, end=9)
    )
    outcome = cli("monitor", "--until-done", "--interval", "0.1")
    assert outcome.code == 1
    assert "failed - ad-1 at vlm_analyze: no (next: stagework logs ad-1" in outcome.out


def test_a_timeout_is_a_warning_and_exit_2_when_it_runs_until_done(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add(RUNNING)
    cli.step_seconds = 1
    outcome = cli("monitor", "--until-done", "--timeout", "3", "--interval", "0.1")
    assert outcome.code == 2
    assert re.search(r"WARNING timeout - ad-1 is not done 3s after it was picked up", outcome.out)


def test_an_outage_is_said_and_the_monitor_goes_on(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)
    cluster.events.put(ClusterUnreachable("the line is dead"))
    cluster.change(DONE)
    outcome = cli("monitor", "ad-1", "--until-done", "--interval", "0.1")
    assert "WARNING the line is dead; trying again" in outcome.lines
    assert outcome.code == 0


def test_auto_create_makes_runs_from_the_template(
    cli: Cli, cluster: FakeCluster, tmp_path: Path
) -> None:
    template = tmp_path / "ad.yaml"
    template.write_text(
        "kind: Pipeline\n---\nkind: PipelineJob\nmetadata: {name: ad}\n"
        "spec: {pipelineRef: {name: ad-image}}\n"
    )
    cli.step_seconds = 5
    cli.alarms = {6: signal.SIGTERM}
    words = ("--auto-create", "--create-interval", "10", "--template", template, "--tenant", "7")
    outcome = cli("monitor", *words)
    made = cluster.sent("POST", "/pipelinejobs")
    assert made[0].json["metadata"]["generateName"] == "ad-"
    assert made[0].json["spec"] == {"pipelineRef": {"name": "ad-image"}, "tenant": "7"}
    assert "[Job uid-1...] created default/ad-00001" in outcome.lines


def test_auto_create_without_a_template_says_what_is_missing(cli: Cli) -> None:
    outcome = cli("monitor", "--auto-create")
    assert outcome.code == 1
    assert "next: stagework monitor --auto-create --template FILE" in outcome.err


def test_a_pipeline_name_is_template_enough(cli: Cli, cluster: FakeCluster) -> None:
    cli.alarms = {5: signal.SIGTERM}
    cli("monitor", "--auto-create", "--pipeline", "ad-image")
    assert cluster.sent("POST", "/pipelinejobs")[0].json["spec"] == {
        "pipelineRef": {"name": "ad-image"}
    }


def test_time_spans_are_written_as_people_do() -> None:
    assert [seconds_of(span) for span in ("90", "90s", "15m", "1h", "2d")] == [
        90,
        90,
        900,
        3600,
        172800,
    ]


def test_a_wrong_time_span_is_explained(cli: Cli) -> None:
    outcome = cli("monitor", "--since", "soon")
    assert outcome.code == 2
    assert "is no time span" in outcome.err


def test_a_list_names_who_holds_the_slots_that_are_waited_for(
    cli: Cli, cluster: FakeCluster
) -> None:
    waits = "waits for a gpu slot: 2nd of 3; 1 of 1 taken by one of another namespace"
    holder = stage("overlay", "Running", start=40).evolve(turnTime=at(40))
    cluster.add(
        run_of(stage("draw", reason=names.WAIT_SLOT, message=waits), name="ad-1"),
        run_of(holder, name="ad-7", namespace="others", uid="uid-7"),
    )

    outcome = cli("monitor", "--once")

    assert outcome.lines[-2:] == [
        "Slots are held by:",
        "  gpu: others/ad-7 (overlay, 60s)",
    ]


def test_of_namespaces_that_one_may_not_read_nobody_is_named(
    cli: Cli, cluster: FakeCluster
) -> None:
    waits = "waits for a gpu slot: 2nd of 3; 1 of 1 taken by one of another namespace"
    cluster.add(run_of(stage("draw", reason=names.WAIT_SLOT, message=waits), name="ad-1"))
    cluster.routes["GET", f"{GROUP}/pipelinejobs"] = lambda _: status(403, "forbidden")

    outcome = cli("monitor", "--once")

    assert outcome.code == 0
    assert "Slots are held by:" not in outcome.lines


FORBIDDEN = 'pipelinejobs.stagework.dev is forbidden: User "me" cannot create resource'


def test_auto_create_stops_after_refusals_that_repeat(cli: Cli, cluster: FakeCluster) -> None:
    cluster.routes["POST", f"{GROUP}/namespaces/default/pipelinejobs"] = lambda _: status(
        403, FORBIDDEN
    )
    cli.step_seconds = 5
    cli.alarms = {400: signal.SIGTERM}
    words = ("--auto-create", "--create-interval", "1", "--pipeline", "ad-image")
    outcome = cli("monitor", *words)
    assert outcome.code == 1
    assert len(cluster.sent("POST", "/pipelinejobs")) == REFUSALS_MAX
    assert f"auto-create was refused {REFUSALS_MAX} times in a row" in outcome.err
    assert outcome.out.count("WARNING auto-create") == REFUSALS_MAX - 1


def test_an_outage_does_not_stop_auto_create(cli: Cli, cluster: FakeCluster) -> None:
    def unreachable(_: Request) -> Answer:
        raise ClusterUnreachable("the line is dead")

    cluster.routes["POST", f"{GROUP}/namespaces/default/pipelinejobs"] = unreachable
    cli.step_seconds = 5
    cli.alarms = {30: signal.SIGTERM}
    words = ("--auto-create", "--create-interval", "1", "--pipeline", "ad-image")
    outcome = cli("monitor", *words)
    assert outcome.code == 0
    assert len(cluster.sent("POST", "/pipelinejobs")) > REFUSALS_MAX


def test_a_right_that_is_taken_away_ends_the_monitor(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(RUNNING)

    def taken() -> None:
        cluster.routes["GET", f"{GROUP}/namespaces/default/pipelinejobs"] = lambda _: status(
            403, "pipelinejobs is forbidden"
        )
        raise ClusterUnreachable("the watch has ended")

    cluster.events.put(taken)
    cli.alarms = {600: signal.SIGTERM}
    outcome = cli("monitor", "--interval", "0.1")
    assert outcome.code == 1
    assert "forbidden" in outcome.err
