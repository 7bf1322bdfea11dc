"""For which stages is a Job made before their turn?"""

from typing import Literal

import pytest

from stagework.policies.look_ahead import ahead
from tests.support.builders import after, make_status

LINE = {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)}
FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _ahead(depth: int, dependencies: dict[str, tuple[str, ...]], **states: str) -> tuple[str, ...]:
    found = {n: make_status(n, states.get(n, "Waiting"), reason="x") for n in dependencies}
    return ahead(depth, dependencies, found)


@pytest.mark.parametrize("state", ["Starting", "Running"])
def test_the_next_stages_are_prepared_while_one_is_at_work(state: str) -> None:
    assert _ahead(2, LINE, a=state) == ("b", "c")


@pytest.mark.parametrize(("depth", "chosen"), [(0, ()), (1, ("b",)), (9, ("b", "c", "d"))])
def test_depth_is_the_limit(depth: int, chosen: tuple[str, ...]) -> None:
    assert _ahead(depth, LINE, a="Running") == chosen


@pytest.mark.parametrize("state", ["Waiting", "Succeeded", "Failed"])
def test_nothing_is_prepared_while_nothing_is_at_work(state: str) -> None:
    assert _ahead(2, LINE, a=state) == ()


def test_both_branches_of_a_fork_are_prepared() -> None:
    assert _ahead(2, FORK, a="Running") == ("b", "c")
    assert _ahead(3, FORK, a="Running") == ("b", "c", "d")


def test_what_waits_behind_a_failure_is_not_prepared() -> None:
    assert _ahead(3, FORK, a="Succeeded", b="Failed", c="Running") == ()


def test_a_stage_in_its_back_off_is_not_prepared_nor_what_follows_it() -> None:
    found = {n: make_status(n, "Waiting") for n in FORK}
    found["a"] = make_status("a", "Succeeded")
    found["b"] = make_status("b", "Waiting", notBeforeTime=after(60))
    found["c"] = make_status("c", "Running")

    assert ahead(3, FORK, found) == ()


ABOVE = {"a": (), "b": ("a",), "e": ("a", "b")}


def _beside(rule: Literal["Ended", "Failed"], **states: str) -> tuple[str, ...]:
    found = {n: make_status(n, states.get(n, "Waiting"), reason="x") for n in ABOVE}
    return ahead(9, ABOVE, found, {"e": rule})


def test_a_stage_for_the_end_is_prepared_also_behind_a_failure() -> None:
    assert _beside("Ended", a="Succeeded", b="Running") == ("e",)
    assert _beside("Ended", a="Failed", b="Running") == ("e",)


def test_a_stage_for_the_end_is_prepared_behind_what_is_prepared_itself() -> None:
    assert _beside("Ended", a="Running") == ("b", "e")


def test_a_stage_for_a_failure_is_prepared_only_once_something_has_failed() -> None:
    assert _beside("Failed", a="Succeeded", b="Running") == ()
    assert _beside("Failed", a="Running", b="Failed") == ("e",)


def test_nothing_is_held_ready_for_somebodys_approval_nor_what_follows_it() -> None:
    found = {n: make_status(n, "Running" if n == "a" else "Waiting") for n in LINE}

    assert ahead(9, LINE, found, unapproved={"c"}) == ("b",)


def test_a_stage_that_waits_for_its_slot_counts_as_one_to_prepare() -> None:
    assert _ahead(1, FORK, a="Succeeded", b="Running") == ("c",)
