"""When a batch will have ended: from what it sees, or why nothing is said."""

import random
from dataclasses import replace
from typing import get_args

import pytest

from stagework.api.estimates import Eta
from stagework.policies.chunks.batch_eta import batch_eta, widened
from stagework.policies.chunks.batch_view import BatchView, Failures, RunningChunk
from stagework.policies.chunks.fit import Fit, History, fit
from stagework.policies.chunks.no_eta import SENTENCES, NoEta, NoEtaReason
from stagework.policies.chunks.observed import ObservedChunk
from stagework.policies.chunks.size import Chunking
from tests.support.played_batches import chance

CHUNK = ObservedChunk(10, 35.0, 18.0)
"""15 s, and 2 s an item."""


def known(chunks: int = 20, history: History | None = None) -> Fit | None:
    return fit([CHUNK] * chunks, history)


VIEW = BatchView(
    chunking=10,
    fits={"gpu": known()},
    slots=["gpu"] * 4,
    running=[RunningChunk("gpu", 10, 0.0)] * 4,
    rest=360,
    done=200,
)


def eta(view: BatchView, seed: object = 1) -> Eta:
    said = batch_eta(view, chance(seed))
    assert isinstance(said, Eta)
    return said


def test_a_batch_whose_costs_are_known_ends_when_its_chunks_do() -> None:
    said = eta(VIEW)

    # 40 chunks of 35 s on 4 slots.
    assert said.p50_seconds == pytest.approx(350.0, rel=0.05)
    assert 1.05 < said.p90_seconds / said.p50_seconds < 1.3


def test_the_same_seed_gives_the_same_answer() -> None:
    assert eta(VIEW) == eta(VIEW)
    assert eta(VIEW) != eta(VIEW, seed=2)


def test_what_is_done_is_done() -> None:
    assert eta(replace(VIEW, running=[], rest=0)) == Eta(0.0, 0.0)


def test_a_chunk_that_runs_is_not_counted_again() -> None:
    half = replace(VIEW, running=[RunningChunk("gpu", 10, 17.5)] * 4, rest=0)

    assert eta(half).p50_seconds == pytest.approx(17.5, rel=0.15)


def test_a_chunk_that_lasts_longer_than_any_before_goes_on_for_a_while() -> None:
    late = replace(VIEW, running=[RunningChunk("gpu", 10, 100.0)], rest=0)

    assert 5.0 < eta(late).p50_seconds < 40.0


def test_a_chunk_beyond_the_slots_of_now_still_has_to_end() -> None:
    beyond = replace(
        VIEW, slots=["gpu"], running=[RunningChunk("gpu", 10, 34.0), RunningChunk("gpu", 10, 0.0)]
    )

    assert eta(replace(beyond, rest=0)).p50_seconds == pytest.approx(35.0, rel=0.15)


def test_more_slots_end_it_earlier() -> None:
    twice = replace(VIEW, slots=["gpu"] * 8)

    assert eta(twice).p50_seconds < 0.65 * eta(VIEW).p50_seconds


def test_chunks_that_wait_for_a_retry_count() -> None:
    waiting = replace(VIEW, retries=[10] * 40)

    assert eta(waiting).p50_seconds == pytest.approx(700.0, rel=0.07)


def test_failures_so_far_are_expected_to_go_on() -> None:
    failing = replace(VIEW, failures=Failures(chunks=10))
    bad = replace(VIEW, failures=Failures(chunks=10, bad_items=True))

    assert 1.15 < eta(failing).p50_seconds / eta(VIEW).p50_seconds < 1.7
    assert eta(bad).p50_seconds > eta(failing).p50_seconds


def test_the_far_part_of_a_large_batch_is_spread_evenly() -> None:
    large = replace(VIEW, rest=100_000)

    said = eta(large)

    assert said.p50_seconds == pytest.approx(10_004 * 35.0 / 4, rel=0.03)
    assert said.p90_seconds / said.p50_seconds < 1.25


def test_what_has_failed_slows_down_the_far_part_too() -> None:
    failing = replace(VIEW, rest=100_000, failures=Failures(lost_share=0.5))

    assert eta(failing).p50_seconds == pytest.approx(1.5 * 10_004 * 35.0 / 4, rel=0.05)


def test_a_fast_class_takes_more_of_it() -> None:
    fast = fit([ObservedChunk(10, 7.0, 3.6)] * 20, None)
    both = replace(VIEW, fits={"gpu": known(), "fast": fast}, slots=["gpu"] * 2 + ["fast"] * 2)

    # 2 of 4 slots five times as fast: 12 times the speed of one.
    assert eta(replace(both, running=[])).p50_seconds == pytest.approx(36 * 35 / 12, rel=0.2)


def test_chunks_size_themselves_in_the_estimate_too() -> None:
    sized = replace(VIEW, chunking=Chunking())

    # Fewer chunks have fewer fixed costs: 340 x 2 s and some 15 s, not 36.
    assert eta(sized).p50_seconds < 0.85 * eta(VIEW).p50_seconds


