"""When a run will be done and when a waiting stage will start: by what such ones took before."""

import random
from dataclasses import replace

import pytest

from stagework.api.estimates import Eta
from stagework.overview.queue.expected_start import REPLICATES, QueueAhead, expected_start
from stagework.overview.queue.run_eta import Durations, NoEta, RunSoFar, run_eta


def chance(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311


LINE = {"a": (), "b": ("a",), "c": ("b",)}


def past_runs(count: int, *, scale: float = 1.0) -> list[Durations]:
    return [{"a": 10.0 * scale, "b": 20.0 * scale, "c": 30.0 * scale} for _ in range(count)]


def so_far(done: Durations, running: Durations | None = None) -> RunSoFar:
    above = {stage: names for stage, names in LINE.items() if stage not in done}
    return RunSoFar(done, running or {}, above)


def test_below_ten_past_runs_nothing_is_said() -> None:
    assert run_eta(past_runs(9), so_far({})) == NoEta("NoHistoryYet")


def test_the_rest_is_what_it_took_before() -> None:
    assert run_eta(past_runs(10), so_far({"a": 10.0})) == Eta(50.0, 50.0)


def test_what_works_already_is_left_out() -> None:
    assert run_eta(past_runs(10), so_far({"a": 10.0}, {"b": 15.0})) == Eta(35.0, 35.0)


def test_a_slow_run_is_scaled_by_its_pace() -> None:
    past = [run for n in range(1, 21) for run in past_runs(1, scale=n / 10)]
    slow = run_eta(past, so_far({"a": 20.0}))

    assert isinstance(slow, Eta)
    assert slow.p50_seconds == pytest.approx(100.0)
    assert slow.p90_seconds == pytest.approx(100.0)


def test_branches_side_by_side_count_once() -> None:
    side = RunSoFar({}, {}, {"a": (), "b": (), "c": ("a", "b")})
    assert run_eta(past_runs(10), side) == Eta(50.0, 50.0)


def test_runs_with_other_stages_do_not_count() -> None:
    others: list[Durations] = [{"a": 1.0, "b": 1.0}] * 50
    assert run_eta([*others, *past_runs(9)], so_far({})) == NoEta("NoHistoryYet")


QUEUE = QueueAhead(
    ahead=4, held_seconds=(0.0,), durations=(60.0,) * 20, overtakers_1h=0, holder_away=False
)


def test_who_waits_behind_four_alike_starts_after_four() -> None:
    assert expected_start(QUEUE, chance()) == Eta(240.0, 240.0)


def test_a_holder_is_given_its_rest() -> None:
    held = replace(QUEUE, held_seconds=(45.0,), ahead=0)
    assert expected_start(held, chance()) == Eta(15.0, 15.0)


def test_a_holder_that_takes_longer_than_any_before_gets_a_rest_all_the_same() -> None:
    held = expected_start(replace(QUEUE, held_seconds=(600.0,), ahead=0), chance())

    assert isinstance(held, Eta)
    assert 0 < held.p50_seconds < held.p90_seconds


def test_those_who_overtake_make_it_later() -> None:
    crowded = expected_start(replace(QUEUE, overtakers_1h=30), chance())

    assert isinstance(crowded, Eta)
    assert crowded.p50_seconds > 300


class CountedChance(random.Random):
    """Knows how often it was asked."""

    asked = 0

    def random(self) -> float:
        """See Random."""
        self.asked += 1
        return super().random()


VARIED = replace(QUEUE, durations=tuple(float(n) for n in range(31, 91)))


@pytest.mark.parametrize("overtakers", [0, 40])
def test_a_queue_of_thousands_costs_no_more_than_one_of_hundreds(overtakers: int) -> None:
    def cost(ahead: int) -> int:
        draws = CountedChance(1)
        expected_start(replace(VARIED, ahead=ahead, overtakers_1h=overtakers), draws)
        return draws.asked

    assert cost(20_000) < 3 * cost(300)


def test_thousands_who_overtake_are_not_drawn_one_by_one() -> None:
    draws = CountedChance(1)
    queue = replace(VARIED, ahead=500, held_seconds=(0.0,) * 400, overtakers_1h=20_000)
    assert isinstance(expected_start(queue, draws), Eta)
    assert draws.asked / REPLICATES < 5000


def test_behind_thousands_the_start_is_that_of_all_of_them() -> None:
    assert expected_start(replace(QUEUE, ahead=1000), chance()) == Eta(60_000.0, 60_000.0)
    varied = expected_start(replace(VARIED, ahead=1000), chance())

    assert isinstance(varied, Eta)
    assert varied.p50_seconds == pytest.approx(1000 * 60.5, rel=0.02)
    assert varied.p90_seconds > varied.p50_seconds


NONE = [
    (replace(QUEUE, overtakers_1h=58), "Overtaken"),
    (replace(QUEUE, holder_away=True), "MachineAway"),
    (replace(QUEUE, held_seconds=()), "MachineAway"),
    (replace(QUEUE, durations=(60.0,) * 9), "NoHistoryYet"),
]


@pytest.mark.parametrize(("queue", "reason"), NONE)
def test_where_nothing_honest_can_be_said_it_says_why(queue: QueueAhead, reason: str) -> None:
    assert expected_start(queue, chance()) == NoEta(reason)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_answer() -> None:
    queue = replace(QUEUE, durations=tuple(float(n) for n in range(1, 40)), overtakers_1h=10)
    assert expected_start(queue, chance(7)) == expected_start(queue, chance(7))
