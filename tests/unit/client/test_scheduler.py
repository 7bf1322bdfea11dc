"""The old scheduler's calls, each with what it makes and answers."""

from datetime import UTC, datetime, timedelta

import pytest

from stagework.cli.errors import Refused
from stagework.client import Scheduler
from tests.support.schedules.cluster import ScheduleCluster


@pytest.fixture
def cluster() -> ScheduleCluster:
    return ScheduleCluster()


@pytest.fixture
def scheduler(cluster: ScheduleCluster) -> Scheduler:
    return Scheduler(cluster, time_zone="Asia/Seoul")


def test_an_interval(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    job = scheduler.add_interval_job("report", job_id="api_sync", minutes=30, name="Sync")
    assert (job.id, job.name, job.next_run_time) == ("api_sync", "Sync", None)
    assert cluster.stored("api-sync")["spec"] == {
        "timeZone": "Asia/Seoul",
        "schedule": {"intervalSeconds": 1800},
        "template": {"pipelineJob": {"pipelineRef": {"name": "report"}}},
    }
    scheduler.add_interval_job("report", job_id="long", days=1, hours=2, minutes=3, seconds=4)
    assert cluster.stored("long")["spec"]["schedule"] == {"intervalSeconds": 93784}


CRON: dict[str, tuple[dict[str, int | str], str]] = {
    "an hour": ({"hour": 2}, "0 2 * * *"),
    "an hour and a minute": ({"hour": 2, "minute": 30}, "30 2 * * *"),
    "a minute of each hour": ({"minute": 5}, "5 * * * *"),
    "every fifth minute": ({"minute": "*/5"}, "*/5 * * * *"),
    "nothing: every minute": ({}, "* * * * *"),
    "0 is Monday": ({"day_of_week": 0, "hour": 3}, "0 3 * * 1"),
    "6 is Sunday": ({"day_of_week": "6", "hour": 3}, "0 3 * * 7"),
    "a name": ({"day_of_week": "sun", "hour": 3}, "0 3 * * 7"),
    "days by name": ({"day_of_week": "mon-fri", "hour": 9}, "0 9 * * 1-5"),
    "days by number": ({"day_of_week": "0-4", "hour": 9}, "0 9 * * 1-5"),
    "a list of days": ({"day_of_week": "sat,6", "hour": 9}, "0 9 * * 6,7"),
    "every second day": ({"day_of_week": "*/2", "hour": 9}, "0 9 * * */2"),
    "a day alone: at midnight": ({"day_of_week": "mon"}, "0 0 * * 1"),
    "a date": ({"day": 15}, "0 0 15 * *"),
    "the last day": ({"day": "last", "hour": 4}, "0 4 L * *"),
    "the second Tuesday": ({"day": "2nd tue", "hour": 4}, "0 4 * * 2#2"),
    "the last Friday": ({"day": "last fri"}, "0 0 * * 5L"),
    "a month: its first day": ({"month": 3}, "0 0 1 3 *"),
}


@pytest.mark.parametrize("row", CRON)
def test_cron(scheduler: Scheduler, cluster: ScheduleCluster, row: str) -> None:
    fields, wanted = CRON[row]
    scheduler.add_cron_job("report", job_id="it", **fields)  # pyright: ignore[reportArgumentType]
    assert cluster.stored("it")["spec"]["schedule"] == {"cron": wanted}


@pytest.mark.parametrize("day", [7, "8", "someday", "-1"])
def test_a_day_that_is_none_is_refused(scheduler: Scheduler, day: int | str) -> None:
    with pytest.raises(ValueError, match="day"):
        scheduler.add_cron_job("report", job_id="it", day_of_week=day)


def test_a_date(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    scheduler.add_date_job("report", job_id="it", run_date=datetime(2026, 12, 1, 9))  # noqa: DTZ001
    assert cluster.stored("it")["spec"]["schedule"] == {"at": "2026-12-01T09:00:00"}
    with_offset = datetime(2026, 12, 1, 9, tzinfo=UTC)
    scheduler.add_date_job("report", job_id="it", run_date=with_offset, maxInstances=2)
    spec = cluster.stored("it")["spec"]
    assert spec["schedule"] == {"at": "2026-12-01T09:00:00+00:00"}
    assert spec["maxInstances"] == 2


def test_ids_are_unique_and_the_last_one_counts(
    scheduler: Scheduler, cluster: ScheduleCluster
) -> None:
    scheduler.add_interval_job("report", job_id="it", minutes=1)
    cluster.stored("it")["status"] = {"stats": {"totalExecutions": 3}}
    scheduler.add_cron_job("other", job_id="it", hour=1)
    assert cluster.stored("it")["spec"]["schedule"] == {"cron": "0 1 * * *"}
    stats = scheduler.job_stats.get_stats("it")
    assert stats is not None
    assert stats["total_executions"] == 3
    scheduler.add_interval_job("report", job_id="a_b", minutes=1)
    with pytest.raises(Refused, match="would be one object"):
        scheduler.add_interval_job("report", job_id="a-b", minutes=1)


def test_a_custom_job_is_a_pipeline_with_its_data(
    scheduler: Scheduler, cluster: ScheduleCluster
) -> None:
    job = scheduler.register_custom_job(
        "Nightly report",
        {"who": "me", "limit": 3},
        pipeline="report",
        schedule={"cron": "0 2 * * *"},
    )
    assert (job.id, job.name) == ("Nightly report", "Nightly report")
    run = cluster.stored("nightly-report")["spec"]["template"]["pipelineJob"]
    assert run == {"pipelineRef": {"name": "report"}, "params": {"who": "me", "limit": "3"}}


def test_what_there_is_and_how_it_stands(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    said = {"observedGeneration": 1, "schedule": "every 5m", "summary": "Scheduled"}
    next_time = {"nextScheduleTime": soon.isoformat()}
    cluster.put("others", {"intervalSeconds": 300}, status={**said, **next_time})
    scheduler.add_interval_job("report", job_id="own_one", minutes=5)
    cluster.stored("own-one")["status"] = said
    assert [job.id for job in scheduler.get_all_jobs()] == ["others", "own_one"]
    job = scheduler.get_job("others")
    assert job is not None
    assert (job.name, job.trigger, job.next_run_time) == ("others", "every 5m", soon)
    assert scheduler.get_scheduler_status() == {
        "is_running": True,
        "job_count": 2,
        "next_run_times": [{"job_id": "others", "next_run_time": soon}],
    }
    assert set(scheduler.job_stats.get_stats()) == {"others", "own_one"}


def test_nobody_runs_what_is_overdue(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    past = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    status = {"observedGeneration": 1, "nextScheduleTime": past}
    cluster.put("late", {"intervalSeconds": 300}, status=status)
    assert scheduler.get_scheduler_status()["is_running"] is False


def test_pause_resume_and_removal(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    scheduler.add_interval_job("report", job_id="it", minutes=5)
    assert scheduler.pause_job("it")
    assert cluster.stored("it")["spec"]["suspend"] is True
    assert scheduler.resume_job("it")
    assert cluster.stored("it")["spec"]["suspend"] is False
    assert scheduler.unregister_job("it")
    assert scheduler.get_job("it") is None
    assert scheduler.job_stats.get_stats("it") is None
    assert [call("it") for call in (scheduler.pause_job, scheduler.resume_job)] == [False, False]
    assert not scheduler.unregister_job("it")


def test_the_five_figures(scheduler: Scheduler, cluster: ScheduleCluster) -> None:
    stats = {
        "totalExecutions": 5,
        "successfulExecutions": 3,
        "failedExecutions": 1,
        "lastExecution": "2026-03-01T00:00:00Z",
        "averageExecutionSeconds": 42,
    }
    cluster.put("it", {"intervalSeconds": 300}, status={"stats": stats})
    assert scheduler.job_stats.get_stats("it") == {
        "total_executions": 5,
        "successful_executions": 3,
        "failed_executions": 1,
        "last_execution": datetime(2026, 3, 1, tzinfo=UTC),
        "average_execution_time": 42.0,
    }


@pytest.mark.parametrize("job_id", ["", "---", "日本"])
def test_an_id_that_can_be_no_name(scheduler: Scheduler, job_id: str) -> None:
    with pytest.raises(ValueError, match="job_id"):
        scheduler.add_interval_job("report", job_id=job_id, minutes=1)
