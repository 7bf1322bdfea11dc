"""Which of the stages that a stage names may it leave out?"""

from stagework.policies.named_skips import SkipsBelow, skips_below


def test_only_stages_below_it_are_left_out() -> None:
    named = {"heads": "ItWasTails", "beside": "NotMine", "nosuch": "NotThere"}

    found = skips_below("flip", named, ("heads", "tails"))

    assert found.skips == {"heads": "ItWasTails"}
    assert found.refusal == "not skipped: beside, nosuch are no stages below flip"


def test_one_that_is_none_is_said_as_one() -> None:
    assert skips_below("flip", {"flip": "Me"}, ()).refusal == (
        "not skipped: flip is no stage below flip"
    )


def test_nothing_is_said_where_all_of_them_are() -> None:
    named = {"heads": "ItWasTails"}

    assert skips_below("flip", named, ("heads",)) == SkipsBelow(named, "")
