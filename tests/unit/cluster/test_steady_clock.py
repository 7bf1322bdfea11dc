"""The operator's time goes on steadily, whatever the machine's clock does."""

from datetime import datetime, timedelta

import pytest

from stagework.cluster.steady_clock import SteadyClock, boot_id
from tests.support.builders import T0, after

HOUR = 3600.0


class Machine:
    """Its clock and the seconds since its boot."""

    def __init__(self, name: str = "m1", *, ahead: float = 0.0) -> None:
        self.name = name
        self.seconds = 100.0
        self.ahead = ahead
        self.jumps: list[float] = []

    def wall_clock(self) -> datetime:
        return T0 + timedelta(seconds=self.seconds - 100.0 + self.ahead)

    def clock(self) -> SteadyClock:
        return SteadyClock(
            self.wall_clock, lambda: self.seconds, machine=self.name, on_jump=self.jumps.append
        )


def _seconds(moment: datetime) -> float:
    return round((moment - T0).total_seconds(), 1)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_machines_clock_is_said_once_and_not_followed(jump: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.seconds += 10
    machine.ahead = jump
    assert _seconds(clock()) == 10
    machine.seconds += 50
    assert abs(_seconds(clock()) - 60) < 0.2
    assert machine.jumps == [pytest.approx(jump, abs=1)]


def test_a_clock_that_is_off_is_followed_in_weeks() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead = HOUR
    for _ in range(24 * 7):
        before = clock()
        machine.seconds += HOUR
        passed = (clock() - before).total_seconds()
        assert HOUR <= passed <= HOUR * 1.003, "no wait notices"
    assert 1000 < _seconds(clock()) - 24 * 7 * HOUR < HOUR
    machine.seconds += 30 * 24 * HOUR
    assert clock() == machine.wall_clock()


def test_time_that_the_machine_has_slept_has_passed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.seconds += 8 * HOUR
    assert _seconds(clock()) == 8 * HOUR
    assert machine.jumps == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_the_next_process_on_the_machine_goes_on_by_the_same_clock(jump: float) -> None:
    machine = Machine()
    boot_note = machine.clock().boot_note
    machine.seconds += 30
    machine.ahead = jump
    clock = machine.clock()
    clock.resume(T0, boot_note, after(30 + jump))
    assert _seconds(clock()) == 30
    assert machine.jumps == [], "it is not this process's business"


@pytest.mark.parametrize("broken", ["", "m2 5", "m1 x", "m1 1e999", "m1", "m1 1e300"])
def test_without_word_of_this_machine_the_api_server_corrects_its_clock(broken: str) -> None:
    machine = Machine(ahead=HOUR)
    clock = machine.clock()
    clock.resume(after(-20), broken, T0)
    assert _seconds(clock()) == 0


def test_a_machine_without_a_boot_id_hands_nothing_over_and_takes_nothing() -> None:
    machine = Machine("")
    clock = machine.clock()
    assert clock.boot_note == ""
    clock.resume(T0, " 5", T0)
    assert _seconds(clock()) == 0


def test_this_machine_has_a_boot_id() -> None:
    assert boot_id() == boot_id() != ""
