"""How much was done and came: the twin in memory, SQLite and PostgreSQL count alike."""

from datetime import timedelta
from typing import Any

from stagework.api.history import Counted, CountQuery, Ended, EndedQuery
from stagework.history.store import History
from tests.support.history.facts import attempt_fact, failure, minute


def query(**fields: Any) -> CountQuery:
    """Two hours up to `minute(0)`; today began half an hour ago."""
    times: dict[str, Any] = {
        "since": minute(-120),
        "hour_ago": minute(-60),
        "midnight": minute(-30),
        "until": minute(0),
    }
    return CountQuery(**(times | fields))


def done(uid: str, end: float, **fields: Any) -> Any:
    return attempt_fact(
        uid,
        started=minute(end - 1),
        ended=minute(end),
        queued=minute(end - 2),
        outcome="Succeeded",
        machine="gpu",
        **fields,
    )


def numbers(counted: list[Counted]) -> list[tuple[str, str, int, int, int, int]]:
    return sorted(
        (one.stage, one.machine, one.slot, one.number, one.last_hour, one.today) for one in counted
    )


async def test_what_was_done_is_counted_by_stage_class_and_half_hour(history: History) -> None:
    await history.record(
        [
            done("a", -121),
            done("b", -120),
            done("c", -60),
            done("d", -59),
            done("e", -30),
            done("f", 0),
            done("g", 1),
            done("h", -10, stage="embed"),
            failure("i", ended=minute(-5)),
        ]
    )
    found = await history.counts(query())

    assert numbers(found.done) == [
        ("embed", "gpu", 3, 1, 1, 1),
        ("ocr", "gpu", 0, 1, 0, 0),
        ("ocr", "gpu", 2, 2, 1, 0),
        ("ocr", "gpu", 3, 1, 1, 1),
        ("ocr", "gpu", 4, 1, 1, 1),
    ]
    assert max(one.last for one in found.done) == minute(0)


async def test_a_class_that_is_not_known_is_the_one_of_the_queue(history: History) -> None:
    fact = attempt_fact(ended=minute(-1), outcome="Succeeded", home="macmini")
    await history.record([fact])
    assert numbers((await history.counts(query())).done) == [("ocr", "macmini", 3, 1, 1, 1)]


async def test_a_stage_comes_once_however_often_it_is_tried(history: History) -> None:
    await history.record(
        [
            failure("a", queued=minute(-90), ended=minute(-80), home="gpu"),
            attempt_fact("a", number=2, queued=minute(-70), home="gpu"),
            attempt_fact("b", queued=minute(-5), home="gpu"),
        ]
    )
    found = await history.counts(query())
    assert numbers(found.arrived) == [("ocr", "gpu", 1, 1, 0, 0), ("ocr", "gpu", 3, 1, 1, 1)]


async def test_only_namespaces_and_the_pipeline_that_were_asked_for_count(
    history: History,
) -> None:
    await history.record([done("a", -1), done("b", -1, namespace="other", pipeline="ad")])

    assert sum(one.number for one in (await history.counts(query())).done) == 2
    of_team = await history.counts(query(namespaces=("team",)))
    assert sum(one.number for one in of_team.done) == 1
    of_ads = await history.counts(query(pipeline="ad"))
    assert sum(one.number for one in of_ads.done) == 1
    assert (await history.counts(query(namespaces=()))).done == []


async def test_the_last_durations_are_told_the_newest_first(history: History) -> None:
    await history.record(
        [
            done("a", -30),
            attempt_fact(
                "b",
                started=minute(-20),
                ended=minute(-20) + timedelta(milliseconds=1500),
                outcome="Succeeded",
                machine="macbook",
            ),
        ]
    )
    found = await history.counts(query())
    assert [(one.machine, one.seconds) for one in found.took] == [("macbook", 1.5), ("gpu", 60.0)]


async def test_what_ended_in_a_span_is_counted_once(history: History) -> None:
    await history.record(
        [
            done("a", -61),
            done("b", -60),
            done("c", -31, stage="embed"),
            done("d", -30),
            done("e", -45, namespace="other"),
            done("f", -45, pipeline="other"),
            failure("g", ended=minute(-40)),
            failure("h", ended=minute(-40), followed=True),
        ]
    )

    def span(**fields: Any) -> EndedQuery:
        return EndedQuery(since=minute(-60), until=minute(-30), **fields)

    assert await history.ended(span()) == Ended(done=4, failed=1)
    assert await history.ended(span(namespaces=("other",))) == Ended(done=1, failed=0)
    assert await history.ended(span(pipeline="other")) == Ended(done=1, failed=0)
    assert await history.ended(span(namespaces=())) == Ended(done=0, failed=0)
