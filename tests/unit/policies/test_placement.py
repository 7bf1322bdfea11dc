"""On which classes may a stage run now?"""

from datetime import datetime

import pytest

from stagework.policies.placement import NoNode, Place, class_of, eligible, slots_of
from tests.support.builders import GPU, MACMINI, after, make_fleet, make_node

BOTH = ("gpu", "macmini")


@pytest.mark.parametrize(
    ("present", "fallback", "waiting_since", "verdict"),
    [
        pytest.param({"gpu": 1}, None, None, Place(("gpu",)), id="the first class is there"),
        pytest.param(
            {"gpu": 1, "macmini": 1}, 0, None, Place(BOTH), id="a pool takes all that are there"
        ),
        pytest.param({"macmini": 1}, 0, None, Place(("macmini",)), id="a pool takes what is there"),
        pytest.param(
            {"gpu": 1, "macmini": 1},
            600,
            after(-1000),
            Place(("gpu",)),
            id="the first class wins again once it is back, however long it was away",
        ),
        pytest.param(
            {"macmini": 1}, None, after(-1e6), NoNode(("gpu",), None), id="no fallback: for ever"
        ),
        pytest.param(
            {"macmini": 1},
            600,
            None,
            NoNode(("gpu",), after(600)),
            id="the fallback counts from now where nobody has waited yet",
        ),
        pytest.param(
            {"macmini": 1},
            600,
            after(-599),
            NoNode(("gpu",), after(1)),
            id="one second before the fallback",
        ),
        pytest.param(
            {"macmini": 1}, 600, after(-600), Place(("macmini",)), id="at the fallback's second"
        ),
        pytest.param(
            {}, 600, after(-600), NoNode(BOTH, None), id="after the fallback, but nobody is there"
        ),
        pytest.param({}, 0, None, NoNode(BOTH, None), id="a pool without any node"),
    ],
)
def test_a_class_is_chosen(
    present: dict[str, int],
    fallback: int | None,
    waiting_since: datetime | None,
    verdict: Place | NoNode,
) -> None:
    assert eligible(BOTH, present, fallback, waiting_since, after(0)) == verdict


def test_a_single_class_has_nothing_to_fall_back_to() -> None:
    assert eligible(("gpu",), {}, 10, after(-100), after(0)) == NoNode(("gpu",), None)


def test_slots_are_counted_over_nodes_that_are_ready_and_take_pods() -> None:
    nodes = [
        make_node("gpu-0"),
        make_node("gpu-1"),
        make_node("gpu-2", ready=False),
        make_node("gpu-3", cordoned=True),
        make_node("stranger", labels={"kubernetes.io/os": "linux"}),
    ]
    fleet = make_fleet(GPU.model_copy(update={"slotsPerNode": 3}), MACMINI)

    assert slots_of(fleet, {n.metadata.name: n for n in nodes}) == {"gpu": 6, "macmini": 0}


def test_the_class_of_a_node_is_said_by_its_labels() -> None:
    fleet = make_fleet(GPU, MACMINI)

    assert class_of(fleet, make_node("a", "macmini")) == "macmini"
    assert class_of(fleet, make_node("a", labels={})) == ""


@pytest.mark.parametrize(
    ("runs_on", "stage", "classes"),
    [
        pytest.param(("macbook",), "mapped", ("macbook",), id="the stage's own wish"),
        pytest.param((), "mapped", ("macmini", "gpu"), id="the map of the settings"),
        pytest.param((), "other", ("macbook",), id="the default"),
    ],
)
def test_classes_come_from_the_stage_then_the_map_then_the_default(
    runs_on: tuple[str, ...], stage: str, classes: tuple[str, ...]
) -> None:
    fleet = make_fleet(stageClasses={"mapped": ("macmini", "gpu")}, defaultClasses=("macbook",))

    assert fleet.classes_of(stage, runs_on) == classes


def test_without_any_setting_the_first_class_is_the_default() -> None:
    assert make_fleet().classes_of("any", ()) == ("gpu",)
