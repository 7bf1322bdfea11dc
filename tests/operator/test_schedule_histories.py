"""Generated histories hold what a schedule promises, whatever happens to its operator."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from stagework.children.slot_run import slot_of
from tests.support.schedules.histories import BEGAN, PROMPTLY, History

SHORT = range(20)
LONG = range(20, 200)
ALL = [*SHORT, *(pytest.param(seed, marks=pytest.mark.long(why="many histories")) for seed in LONG)]


@pytest.mark.parametrize("seed", ALL)
def test_a_history(seed: int) -> None:
    history = History(seed)
    history.play()
    _no_run_was_made_twice(history)
    _there_were_never_too_many(history)
    _all_is_counted_once(history)
    _none_is_lost_outside_the_grace(history)


def _no_run_was_made_twice(history: History) -> None:
    names = [name for name, _ in history.world.made]
    assert len(names) == len(set(names))
    assert len(list(history.slots_made())) == len(set(history.slots_made()))


def _there_were_never_too_many(history: History) -> None:
    assert history.world.most_at_once <= history.world.schedule.spec.maxInstances


def _all_is_counted_once(history: History) -> None:
    stats, status = history.world.status.stats, history.world.status
    assert stats.totalExecutions == len(history.world.made)
    ended = stats.successfulExecutions + stats.failedExecutions
    assert ended + len(status.activeRuns) == stats.totalExecutions
    there = [run.seen(history.world.now) for run in history.world.runs.values()]
    succeeded = [seen for seen in (*history.world.gone, *there) if seen.succeeded]
    assert stats.successfulExecutions == len(succeeded)
    assert stats.executionSeconds == sum(seen.seconds for seen in succeeded)
    if history.pauses or status.lastScheduleTime is None:
        return
    slots = history.timetable.count(BEGAN, status.lastScheduleTime)
    waiting = [run for run in status.queuedRuns if slot_of("nightly", run.name) is not None]
    assert len(list(history.slots_made())) + len(waiting) + stats.skipped == slots


def _none_is_lost_outside_the_grace(history: History) -> None:
    """A slot in a time without trouble has its run or waits, unless a person let it pass."""
    spec, made = history.world.schedule.spec, set(history.slots_made())
    if spec.onOverlap == "Skip":
        return
    wait = PROMPTLY + timedelta(seconds=spec.jitterSeconds)
    waiting = {run.slot for run in history.world.status.queuedRuns}
    missing = [slot for slot in _in_quiet_times(history, wait) if slot not in made | waiting]
    full = sum("as many slots as can be" in event for event in history.world.events)
    paused = sum(
        int(event.split()[0]) for event in history.world.events if "was suspended while" in event
    )
    assert len(missing) <= history.skips_asked + full + paused


def _in_quiet_times(history: History, wait: timedelta) -> Iterator[datetime]:
    for begin, end in history.untroubled:
        for slot in history.timetable.after(begin + wait):
            if slot + wait >= end:
                break
            yield slot
