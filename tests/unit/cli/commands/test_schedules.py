import json
from typing import Any

import pytest

from tests.support.schedules.cluster import WHERE, ScheduleCluster
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, ok

STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "summary": "Scheduled",
    "schedule": "0 2 * * *",
    "description": "At 02:00 every day",
    "active": 1,
    "next": "2026-11-04 02:00:00",
    "nextScheduleTime": "2026-11-03T17:00:00Z",
    "nextRunTimes": ["2026-11-04T02:00:00+09:00", "2026-11-05T02:00:00+09:00"],
    "lastScheduleTime": "2026-11-03T08:00:00Z",
    "countsFrom": "2026-10-01T00:00:00Z",
    "activeRuns": [{"name": "nightly-1", "uid": "u", "slot": "2026-11-02T17:00:00Z"}],
    "stats": {
        "totalExecutions": 33,
        "successfulExecutions": 30,
        "failedExecutions": 2,
        "averageExecutionSeconds": 95,
        "skipped": 1,
    },
}


@pytest.fixture
def cluster() -> ScheduleCluster:
    made = ScheduleCluster()
    about = {"creationTimestamp": "2026-10-01T00:00:00Z"}
    made.put(
        *("nightly", {"cron": "0 2 * * *"}),
        metadata=about,
        spec={"timeZone": "Asia/Seoul"},
        status=STATUS,
    )
    who = {"status": {"userInfo": {"username": "ops@example.org"}}}
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    made.routes["POST", review] = lambda _: ok(who, 201)
    return made


def test_the_list_has_the_columns_of_kubectl(cli: Cli) -> None:
    outcome = cli("schedule", "list")
    assert outcome.code == 0
    titles, row = outcome.lines
    assert titles.split() == ["NAME", "STATUS", "SCHEDULE", "TZ", "ACTIVE", "LAST", "NEXT", "AGE"]
    assert row.startswith("nightly   Scheduled   0 2 * * *   Asia/Seoul   1")
    (listed,) = json.loads(cli("schedule", "list", "-o", "json").out)
    assert (listed["name"], listed["next"]) == ("nightly", "2026-11-04 02:00:00")


def test_a_page_of_one(cli: Cli) -> None:
    assert cli("schedule", "show", "nightly").lines == [
        "nightly: Scheduled",
        "  when: At 02:00 every day (Asia/Seoul)",
        ("  runs: 33 made, 30 succeeded, 95s on average, 2 failed, 1 active; 1 slots skipped"),
        "  active: nightly-1",
        "  next: 2026-11-04T02:00:00+09:00",
        "  next: 2026-11-05T02:00:00+09:00",
    ]
    shown = json.loads(cli("schedule", "show", "nightly", "-o", "json").out)
    assert shown["status"]["stats"]["totalExecutions"] == 33
    missing = cli("schedule", "show", "daily")
    assert missing.code == 1
    assert "stagework schedule list" in missing.err


def test_the_next_slots_are_computed_by_the_operators_code(cli: Cli) -> None:
    lines = cli("schedule", "next", "nightly").lines
    assert lines == [f"2026-11-{day:02}T02:00:00+09:00" for day in range(4, 9)]


def test_how_it_stands_with_all(cli: Cli) -> None:
    assert cli("schedule", "status").lines == [
        "is_running: true",
        "job_count: 1",
        "next: 2026-11-03T17:00:00+00:00 nightly",
    ]
    assert json.loads(cli("schedule", "status", "-o", "json").out) == {
        "is_running": True,
        "job_count": 1,
        "next_run_times": [{"job_id": "nightly", "next_run_time": "2026-11-03T17:00:00+00:00"}],
    }


def test_one_is_made(cli: Cli, cluster: ScheduleCluster) -> None:
    words = ("schedule", "create", "often", "--pipeline", "report", "--every", 60)
    outcome = cli(*words, "--param", "who=me", "--zone", "Europe/Berlin")
    assert outcome.lines == ["scheduledjob.stagework.dev/often created"]
    assert cluster.stored("often")["spec"] == {
        "schedule": {"intervalSeconds": 60},
        "timeZone": "Europe/Berlin",
        "template": {"pipelineJob": {"pipelineRef": {"name": "report"}, "params": {"who": "me"}}},
    }
    tried = cli(
        "schedule", "create", "never", "--pipeline", "report", "--cron", "0 2 * * *", "--dry-run"
    )
    assert "nothing was written" in tried.out
    assert f"{WHERE}/never" not in cluster.objects
    assert cli(*words, "--param", "who").code == 1


def test_pause_resume_and_remove(cli: Cli, cluster: ScheduleCluster) -> None:
    assert "nothing was written" in cli("schedule", "pause", "nightly", "--dry-run").out
    assert "suspend" not in cluster.stored("nightly")["spec"]
    assert cli("schedule", "pause", "nightly").lines == ["nightly: paused: no slot runs"]
    assert cluster.stored("nightly")["spec"]["suspend"] is True
    assert cli("schedule", "next", "nightly").lines == ["no slot is to come"]
    assert cli("schedule", "resume", "nightly").code == 0
    assert cluster.stored("nightly")["spec"]["suspend"] is False
    assert "nothing was written" in cli("schedule", "remove", "nightly", "--dry-run").out
    assert cli("schedule", "remove", "nightly").lines == [
        "scheduledjob.stagework.dev/nightly deleted"
    ]
    for verb in ("pause", "resume", "remove"):
        assert cli("schedule", verb, "nightly").code == 1


def test_what_people_ask_is_an_intervention(cli: Cli, cluster: ScheduleCluster) -> None:
    def answered() -> None:
        for path, body in cluster.objects.items():
            if path.startswith(f"{GROUP}/namespaces/default/interventions"):
                given = {"answered": "2026-11-03T09:02:00Z", "requested": 1, "affected": 1}
                body["status"] = given

    cli.on_sleep = answered
    outcome = cli("schedule", "skip-next", "nightly", "--reason", "holiday")
    assert outcome.code == 0
    (made,) = cluster.sent("POST", "/interventions")
    assert made.json["spec"]["verb"] == "SkipNext"
    assert made.json["spec"]["target"]["kind"] == "ScheduledJob"
    assert made.json["metadata"]["ownerReferences"][0]["kind"] == "ScheduledJob"


def test_a_preview_writes_nothing(cli: Cli, cluster: ScheduleCluster) -> None:
    outcome = cli("schedule", "skip-next", "nightly", "--dry-run")
    assert "would be skipped: 2026-11-04T02:00:00+09:00" in outcome.out
    refused = cli("schedule", "run-now", "nightly", "--dry-run")
    assert refused.code == 1
    assert "MaxInstancesReached (as many of its runs" in refused.out
    assert cluster.sent("POST", "/interventions") == []
