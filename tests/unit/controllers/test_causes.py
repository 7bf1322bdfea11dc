"""What Events say last about a Job or Pod."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
import pytest

from stagework.cluster.client.errors import ApiError, Unreachable
from stagework.controllers.pipelinejobs.causes import Causes
from stagework.plans.pipelinejob.snapshot import CauseQuestion, CauseRead
from stagework.service_client.results import LookupFailed
from tests.support.builders import NAMESPACE, T0

ASKED = CauseQuestion("job-1")
QUOTA = 'Error creating: pods "ad-a-1-x" is forbidden: exceeded quota: few, used: pods=2'


class Pages:
    """Stands in for the API server: Events in pages of one."""

    def __init__(self, *events: dict[str, Any], failure: ApiError | None = None) -> None:
        self._events = events
        self._failure = failure
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def list_pages(
        self, path: str, params: Mapping[str, str], *, on_restart: Callable[[], None]
    ) -> AsyncIterator[bytes]:
        del on_restart
        self.asked.append((path, params))
        if self._failure is not None:
            raise self._failure
        for event in self._events:
            yield orjson.dumps({"metadata": {"resourceVersion": "7"}, "items": [event]})


def warning(second: int, message: str = QUOTA, reason: str = "FailedCreate") -> dict[str, Any]:
    when = f"2026-11-21T09:00:{second:02}Z"
    return {"type": "Warning", "reason": reason, "message": message, "lastTimestamp": when}


def normal(second: int) -> dict[str, Any]:
    return {**warning(second, "Created pod", "SuccessfulCreate"), "type": "Normal"}


async def read(*events: dict[str, Any]) -> CauseRead:
    pages: Any = Pages(*events)
    return await Causes(pages, lambda: T0).read(NAMESPACE, ASKED)


async def test_only_what_is_about_that_very_object_is_asked_for() -> None:
    pages: Any = Pages()
    await Causes(pages, lambda: T0).read(NAMESPACE, ASKED)
    selector = {"fieldSelector": "involvedObject.uid=job-1"}
    assert pages.asked == [(f"/api/v1/namespaces/{NAMESPACE}/events", selector)]


async def test_the_cause_comes_first() -> None:
    told = 'exceeded quota: few, used: pods=2 (pods "ad-a-1-x" is forbidden)'
    assert await read(warning(1)) == CauseRead("FailedCreate", told, T0)


async def test_where_nothing_was_said_there_is_no_cause() -> None:
    assert await read() == CauseRead("", "", T0)


async def test_the_newest_word_counts_whatever_the_order() -> None:
    mount = warning(9, "MountVolume.SetUp failed", "FailedMount")
    for events in ((warning(1), mount), (mount, warning(1))):
        assert (await read(*events)).reason == "FailedMount"


async def test_a_warning_that_something_else_has_followed_is_over() -> None:
    assert (await read(warning(1), normal(2))).reason == ""
    assert (await read(normal(1), warning(2))).reason == "FailedCreate"


@pytest.mark.parametrize(
    "when",
    [
        {"eventTime": "2026-11-21T09:00:09.000001Z"},
        {"series": {"count": 4, "lastObservedTime": "2026-11-21T09:00:09.000000Z"}},
        {"firstTimestamp": "2026-11-21T09:00:09Z"},
    ],
    ids=lambda when: next(iter(when)),
)
async def test_every_form_of_its_time_is_read(when: dict[str, Any]) -> None:
    newer = {"type": "Warning", "reason": "FailedMount", "message": "no", **when}
    assert (await read(warning(5), newer, normal(6))).reason == "FailedMount"


async def test_an_event_without_any_time_or_words_harms_nothing() -> None:
    bare = {"type": "Warning", "reason": None, "message": None, "eventTime": None}
    assert await read(bare) == CauseRead("", "", T0)


@pytest.mark.parametrize("failure", [Unreachable("no answer"), ApiError("odd")])
async def test_no_answer_is_not_taken_for_no_cause(failure: ApiError) -> None:
    pages: Any = Pages(failure=failure)
    with pytest.raises(LookupFailed):
        await Causes(pages, lambda: T0).read(NAMESPACE, ASKED)
