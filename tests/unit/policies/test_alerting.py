"""Each word once, and once more when it is well again."""

from datetime import UTC, datetime, timedelta

from stagework.policies.alerting import (
    ONCE_KEPT,
    OPEN_KEPT,
    Said,
    after_failing,
    after_once,
    after_well,
    quiet_since,
    well_again,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)


def test_what_is_wrong_is_new_once() -> None:
    said = Said(open=("store",))
    assert after_failing(Said(), "store") == said
    assert after_failing(said, "store") is None
    assert after_failing(said, "nodes") == Said(open=("store", "nodes"))


def test_what_is_well_is_said_only_where_the_contrary_was() -> None:
    assert after_well(Said(), "store") is None
    said = Said(open=("store", "nodes"))
    assert after_well(said, "store") == Said(open=("nodes",))


def test_after_it_was_well_it_is_new_again() -> None:
    closed = after_well(Said(open=("store",)), "store")
    assert closed is not None
    assert after_failing(closed, "store") == Said(open=("store",))


def test_once_is_for_ever_and_apart_from_what_is_wrong() -> None:
    said = Said(open=("store",), once=("digest",))
    assert after_once(Said(open=("store",)), "digest") == said
    assert after_once(said, "digest") is None
    assert after_failing(said, "digest") is not None


def test_only_the_last_keys_are_kept() -> None:
    once, opened = Said(), Said()
    for number in range(OPEN_KEPT + 1):
        once = once.noted(str(number))
        opened = opened.opened(str(number))
    last = range(OPEN_KEPT + 1 - ONCE_KEPT, OPEN_KEPT + 1)
    assert once.once == tuple(map(str, last))
    assert len(opened.open) == OPEN_KEPT
    assert opened.open[0] == "1"


def test_what_is_open_is_quiet_from_when_it_was_first_not_wrong() -> None:
    first = quiet_since(("store", "nodes"), {"nodes"}, {}, NOW)
    assert first == {"store": NOW}
    assert quiet_since(("store", "nodes"), {"nodes"}, first, LATER) == {"store": NOW}


def test_what_comes_back_begins_anew() -> None:
    assert quiet_since(("store",), {"store"}, {"store": NOW}, LATER) == {}
    assert quiet_since(("store",), (), {}, LATER) == {"store": LATER}


def test_what_is_not_open_is_nothing_to_speak_of() -> None:
    assert quiet_since((), (), {"store": NOW}, LATER) == {}


def test_what_was_quiet_for_long_enough_is_well() -> None:
    quiet = {"store": NOW, "nodes": LATER}
    assert well_again(quiet, timedelta(seconds=60), LATER) == ("store",)
    assert well_again(quiet, timedelta(seconds=61), LATER) == ()
    assert well_again(quiet, timedelta(0), LATER) == ("store", "nodes")
