"""The sweep wakes every run of which a stage is suspected, and says what it has found."""

import asyncio
import logging

import pytest

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.controller import Key, Unreadable
from stagework.controllers.pipelinejobs.orphan_sweep import OrphanSweep
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.overview.orphans import Suspects
from stagework.plans.pipelinejob.snapshot import Resolved
from stagework.plans.transitions import Recovered
from tests.support.builders import (
    NAMESPACE,
    T0,
    after,
    as_cached,
    make_run,
    make_stage,
    make_status,
)
from tests.support.unwatched import make_cache

WELL = make_status("a", "Running", node="gpu-0")
LOST = WELL.evolve(reason="NodeLost", suspectedTime=T0)
PATIENT, HASTY = make_stage("a"), make_stage("a", orphanTimeoutSeconds=60)


class House:
    """A sweep over one run, 100 s after its stage was suspected; the settings say 1800 s."""

    def __init__(self, state: StageStatus = LOST, *stages: Stage) -> None:
        """`stages`: its own; none: it names a Pipeline."""
        cache = make_cache(RUNS)
        status = PipelineJobStatus(summary="Running", stages=[state])
        run = make_run(*stages, status=status, pipeline="" if stages else "p")
        cache.offer(RUNS, NAMESPACE, as_cached(run), deleted=False)
        self.woken: list[Key] = []
        self.sweeper = OrphanSweep(
            *(cache, self.woken.append, lambda: after(100)), sweep_seconds=60, timeout_seconds=1800
        )

    def sweep(self, kept: Stage | None = None) -> Suspects:
        """`kept`: the stage as its revision has it; None: that cannot be read."""

        async def prepare(_known: OwnObject) -> Resolved | None:
            if kept is None:
                raise Unreadable("spec.")
            return Resolved([kept], None)

        return asyncio.run(self.sweeper.sweep(prepare))


def test_a_run_of_which_nothing_is_suspected_sleeps_on() -> None:
    house = House(WELL, PATIENT)

    assert house.sweep().all == ()
    assert house.woken == []


@pytest.mark.parametrize("kept", [PATIENT, None], ids=["says none", "cannot be read"])
def test_the_settings_say_how_long_is_waited(kept: Stage | None) -> None:
    house = House()

    (found,) = house.sweep(kept).all

    assert found.skipped == "TooSoon"
    assert len(house.woken) == 1, "it is decided about all the same"


def test_a_stage_that_says_it_itself_is_due_then() -> None:
    assert House(LOST, PATIENT).sweep().all[0].skipped == "TooSoon"
    assert House(LOST, HASTY).sweep().all[0].skipped == ""
    assert House().sweep(HASTY).all[0].skipped == ""


def test_one_line_says_what_was_found_and_recovered(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.sweeper.record([Recovered("NewAttempt", "NodeBooted", "gpu")])

    with caplog.at_level(logging.INFO):
        house.sweep()

    (said,) = caplog.messages
    assert said.startswith("orphans: suspected 1 (TooSoon 1), recovered since the last sweep 1 (")
    assert said.endswith("(NodeBooted 1), parents 0")
