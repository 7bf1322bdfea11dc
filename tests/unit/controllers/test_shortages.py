"""Which namespaces are short of quota, for how long, and who hears of it."""

import pytest

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageState
from stagework.controllers.controller import Key
from stagework.controllers.pipelinejobs.shortages import Shortages
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.causes import SHORT
from tests.support.builders import NAMESPACE, make_own, make_status
from tests.support.unwatched import make_cache
from tests.unit.controllers.standins import Clock

SHORT_SECONDS = SHORT.total_seconds()
FULL = "exceeded quota: few, used: pods=2, limited: pods=2"


def standing(state: StageState = "Starting", reason: str = "QuotaExceeded") -> PipelineJobStatus:
    """A run with one stage that stands so."""
    return PipelineJobStatus(stages=[make_status("a", state, reason=reason, message=FULL)])


class Desk:
    """Three runs, two of them of one namespace."""

    def __init__(self) -> None:
        self.clock, self.woken = Clock(), list[str]()
        cache = make_cache(RUNS)
        for name, namespace in (("one", NAMESPACE), ("two", NAMESPACE), ("far", "attic")):
            known = make_own(name, namespace=namespace, spec={"stages": []})
            cache.offer(RUNS, namespace, known, deleted=False)
        self.shortages = Shortages(cache, self._wake, self.clock)

    def _wake(self, run: Key) -> None:
        self.woken.append(run.name)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_all_runs_of_the_namespace_hear_of_it_once(desk: Desk) -> None:
    for _ in range(3):
        desk.shortages.note(NAMESPACE, standing())
    assert desk.shortages.of(NAMESPACE) == FULL
    assert desk.shortages.of("attic") == ""
    assert sorted(desk.woken) == ["one", "two"]


def test_it_is_over_some_time_after_the_last_refusal(desk: Desk) -> None:
    desk.shortages.note(NAMESPACE, standing())
    desk.clock.now += SHORT_SECONDS - 1
    desk.shortages.note(NAMESPACE, standing("Stuck"))
    desk.clock.now += SHORT_SECONDS - 1
    assert desk.shortages.of(NAMESPACE) == FULL
    desk.clock.now += 1
    assert desk.shortages.of(NAMESPACE) == ""
    desk.shortages.note(NAMESPACE, standing())
    assert sorted(desk.woken) == ["one", "one", "two", "two"]


@pytest.mark.parametrize(
    "status",
    [standing("Waiting"), standing("Failed"), standing(reason="JobRefused"), PipelineJobStatus()],
)
def test_only_what_is_due_and_refused_for_quota_makes_others_give_way(
    desk: Desk, status: PipelineJobStatus
) -> None:
    desk.shortages.note(NAMESPACE, status)
    assert desk.shortages.of(NAMESPACE) == ""
    assert not desk.woken


def test_a_new_leader_knows_nothing(desk: Desk) -> None:
    desk.shortages.note(NAMESPACE, standing())
    desk.shortages.forget_all()
    assert desk.shortages.of(NAMESPACE) == ""


def test_what_is_over_is_not_kept(desk: Desk) -> None:
    desk.shortages.note(NAMESPACE, standing())
    desk.shortages.forget_old()
    assert desk.shortages.of(NAMESPACE) == FULL
    desk.clock.now += SHORT_SECONDS
    desk.shortages.forget_old()
    desk.clock.now -= SHORT_SECONDS
    assert desk.shortages.of(NAMESPACE) == ""
