"""Cached objects by uid and by the values of their indexes."""

import msgspec
import pytest

from stagework.cluster.cache.store import Change, Store


class Meta(msgspec.Struct, frozen=True):
    uid: str
    resourceVersion: str = "1"
    name: str = ""
    namespace: str = ""


class Thing(msgspec.Struct, frozen=True):
    metadata: Meta
    owner: str = ""


def thing(uid: str, version: int = 1, owner: str = "") -> Thing:
    return Thing(Meta(uid, str(version)), owner)


@pytest.fixture
def store() -> Store[Thing]:
    return Store({"owner": lambda known: known.owner or None})


def test_a_newer_version_replaces_an_older_one_and_says_what_was_there(store: Store[Thing]) -> None:
    old, new = thing("a", 1), thing("a", 2)
    store.put(old)
    assert store.put(new) == Change(old, new)
    assert store.get("a") is new


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_not_newer_is_no_news(store: Store[Thing], version: int) -> None:
    store.put(thing("a", 2))
    assert store.put(thing("a", version)) is None


def test_after_a_restore_of_the_server_any_version_counts(store: Store[Thing]) -> None:
    store.put(thing("a", 9))
    assert store.put(thing("a", 2), certain=True) is not None


def test_what_has_left_does_not_come_back_by_a_late_answer(store: Store[Thing]) -> None:
    store.put(thing("a", 1))
    store.leave(thing("a", 5))
    assert store.put(thing("a", 4)) is None
    assert store.put(thing("a", 6)) is not None


def test_an_old_departure_is_no_news(store: Store[Thing]) -> None:
    store.put(thing("a", 5))
    assert store.leave(thing("a", 4)) is None
    assert store.get("a") is not None


def test_objects_are_found_by_what_the_index_says_of_them(store: Store[Thing]) -> None:
    store.put(thing("a", owner="x"))
    store.put(thing("b", owner="x"))
    store.put(thing("c"))
    assert [known.metadata.uid for known in store.indexed("owner", "x")] == ["a", "b"]
    assert store.indexed("owner", "y") == ()


def test_an_index_follows_changes_and_departures(store: Store[Thing]) -> None:
    store.put(thing("a", 1, owner="x"))
    store.put(thing("a", 2, owner="y"))
    assert store.indexed("owner", "x") == ()
    assert len(store.indexed("owner", "y")) == 1
    store.drop("a", "3")
    assert store.indexed("owner", "y") == ()


def test_another_form_of_the_same_version_takes_its_place_in_the_indexes(
    store: Store[Thing],
) -> None:
    store.put(thing("a", 1, owner="x"))
    store.swap(thing("a", 1))
    assert store.indexed("owner", "x") == ()
    store.swap(thing("a", 2, owner="x"))
    assert store.get("a") == thing("a", 1)
