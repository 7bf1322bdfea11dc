"""So many in all, and so many of each."""

from stagework.policies.shares import Shares


def test_one_namespace_fills_half_of_the_room_at_most() -> None:
    room = Shares(10, 5)
    assert room.take("noisy", 5)
    assert not room.take("noisy", 1)
    assert room.take("quiet", 5)
    assert not room.take("third", 1)
    room.give_back("noisy", 5)
    assert room.take("third", 1)


def test_what_is_refused_takes_nothing() -> None:
    shares = Shares(2, 1)
    assert shares.take("a")
    assert not shares.take("a")
    assert (shares.taken, shares.of("a"), shares.of("b")) == (1, 1, 0)


def test_what_goes_on_as_anothers_is_counted_in_all_and_not_of_its_owner() -> None:
    shares = Shares(2, 1)
    shares.take("peer")
    shares.hand_over("peer", "followers")
    assert (shares.of("peer"), shares.taken) == (0, 1)
    assert shares.take("peer")
    assert not shares.take("other"), "all together are two"
    shares.give_back("followers")
    assert shares.take("other")
