"""An administrator looks at the operator: metrics, liveness, logs."""

import json

from tests.support.cluster.commands import RELEASE_NAMESPACE
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import eventually

NAMES = (
    "stagework_stage_duration_seconds_bucket",
    "stagework_stage_attempts_total",
    "stagework_stage_queue_depth",
    "stagework_reconcile_duration_seconds_count",
    "stagework_api_request_duration_seconds_count",
    "stagework_oldest_pending_seconds",
    "stagework_orphans_recovered_total",
    "stagework_leader",
    "stagework_build_info",
)


def test_the_metrics_endpoint_counts_what_happened(space: Space, release: Release) -> None:
    # Counted since the operator's start: of stages that no run before has had.
    once, too = (f"{name}_{space.namespace.rpartition('-')[2]}" for name in ("once", "too"))
    space.apply(run_of("counted", shell(once), shell(too, "exit 1")))
    space.wait_for_end("counted", "StageFailed")
    # Facts are counted when the status has been written: a moment after it can be read.
    counted = {
        f'stagework_stage_attempts_total{{outcome="Succeeded",stage="{once}"}} 1.0',
        f'stagework_stage_attempts_total{{outcome="Failed",stage="{too}"}} 1.0',
    }
    text = eventually(
        lambda: release.scrape(9090, "metrics"),
        lambda text: counted <= {*text.splitlines()},
        seconds=WAIT_SECONDS,
        otherwise=lambda: release.scrape(9090, "metrics"),
    )
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] != "#"}
    assert set(NAMES) <= names, sorted(names)
    assert "stagework_leader 1.0" in text
    # Label values are words of the pipeline and the fleet, never names of runs or namespaces.
    assert "counted" not in text
    assert space.namespace not in text


def test_liveness_answers(release: Release) -> None:
    assert release.scrape(8080, "healthz")


def test_logs_are_one_json_object_a_line(space: Space, release: Release) -> None:
    lines = release.commands.must(
        "-n", RELEASE_NAMESPACE, "logs", "deployment/stagework-operator", "--tail=200"
    ).out.splitlines()
    assert lines
    assert all("message" in json.loads(line) for line in lines)
