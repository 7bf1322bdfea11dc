"""Each word once, and once more when it is well again."""

from stagework.policies.alerting import (
    ONCE_KEPT,
    OPEN_KEPT,
    Said,
    after_failing,
    after_once,
    after_well,
)


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