def test_a_history_speaks_from_the_start() -> None:
    begun = replace(VIEW, fits={"gpu": known(0, History(15.0, 2.0))}, done=0)

    said = eta(begun)

    assert said.p50_seconds == pytest.approx(350.0, rel=0.15)
    assert said.p90_seconds / said.p50_seconds > 1.3


def test_few_chunks_make_it_wide() -> None:
    few = eta(replace(VIEW, fits={"gpu": known(4)}))
    many = eta(replace(VIEW, fits={"gpu": known(50)}))

    assert few.p90_seconds / few.p50_seconds > 1.1 * many.p90_seconds / many.p50_seconds


class NoChance(random.Random):
    """Nothing is off its mean."""

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return mu + 0 * sigma


@pytest.mark.parametrize(("chunks", "wider"), [(3, 2.5), (4, 2.0), (20, 22 / 19)])
def test_what_was_played_is_spread_about_its_median_by_how_few_it_comes_from(
    chunks: int, wider: float
) -> None:
    fitted = known(chunks)
    assert fitted is not None

    spread = widened(VIEW, {"gpu": fitted}, [50.0, 100.0, 200.0], NoChance())

    assert spread == pytest.approx([100 * 0.5**wider**0.5, 100, 100 * 2**wider**0.5])


def test_a_cold_chunk_that_runs_takes_what_cold_ones_took() -> None:
    fitted = fit([*[ObservedChunk(10, 65.0, 18.0, cold=True)] * 4, *[CHUNK] * 20], None)
    view = replace(VIEW, fits={"gpu": fitted}, slots=["gpu"], rest=0)

    cold = eta(replace(view, running=[RunningChunk("gpu", 10, 0.0, cold=True)]))
    warm = eta(replace(view, running=[RunningChunk("gpu", 10, 0.0)]))

    assert cold.p50_seconds == pytest.approx(65.0, rel=0.1)
    assert warm.p50_seconds == pytest.approx(35.0, rel=0.1)


def test_without_item_times_it_ends_as_its_chunks_do() -> None:
    untimed = fit([ObservedChunk(10, 35.0)] * 20, None)

    assert eta(replace(VIEW, fits={"gpu": untimed})).p50_seconds == pytest.approx(350.0, rel=0.05)


def test_chunks_of_one_item_are_enough() -> None:
    single = fit([ObservedChunk(1, 17.0, 0.0)] * 20, None)
    view = replace(VIEW, chunking=1, fits={"gpu": single}, running=[], rest=40)

    assert eta(view).p50_seconds == pytest.approx(170.0, rel=0.05)


NONE: dict[NoEtaReason, BatchView] = {
    "Suspended": replace(VIEW, suspended=True),
    "ArtifactsUnavailable": replace(VIEW, artifacts_unavailable=True),
    "NoSlot": replace(VIEW, slots=[]),
    "MachineAway": replace(VIEW, machine_away=True),
    "NoHistoryYet": replace(VIEW, fits={"gpu": known(3)}),
    "NothingEnds": replace(VIEW, quiet_seconds=106.0),
}


@pytest.mark.parametrize("reason", get_args(NoEtaReason))
def test_where_nothing_can_be_said_the_reason_is(reason: NoEtaReason) -> None:
    said = batch_eta(NONE[reason], chance(1))

    assert said == NoEta(reason)
    assert isinstance(said, NoEta)
    assert said.sentence == SENTENCES[reason]


def test_the_first_reason_that_holds_is_said() -> None:
    quiet = NONE["NothingEnds"]
    unknown = replace(quiet, fits={})
    away = replace(unknown, machine_away=True)
    slotless = replace(away, slots=[])
    unreachable = replace(slotless, artifacts_unavailable=True)
    suspended = replace(unreachable, suspended=True)

    views = [suspended, unreachable, slotless, away, unknown, quiet]

    assert [batch_eta(view, chance(1)) for view in views] == [NoEta(reason) for reason in NONE]


@pytest.mark.parametrize(
    ("slots", "ended", "is_said"),
    [(1, 2, False), (1, 3, True), (8, 7, False), (8, 8, True), (64, 19, False), (64, 20, True)],
)
def test_as_many_chunks_must_have_ended_as_there_are_slots_from_three_to_twenty(
    slots: int, ended: int, is_said: bool
) -> None:
    view = replace(VIEW, slots=["gpu"] * slots, fits={"gpu": known(ended)}, running=[])

    assert isinstance(batch_eta(view, chance(1)), Eta) == is_said


def test_each_class_must_be_known() -> None:
    new = replace(VIEW, slots=["gpu", "new"])
    on_it = replace(VIEW, running=[RunningChunk("new", 10, 1.0)])

    assert batch_eta(new, chance(1)) == NoEta("NoHistoryYet")
    assert batch_eta(on_it, chance(1)) == NoEta("NoHistoryYet")


def test_up_to_three_times_as_long_as_a_chunk_takes_is_no_silence() -> None:
    assert isinstance(batch_eta(replace(VIEW, quiet_seconds=104.0), chance(1)), Eta)


def test_where_no_chunk_runs_none_can_end() -> None:
    assert isinstance(batch_eta(replace(VIEW, running=[], quiet_seconds=1e6), chance(1)), Eta)
