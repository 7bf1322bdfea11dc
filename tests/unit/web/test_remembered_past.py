"""What history has counted, in the board's hours; and what is said while it is away."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stagework.api.history import Counted, Counts, Ended, EndedQuery, Took
from stagework.overview.queue.hours import window
from stagework.overview.queue.nights import spans
from stagework.web.queue.remembered_past import RememberedPast, past_from
from tests.support.builders.queue import NOW, ago, old_places
from tests.support.history.facts import attempt_fact, judged_batches
from tests.support.history.memory import MemoryHistory

SPAN = window(NOW, ZoneInfo("Asia/Seoul"))


def counted(slot: int, **fields: Any) -> Counted:
    values: dict[str, Any] = {
        "stage": "summarize",
        "machine": "macbook",
        "slot": slot,
        "number": 2,
        "last_hour": 0,
        "today": 1,
        "last": ago(60),
    }
    return Counted(**(values | fields))


def test_half_hours_are_put_into_the_hours_of_the_board() -> None:
    since = SPAN.hours[0].begin - timedelta(hours=1)
    found = Counts(
        done=[counted(0), counted(2), counted(3), counted(49, last_hour=2, last=ago(1))],
        arrived=[counted(49, number=5, last_hour=5)],
        took=[Took(stage="summarize", machine="macbook", seconds=s) for s in (3.0, 2.0, 1.0)],
    )
    past = past_from(found, since, old_places(), SPAN)
    (done,) = past.done

    assert (done.machine, done.last_hour, done.today, done.last_at) == ("macbook", 2, 4, ago(1))
    assert done.by_hour[0] == 4
    assert done.by_hour[23] == 2
    assert sum(done.by_hour) == 6
    assert done.durations == (1.0, 2.0, 3.0)
    assert past.arrived_in("summarize").last_hour == 5


def test_a_class_that_is_no_more_is_the_stages_home() -> None:
    found = Counts(done=[counted(2, machine="cray")], arrived=[], took=[])
    (done,) = past_from(found, SPAN.hours[0].begin, old_places(), SPAN).done
    assert done.machine == "macmini"


async def test_while_history_is_away_it_is_said_since_when() -> None:
    history, now = MemoryHistory(), [NOW]
    past = RememberedPast(history, old_places(), lambda: now[0])
    await history.record(
        [attempt_fact(stage="stt", machine="gpu", ended=ago(5), outcome="Succeeded")]
    )
    history.away = True
    assert await past.of(["team"], "", SPAN) is None
    now[0] = ago(-5)
    assert await past.of(["team"], "", SPAN) is None
    assert past.away_since == NOW

    history.away = False
    found = await past.of(["team"], "", SPAN)
    assert found is not None
    assert past.away_since is None
    assert [one.last_hour for one in found.done_of(stage="stt")] == [1]


class Noting(MemoryHistory):
    """Notes the spans that it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[str] = []

    async def ended(self, query: EndedQuery) -> Ended:
        self.begins.append(query.since.isoformat())
        return await super().ended(query)


async def test_a_night_is_counted_once_but_for_the_last_one() -> None:
    history, zone = Noting(), ZoneInfo("Asia/Seoul")
    past = RememberedPast(history, old_places(), lambda: NOW)
    last = spans(NOW, zone)[-1]

    async def asked(*namespaces: str) -> tuple[int, int]:
        before = len(history.begins)
        found = await past.nights(namespaces, "", NOW, zone)
        assert len(found) == len(spans(NOW, zone))
        return found[-1].done, len(history.begins) - before

    assert await asked("default") == (0, 21)
    await history.record(
        [
            attempt_fact(
                stage="stt",
                machine="gpu",
                ended=last.begin,
                outcome="Succeeded",
                namespace="default",
            )
        ]
    )
    assert await asked("default") == (1, 1)
    assert history.begins[-1] == last.begin.isoformat()
    assert await asked("default", "other") == (1, 21)


async def test_while_history_is_away_no_night_is_known() -> None:
    history = MemoryHistory()
    history.away = True
    past = RememberedPast(history, old_places(), lambda: NOW)
    assert await past.nights(["default"], "", NOW, ZoneInfo("Asia/Seoul")) == ()


async def test_what_estimates_of_batches_were_worth_is_told_of_those_namespaces_alone() -> None:
    history = MemoryHistory()
    past = RememberedPast(history, old_places(), lambda: NOW)
    await history.record(judged_batches(30, mark=25, true_seconds=300))

    found, hidden = [await past.of([name], "", SPAN) for name in ("team", "other")]

    assert found is not None
    assert [(error.percent, error.batches) for error in found.estimates] == [(25, 30)]
    assert hidden is not None
    assert hidden.estimates == ()
