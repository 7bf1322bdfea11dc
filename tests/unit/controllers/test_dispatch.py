"""Which change brings which object to the workers."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import ALL_NODES, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Controller, Key, Trigger
from stagework.controllers.dispatch import dispatch
from tests.support.builders import NAMESPACE, make_node, make_own
from tests.support.lamps import LAMP, Lamps, LampStatus
from tests.support.unwatched import make_cache

RUNS, LAMPS, REQUESTS = map(objects_of, (PIPELINEJOB, LAMP, INTERVENTION))
RUN, SIGN = Key("PipelineJob", NAMESPACE, "same"), Key("Lamp", NAMESPACE, "sign")


class Runs(Controller[LampStatus]):
    kind = PIPELINEJOB


class Signs(Controller[LampStatus]):
    """Lamps that follow every run, as a parent follows its children; and a stranger with them."""

    kind = LAMP

    def triggers(self) -> Iterable[Trigger[OwnObject]]:
        return (Trigger(RUNS, self._sign),)

    def _sign(self, _change: Change[OwnObject]) -> tuple[Key, Key]:
        return SIGN, Key("Toaster", NAMESPACE, "sign")


class Hall:
    """A cache, and which keys its changes have made ready."""

    def __init__(self, *controllers: type[Controller[Any]]) -> None:
        self.cache = make_cache(RUNS, LAMPS, REQUESTS, ALL_NODES)
        self.ready: list[Key] = []
        dispatch(self.cache, [make() for make in controllers], self.ready.append)

    def asked(self, **target: str) -> list[Key]:
        """What a request with this target makes ready."""
        request = make_own("request", spec={"target": target})
        self.cache.offer(REQUESTS, NAMESPACE, request, deleted=False)
        return self.ready


@pytest.fixture
def hall() -> Hall:
    return Hall(Runs, Signs)


def test_an_object_hears_of_its_own_changes_under_its_own_kind() -> None:
    hall = Hall(Runs)
    hall.cache.offer(RUNS, NAMESPACE, make_own(version=1), deleted=False)
    hall.cache.offer(RUNS, NAMESPACE, make_own(version=2), deleted=False)
    hall.cache.offer(RUNS, NAMESPACE, make_own(version=3), deleted=True)

    assert hall.ready == [RUN, RUN, RUN]


def test_an_old_version_of_an_object_is_no_news() -> None:
    hall = Hall(Runs)
    hall.cache.offer(RUNS, NAMESPACE, make_own(version=2), deleted=False)
    hall.cache.offer(RUNS, NAMESPACE, make_own(version=1), deleted=False)

    assert hall.ready == [RUN]


def test_a_change_of_another_object_brings_those_that_a_trigger_names() -> None:
    cache, ready = make_cache(LAMPS, REQUESTS, ALL_NODES), list[Key]()
    dispatch(cache, [Lamps(cache)], ready.append)
    cache.offer(LAMPS, NAMESPACE, make_own("left"), deleted=False)
    cache.offer(LAMPS, NAMESPACE, make_own("right"), deleted=False)
    ready.clear()

    cache.offer(ALL_NODES, "", make_node(), deleted=False)

    assert [key.name for key in ready] == ["left", "right"]


def test_of_a_kind_that_nobody_decides_about_a_trigger_brings_nothing(hall: Hall) -> None:
    hall.cache.offer(RUNS, NAMESPACE, make_own(), deleted=False)

    assert hall.ready == [RUN, SIGN]


def test_a_request_without_a_kind_brings_a_run(hall: Hall) -> None:
    assert hall.asked(name="same") == [RUN]


def test_a_request_with_a_kind_brings_an_object_of_that_kind(hall: Hall) -> None:
    assert hall.asked(kind="Lamp", name="sign") == [SIGN]


@pytest.mark.parametrize("kind", ["Toaster", "Pipeline", "lamp"])
def test_a_request_for_a_kind_that_nobody_decides_about_brings_nothing(
    hall: Hall, kind: str
) -> None:
    assert hall.asked(kind=kind, name="sign") == []


def test_what_an_object_has_written_is_no_news_to_it_and_news_to_all_others(hall: Hall) -> None:
    body, itself = msgspec.json.encode(make_own()), PIPELINEJOB.ref(NAMESPACE, "same")

    hall.cache.record(PIPELINEJOB.resource, NAMESPACE, body, itself)

    assert hall.ready == [SIGN]


def test_what_a_parent_has_written_is_no_news_to_it_and_news_to_its_child(hall: Hall) -> None:
    body, parent = msgspec.json.encode(make_own()), LAMP.ref(NAMESPACE, "sign")

    hall.cache.record(PIPELINEJOB.resource, NAMESPACE, body, parent)

    assert hall.ready == [RUN]


def test_a_namesake_of_another_kind_is_not_the_author() -> None:
    hall = Hall(Runs)
    body, namesake = msgspec.json.encode(make_own()), LAMP.ref(NAMESPACE, "same")

    hall.cache.record(PIPELINEJOB.resource, NAMESPACE, body, namesake)

    assert hall.ready == [RUN]


def test_the_answer_to_a_request_is_no_news_to_the_object_that_gave_it(hall: Hall) -> None:
    request = make_own("request", spec={"target": {"name": "same"}})
    body = msgspec.json.encode(request)

    hall.cache.record(INTERVENTION.resource, NAMESPACE, body, PIPELINEJOB.ref(NAMESPACE, "same"))
    assert hall.ready == []
    hall.cache.record(
        INTERVENTION.resource,
        NAMESPACE,
        msgspec.json.encode(make_own("request", version=2, spec={"target": {"name": "same"}})),
        None,
    )
    assert hall.ready == [RUN], "what was only read is anybody's news"
