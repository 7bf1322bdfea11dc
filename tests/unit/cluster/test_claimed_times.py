"""An object with a time that no clock shows is read all the same."""

import msgspec
import orjson
import pytest

from stagework.api.observed import PodView
from stagework.cluster.client.claimed_times import decoded
from stagework.cluster.client.paging import Codec, WatchEvent
from tests.support.fakeapi.resources import Json

IMPOSSIBLE = ["10000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "2026-02-30T00:00:00Z"]
GOOD = "2026-01-01T00:00:00Z"


def pod(started: str, **meta: object) -> Json:
    state = {"running": {"startedAt": started}}
    return {
        "metadata": {"name": "p", "uid": "u", "creationTimestamp": GOOD, **meta},
        "status": {"phase": "Running", "containerStatuses": [{"name": "stage", "state": state}]},
    }


def _never(raw: bytes, _: Exception) -> None:
    raise AssertionError(raw)


def _starts(known: PodView) -> object:
    state = known.container("stage")
    assert state is not None
    assert state.running is not None
    return state.running.started_at


@pytest.mark.parametrize("started", IMPOSSIBLE)
def test_a_time_that_means_nothing_is_unknown_and_everything_else_is_read(started: str) -> None:
    codec, body = Codec(PodView), orjson.dumps(pod(started))

    page = codec.page(orjson.dumps({"metadata": {}, "items": [pod(GOOD), pod(started)]}), _never)
    assert page.items is not None
    line = orjson.dumps({"type": "MODIFIED", "object": pod(started)})
    event = codec.event(line, _never)
    assert isinstance(event, WatchEvent)
    assert isinstance(event.object, PodView)
    for known in (codec.one(body), page.items[1], event.object):
        assert (known.metadata.name, known.status.phase, _starts(known)) == ("p", "Running", None)
    assert _starts(page.items[0]) is not None


def test_what_cannot_be_read_for_another_cause_is_not() -> None:
    told: list[bytes] = []
    line = orjson.dumps({"type": "MODIFIED", "object": pod(IMPOSSIBLE[0], uid=7)})

    event = Codec(PodView).event(line, lambda raw, _: told.append(raw))

    assert isinstance(event.object, msgspec.Raw)
    assert len(told) == 1
    with pytest.raises(msgspec.ValidationError):
        decoded(msgspec.json.Decoder(PodView), b'{"metadata": {"uid": 7}}')
