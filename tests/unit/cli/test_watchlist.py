from collections.abc import Sequence
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.text.monitor_lines import MonitorLines
from stagework.cli.text.next_steps import Home
from stagework.cli.watchlist import News, Wanted, Watchlist
from tests.support.builders.written_runs import at, run_of, stage


class Monitor:
    """A watchlist whose news are lines as lines."""

    def __init__(
        self,
        wanted: Wanted | None = None,
        *,
        limit: int = 10,
        timeout: float = 600,
        by_name: bool = False,
    ) -> None:
        self.watchlist = Watchlist(wanted or Wanted(), limit=limit, timeout_seconds=timeout)
        self._lines = MonitorLines(Home("default"), by_name)

    @property
    def followed(self) -> list[str]:
        """Names of the runs that are followed."""
        return [run.metadata.name for run in self.watchlist.followed]

    def listed(self, runs: Sequence[PipelineJob], now: datetime) -> list[str]:
        return self._told(self.watchlist.listed(runs, now), now)

    def seen(self, run: PipelineJob, now: datetime) -> list[str]:
        return self._told(self.watchlist.seen(run, now), now)

    def deleted(self, uid: str, now: datetime) -> list[str]:
        return self._told(self.watchlist.deleted(uid), now)

    def poll(self, now: datetime) -> list[str]:
        return self._told(self.watchlist.poll(now), now)

    def _told(self, news: list[News], now: datetime) -> list[str]:
        return [self._lines.line(item, now).text for item in news]


def running(name: str = "ad-1", uid: str = "3b87ab59-1", *, age: float = 0) -> PipelineJob:
    return run_of(stage("vlm_analyze", "Running", start=1), name=name, uid=uid, age=age)


def test_a_step_change_gives_the_line_that_operators_know() -> None:
    runs = Monitor()
    runs.listed([running()], at(10))
    runs.poll(at(10))
    done = run_of(
        stage("vlm_analyze", "Succeeded", start=1, end=150), stage("overlay"), uid="3b87ab59-1"
    )
    assert runs.seen(done, at(151)) == ["[Job 3b87ab59...] [150s] vlm_analyze - Status: done"]


def test_completion_tells_the_total_seconds() -> None:
    runs = Monitor()
    runs.listed([running()], at(10))
    runs.poll(at(10))
    done = run_of(
        stage("vlm_analyze", "Succeeded", start=1, end=311),
        uid="3b87ab59-1",
        summary=names.COMPLETED,
        end=312,
    )
    assert runs.seen(done, at(320))[-1] == (
        "[Job 3b87ab59...] [312s] completed - ad-1: Completed in 312s"
    )
    assert runs.watchlist.idle
    assert runs.watchlist.ends["default/ad-1"].kind == "Succeeded"


def test_a_failure_names_the_step_and_the_next_command() -> None:
    runs = Monitor()
    runs.listed([running()], at(10))
    runs.poll(at(10))
    failed = run_of(
        stage("vlm_analyze", "Failed", reason="NonZeroExit", message="code 3", end=40),
        uid="3b87ab59-1",
        summary=names.STAGE_FAILED,
        end=41,
    )
    assert runs.seen(failed, at(42)) == [
        "[Job 3b87ab59...] [40s] vlm_analyze - Status: failed - NonZeroExit: code 3",
        (
            "[Job 3b87ab59...] [41s] failed - ad-1 at vlm_analyze: code 3 "
            "(next: stagework logs ad-1 vlm_analyze)"
        ),
    ]


def test_a_run_past_its_timeout_is_warned_of_once_and_followed_on() -> None:
    runs = Monitor(timeout=600)
    runs.listed([running()], at(0))
    runs.poll(at(0))
    assert runs.poll(at(599)) == []
    assert runs.poll(at(600)) == [
        (
            "[Job 3b87ab59...] [600s] WARNING timeout - ad-1 is not done 600s after "
            "it was picked up: Running, 0/1 done, vlm_analyze Running"
        )
    ]
    assert runs.poll(at(700)) == []
    assert runs.watchlist.late == ("default/ad-1",)
    assert len(runs.followed) == 1


def test_ten_runs_are_picked_up_in_one_poll_the_oldest_first() -> None:
    runs = Monitor(limit=2)
    runs.listed([running(f"r{n}", f"uid{n}", age=n) for n in range(5)], at(0))
    first = runs.poll(at(1))
    assert [line.split("/")[1].split()[0] for line in first] == ["r4", "r3"]
    assert len(runs.poll(at(2))) == 2
    assert len(runs.poll(at(3))) == 1


