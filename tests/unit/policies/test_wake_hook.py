"""A machine that is away is asked to wake once for each deferral, and a class not too often."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from stagework.api.machines import MachineClass, WakeHook
from stagework.api.observed import NodeView
from stagework.policies.wake_hook import ask_at, hook_of
from tests.support.builders import MACBOOK, T0, after, make_node

HOOK = WakeHook(url="http://wake.example.org/macbook", pauseSeconds=600)
ASLEEP = MACBOOK.model_copy(update={"wakeHook": HOOK})
CORDONED = make_node("macbook-0", "macbook", cordoned=True)
AWAY = make_node("macbook-0", "macbook", ready=False)


@pytest.mark.parametrize(
    ("nodes", "machine", "asked"),
    [
        pytest.param([AWAY], ASLEEP, HOOK, id="asleep"),
        pytest.param([], ASLEEP, HOOK, id="no node is there"),
        pytest.param([make_node()], ASLEEP, HOOK, id="only others are ready"),
        pytest.param([AWAY, CORDONED], ASLEEP, None, id="one is awake and cordoned"),
        pytest.param([AWAY], MACBOOK, None, id="it has no hook"),
    ],
)
def test_who_sleeps_and_has_a_hook_is_asked(
    nodes: list[NodeView], machine: MachineClass, asked: WakeHook | None
) -> None:
    assert hook_of(machine, nodes) == asked


@pytest.mark.parametrize(
    ("asked_at", "due"),
    [
        pytest.param(None, after(100), id="never asked: at once"),
        pytest.param(after(100), None, id="asked for this deferral"),
        pytest.param(after(101), None, id="asked since"),
        pytest.param(after(99), after(699), id="asked just before: after the pause"),
        pytest.param(after(-600), after(100), id="the pause is over: at once"),
    ],
)
def test_it_is_asked_for_what_is_deferred_since_second_100(
    asked_at: datetime | None, due: datetime | None
) -> None:
    assert ask_at(after(100), asked_at, HOOK) == due


def test_only_what_may_be_away_has_a_hook() -> None:
    with pytest.raises(ValidationError, match="mayBeAway: true"):
        MachineClass(key="gpu", nodeSelector={}, wakeHook=HOOK)


@pytest.mark.parametrize("url", ["ftp://a", "http://u:p@a/", "http://a/?q=1", "a"])
def test_an_address_with_a_secret_or_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WakeHook(url=url)


def test_the_moments_are_our_own() -> None:
    assert ask_at(T0, None, HOOK) == T0