def test_runs_older_than_the_time_range_are_left_alone() -> None:
    runs = Monitor(Wanted(since_seconds=3600))
    runs.listed([running("old", "u1", age=3700), running("new", "u2", age=10)], at(0))
    runs.poll(at(0))
    assert runs.followed == ["new"]


def test_pipeline_and_tenant_choose_the_runs() -> None:
    a = run_of(name="a", uid="a", tenant="7", pipeline="ad-image")
    b = run_of(name="b", uid="b", tenant="8", pipeline="ad-image")
    c = run_of(name="c", uid="c", tenant="7", pipeline="other")
    runs = Monitor(Wanted(pipeline="ad-image", tenant="7"))
    runs.listed([a, b, c], at(0))
    runs.poll(at(0))
    assert runs.followed == ["a"]


def test_a_run_may_be_picked_up_only_once_a_stage_is_done() -> None:
    runs = Monitor(Wanted(after_stage="img_gen"))
    runs.listed([run_of(stage("img_gen", "Running", start=1))], at(2))
    assert runs.poll(at(2)) == []
    runs.seen(run_of(stage("img_gen", "Succeeded", start=1, end=5)), at(5))
    assert len(runs.poll(at(6))) >= 1


def test_history_is_left_alone_unless_it_is_named() -> None:
    past = run_of(stage("a", "Succeeded", end=5), summary=names.COMPLETED, end=5)
    runs = Monitor()
    runs.listed([past], at(9))
    assert runs.poll(at(9)) == []
    named = Monitor(Wanted(names=frozenset({"ad-1"})))
    named.listed([past], at(9))
    assert named.poll(at(9))[-1].endswith("completed - ad-1: Completed in 5s")


def test_a_run_that_came_and_ended_between_two_polls_is_said_in_full() -> None:
    runs = Monitor()
    runs.listed([], at(0))
    runs.seen(
        run_of(stage("a", "Succeeded", start=1, end=2), summary=names.COMPLETED, end=2), at(2)
    )
    lines = runs.poll(at(3))
    assert [line.split("] ")[-1] for line in lines] == [
        "picked up default/ad-1 - Completed, 1/1 done",
        "a - Status: done",
        "completed - ad-1: Completed in 2s",
    ]


def test_a_retried_run_is_followed_again() -> None:
    runs = Monitor()
    runs.listed([running()], at(0))
    runs.poll(at(0))
    failed = run_of(
        stage("vlm_analyze", "Failed"), uid="3b87ab59-1", summary=names.STAGE_FAILED, end=4
    )
    runs.seen(failed, at(4))
    again = run_of(stage("vlm_analyze", "Running", attempt=2, start=9), uid="3b87ab59-1")
    runs.seen(again, at(9))
    assert runs.poll(at(10))[-1].endswith("vlm_analyze - Status: running (attempt 2)")
    assert runs.watchlist.ends == {}


def test_a_deleted_run_is_said_whether_it_was_seen_going_or_is_missing_in_a_list() -> None:
    for listed in (True, False):
        runs = Monitor()
        runs.listed([running()], at(0))
        runs.poll(at(0))
        lines = runs.listed([], at(9)) if listed else runs.deleted("3b87ab59-1", at(9))
        assert lines == ["[Job 3b87ab59...] [9s] WARNING deleted - ad-1 is gone"]
        assert runs.watchlist.ends["default/ad-1"].kind == "Failed"


def test_a_run_named_by_a_uuid_is_called_by_its_name() -> None:
    name = "99aabbcc-0000-4000-8000-000000000000"
    runs = Monitor()
    runs.listed([running(name)], at(0))
    assert runs.poll(at(0))[0].startswith("[Job 99aabbcc...] ")


def test_lines_can_begin_with_the_name() -> None:
    runs = Monitor(by_name=True)
    runs.listed([running()], at(0))
    assert runs.poll(at(0))[0].startswith("[Job ad-1] [0s] picked up default/ad-1")


def test_the_live_view_shows_done_stages_the_current_one_and_elapsed_seconds() -> None:
    runs = Monitor()
    run = run_of(stage("a", "Succeeded", end=3), stage("b", "Running", machine="macbook", start=4))
    runs.listed([run], at(5))
    runs.poll(at(5))
    (row,) = runs.watchlist.rows(at(20))
    assert (row.done, row.total, row.stage, row.machine, row.elapsed_seconds, row.status) == (
        1,
        2,
        "b",
        "macbook",
        20,
        "Running",
    )


def standing(run: PipelineJob) -> str:
    """What is said of a run when it is picked up."""
    runs = Monitor()
    runs.listed([run], at(10))
    return runs.poll(at(10))[0].split("picked up ")[1]


def test_a_run_that_is_picked_up_says_what_its_stage_waits_for() -> None:
    waits = stage("draw", reason=names.WAIT_SLOT, message="2nd of 3 for gpu")
    assert standing(run_of(waits, summary=names.QUEUED)) == (
        "default/ad-1 - Queued, 0/1 done, draw Waiting - NoFreeSlot: 2nd of 3 for gpu"
    )


def test_a_run_that_cannot_begin_says_why() -> None:
    run = run_of(summary=names.PIPELINE_NOT_FOUND, message="there is no Pipeline ad-image")
    assert standing(run) == "default/ad-1 - PipelineNotFound - there is no Pipeline ad-image"


def after(*states: PipelineJob) -> list[list[str]]:
    """What is said of each further state of a run that is followed, without the line's head."""
    runs = Monitor()
    runs.listed([states[0]], at(10))
    runs.poll(at(10))
    return [[line.split("] ")[-1] for line in runs.seen(run, at(20))] for run in states[1:]]


def test_a_stage_says_what_it_waits_for_whenever_that_is_another_cause() -> None:
    def draws(reason: str, message: str = "") -> PipelineJob:
        return run_of(stage("draw", reason=reason, message=message), summary=names.QUEUED)

    assert after(
        draws(names.WAIT_DEPENDENCY),
        draws(names.WAIT_SLOT, "3rd of 3"),
        draws(names.WAIT_SLOT, "2nd of 3"),
        draws(names.WAIT_POD),
        draws(names.WAIT_QUOTA, "exceeded quota: pods"),
    ) == [
        ["draw - Status: waiting - NoFreeSlot: 3rd of 3"],
        [],
        [],
        ["draw - Status: waiting - QuotaExceeded: exceeded quota: pods"],
    ]


def test_a_stage_that_cannot_start_says_why_and_what_to_do() -> None:
    stuck = stage("draw", "Stuck", reason="ErrImagePull", message="no such image")
    (lines,) = after(run_of(stage("draw", "Starting")), run_of(stuck, summary=names.STUCK))
    assert lines[0].startswith("draw - Status: stuck - ErrImagePull: no such image (next: ")


def test_a_machine_that_is_away_is_said_with_its_node() -> None:
    away = stage("draw", "Away", reason=names.WAIT_MACHINE_AWAY, message="mac-1 sleeps")
    assert after(run_of(stage("draw", "Running", start=1)), run_of(away, summary=names.AWAY)) == [
        ["draw - Status: away - MachineAway: mac-1 sleeps"]
    ]


def test_what_holds_up_the_whole_run_is_said_once() -> None:
    missing = run_of(summary=names.PIPELINE_NOT_FOUND, message="there is no Pipeline ad-image")
    suspended = run_of(stage("a"), summary=names.SUSPENDED, message="suspended by a person")
    lines = after(run_of(summary=names.QUEUED), missing, missing, suspended)
    assert lines[0][0].startswith("PipelineNotFound - there is no Pipeline ad-image")
    assert lines[1] == []
    assert lines[2][0].startswith("Suspended - suspended by a person")


def test_stages_that_will_not_run_are_one_line() -> None:
    failed = stage("a", "Failed", reason="NonZeroExit", message="code 3", end=4)
    left = [stage(name, "NotRun", reason=names.UPSTREAM_FAILED) for name in "bcd"]
    begun = run_of(stage("a", "Running", start=1), *(stage(name) for name in "bcd"))
    (lines,) = after(begun, run_of(failed, *left, summary=names.STAGE_FAILED, end=5))
    assert lines[:2] == [
        "a - Status: failed - NonZeroExit: code 3",
        "b, c, d - Status: not run - UpstreamFailed",
    ]
    assert len(lines) == 3


def test_where_they_have_several_reasons_each_is_named_with_its_stages() -> None:
    left = [
        stage("b", "NotRun", reason=names.UPSTREAM_FAILED),
        stage("c", "NotRun", reason=names.NOT_NEEDED),
        stage("d", "NotRun", reason=names.UPSTREAM_FAILED),
    ]
    begun = run_of(*(stage(name) for name in "bcd"))
    (lines,) = after(begun, run_of(*left))
    assert lines == ["b, d - Status: not run - UpstreamFailed; c - Status: not run - NotNeeded"]
