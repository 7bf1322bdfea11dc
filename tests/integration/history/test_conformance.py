"""What every kind of history does: the twin in memory, SQLite, PostgreSQL."""

import itertools
import random
from typing import Any, TypeVar

import pytest

from stagework.api.background_jobs import JobNews
from stagework.api.facts import AnyFact, AttemptFact
from stagework.api.history import DigestQuery, FailedQuery, RunQuery, SlowStage
from stagework.history.store import History
from tests.support.history.facts import (
    START,
    attempt_fact,
    background_job,
    failure,
    intervention_fact,
    minute,
    run_fact,
)


async def test_what_was_recorded_is_said_word_by_word(history: History) -> None:
    run = run_fact(
        title='A "title" with ü, 한국어 and \\',
        subject="doc-1",
        tenant="acme",
        priority=-5,
        started=minute(1),
        ended=minute(9),
        state="Completed",
        message="done; 100 %",
        done=2,
    )
    attempt = attempt_fact(
        pipeline="documents",
        home="macmini",
        machine="gpu",
        node="gpu-1.example.org",
        queued=minute(1),
        started=minute(2),
        ended=minute(3),
        outcome="Succeeded",
        exitCode=0,
        maxAttempts=3,
    )
    asked = intervention_fact(stages="ocr,chunk", by="ops@example.org", reason="font was missing")
    await history.record([asked, attempt, run])

    found = await history.run("run-1")
    assert found is not None
    assert (found.run, found.attempts, found.interventions) == (run, [attempt], [asked])


async def test_nothing_is_known_of_a_run_that_was_not_recorded(history: History) -> None:
    await history.record([attempt_fact()])
    assert await history.run("run-1") is None


async def test_the_same_facts_again_change_nothing(history: History) -> None:
    facts: list[AnyFact] = [run_fact(), attempt_fact(queued=minute(0)), intervention_fact()]
    await history.record(facts)
    before = await history.run("run-1")
    await history.record(facts)
    await history.record([*facts, *facts])
    assert await history.run("run-1") == before


STORY = (
    attempt_fact(at=minute(1), queued=minute(1), home="macmini", maxAttempts=3),
    attempt_fact(at=minute(2), queued=minute(2), machine="gpu", node="n1", started=minute(2)),
    failure(at=minute(3), ended=minute(3), exitCode=1, message="no such file"),
    attempt_fact(at=minute(3), ended=minute(3), outcome="Failed", reason="ExitCode", followed=True),
)


async def test_facts_of_an_attempt_come_in_any_order(history: History) -> None:
    for number, order in enumerate(itertools.permutations(range(len(STORY)))):
        uid = f"run-{number}"
        for place in order:
            await history.record([STORY[place].model_copy(update={"uid": uid}), run_fact(uid)])
        found = await history.run(uid)
        assert found is not None
        (attempt,) = found.attempts
        assert {name: getattr(attempt, name) for name in EXPECTED} == EXPECTED, order
        first = 1 if order.index(0) < order.index(1) else 2
        assert attempt.queued == minute(first), "the one that came first"


EXPECTED = {
    "home": "macmini",
    "machine": "gpu",
    "node": "n1",
    "started": minute(2),
    "ended": minute(3),
    "outcome": "Failed",
    "reason": "ExitCode",
    "message": "no such file",
    "exitCode": 1,
    "maxAttempts": 3,
    "followed": True,
}


async def test_random_facts_end_alike_one_by_one_and_all_at_once(history: History) -> None:
    rng = random.Random(14)  # noqa: S311 - a test's dice
    facts = [_random_fact(rng) for _ in range(60)]
    for fact in facts:
        await history.record([run_fact(), fact])
    singly = await history.run("run-1")
    await history.record([fact.model_copy(update={"uid": "run-2"}) for fact in facts])
    await history.record([run_fact("run-2")])
    at_once = await history.run("run-2")
    assert singly is not None
    assert at_once is not None
    assert [a.model_copy(update={"uid": ""}) for a in singly.attempts] == [
        a.model_copy(update={"uid": ""}) for a in at_once.attempts
    ]


ValueT = TypeVar("ValueT")


def _random_fact(rng: random.Random) -> AttemptFact:
    def maybe(value: ValueT) -> ValueT | None:
        return value if rng.random() < 0.5 else None

    ended = maybe(minute(rng.randrange(9)))
    return attempt_fact(
        at=minute(rng.randrange(1000)),
        queued=maybe(minute(rng.randrange(9))),
        started=maybe(minute(rng.randrange(9))),
        ended=ended,
        outcome="Failed" if ended else "",
        machine=rng.choice(["", "gpu", "macmini"]),
        exitCode=maybe(rng.randrange(3)),
        followed=rng.random() < 0.2,
    )


async def test_a_run_is_as_its_newest_fact_says_also_taken_up_again(history: History) -> None:
    ended = run_fact(at=minute(5), ended=minute(5), state="StageFailed")
    again = run_fact(at=minute(6), state="Running", title="")
    for facts in ([run_fact(title="x")], [ended], [again], [run_fact(at=minute(4))]):
        await history.record(facts)
    found = await history.run("run-1")
    assert found is not None
    assert found.run == again


async def test_an_end_may_be_taken_back(history: History) -> None:
    await history.record([run_fact(), failure(at=minute(5), ended=minute(5))])
    await history.record([attempt_fact(at=minute(6), started=minute(1))])
    found = await history.run("run-1")
    assert found is not None
    assert (found.attempts[0].ended, found.attempts[0].outcome) == (None, "")


async def test_an_end_counts_also_by_a_clock_that_is_behind(history: History) -> None:
    await history.record([run_fact(at=minute(9)), attempt_fact(at=minute(9), machine="gpu")])
    ended = run_fact(at=minute(5), ended=minute(5), state="StageFailed")
    await history.record([ended, failure(at=minute(5), ended=minute(5), machine="macmini")])
    found = await history.run("run-1")
    assert found is not None
    assert found.run == ended
    (attempt,) = found.attempts
    assert (attempt.outcome, attempt.ended, attempt.machine) == ("Failed", minute(5), "gpu")


async def test_attempts_are_told_stage_by_stage_as_they_came_up(history: History) -> None:
    await history.record(
        [
            run_fact(),
            attempt_fact(stage="zeta", number=2, queued=minute(9)),
            attempt_fact(stage="zeta", number=1, queued=minute(1)),
            attempt_fact(stage="alpha", number=1, queued=minute(5)),
            attempt_fact(stage="zeta", number=10, ended=minute(20)),
        ]
    )
    found = await history.run("run-1")
    assert found is not None
    told = [(attempt.stage, attempt.attempt) for attempt in found.attempts]
    assert told == [("zeta", 1), ("zeta", 2), ("zeta", 10), ("alpha", 1)]


async def test_runs_are_told_page_by_page_the_newest_first(history: History) -> None:
    # Some were made in the same second: the uid decides.
    runs = [run_fact(f"run-{n:02}", created=minute(n // 3)) for n in range(20)]
    await history.record([*runs[::2], *runs[1::2]])
    told: list[str] = []
    after = None
    while True:
        page = await history.runs(RunQuery(limit=7, after=after))
        told += [run.uid for run in page.items]
        if page.next is None:
            break
        # What comes meanwhile moves nothing.
        await history.record([run_fact(f"later-{len(told)}", created=minute(60))])
        after = page.next
    assert told == [f"run-{n:02}" for n in reversed(range(20))]


async def test_a_page_that_ends_with_the_list_names_no_next(history: History) -> None:
    await history.record([run_fact(f"run-{n}") for n in range(4)])
    assert (await history.runs(RunQuery(limit=4))).next is None
    assert (await history.runs(RunQuery(limit=3))).next is not None


FILTERS = {
    "namespaces": (("team", "other"), {"a", "b", "c"}),
    "pipeline": ("documents", {"a", "d"}),
    "subject": ("doc-1", {"b"}),
    "tenant": ("acme", {"c"}),
    "state": ("Failed", {"d"}),
    "name": ("name-of-c", {"c"}),
    "text": ("DOC-1", {"b"}),
    "since": (minute(2), {"c", "d"}),
    "until": (minute(2), {"a", "b"}),
}


@pytest.mark.parametrize("what", FILTERS)
async def test_runs_are_told_by_what_is_asked_for(history: History, what: str) -> None:
    await history.record(
        [
            run_fact("a", created=minute(0), pipeline="documents"),
            run_fact("b", created=minute(1), namespace="other", subject="doc-1"),
            run_fact("c", created=minute(2), tenant="acme"),
            run_fact("d", created=minute(3), namespace="x", state="Failed", pipeline="documents"),
        ]
    )
    value, expected = FILTERS[what]
    page = await history.runs(RunQuery.model_validate({what: value}))
    assert {run.uid for run in page.items} == expected


@pytest.mark.parametrize("text", ["Ölgemälde", "ölgemälde", "ÖLGEMÄLDE", "100 %", "a/_b"])
async def test_a_text_is_found_in_whatever_case_and_stands_for_nothing_else(
    history: History, text: str
) -> None:
    await history.record(
        [
            run_fact("a", title="Ölgemälde, 100 % a/_b"),
            run_fact("b", title="ÖLGEMÄLDE, 100 % A/_B"),
            run_fact("c", title="Aquarell, 100 €, a/xb"),
        ]
    )
    page = await history.runs(RunQuery(text=text))
    assert {run.uid for run in page.items} == {"a", "b"}


async def test_who_may_read_nothing_is_said_nothing(history: History) -> None:
    await history.record([run_fact(), failure()])
    assert (await history.runs(RunQuery(namespaces=()))).items == []
    assert (await history.failed(FailedQuery(namespaces=()))).items == []


async def test_failed_stages_are_those_that_nothing_has_followed(history: History) -> None:
    await history.record(
        [
            run_fact("a", title="A letter", subject="doc-1", name="run-a", tenant="acme"),
            failure("a", "ocr", 1, followed=True),
            failure("a", "ocr", 3, at=minute(2), ended=minute(2), maxAttempts=3, message="no ink"),
            failure("a", "chunk", at=minute(1), ended=minute(1)),
            attempt_fact("a", "embed", ended=START, outcome="Skipped"),
            attempt_fact("a", "stt", ended=START, outcome="Stopped"),
            attempt_fact("a", "extract"),
        ]
    )
    page = await history.failed(FailedQuery())
    assert [stage.id for stage in page.items] == ["a/ocr/3", "a/chunk/1"]
    told = page.items[0]
    assert (told.title, told.subject, told.run, told.tenant) == (
        "A letter",
        "doc-1",
        "run-a",
        "acme",
    )
    assert (told.attempts, told.maxAttempts, told.message, told.failedAt) == (
        3,
        3,
        "no ink",
        minute(2),
    )


async def test_a_failed_stage_that_was_skipped_is_none_any_more(history: History) -> None:
    await history.record([run_fact(), failure()])
    skipped = attempt_fact(at=minute(1), ended=minute(1), outcome="Skipped")
    await history.record([skipped])
    assert (await history.failed(FailedQuery())).items == []


async def test_a_failed_stage_of_a_run_not_yet_known_is_said_by_its_uid(history: History) -> None:
    await history.record([failure("run-9")])
    (told,) = (await history.failed(FailedQuery())).items
    assert (told.title, told.run, told.uid) == ("run-9", "", "run-9")


FAILED_FILTERS = {
    "namespaces": (("other",), {"b/ocr/1"}),
    "pipeline": ("documents", {"a/ocr/1"}),
    "tenant": ("acme", {"b/ocr/1"}),
    "stage": ("chunk", {"a/chunk/1"}),
    "since": (minute(2), {"b/ocr/1"}),
}


@pytest.mark.parametrize("what", FAILED_FILTERS)
async def test_failed_stages_are_told_by_what_is_asked_for(history: History, what: str) -> None:
    await history.record(
        [
            run_fact("a", pipeline="documents"),
            run_fact("b", namespace="other", tenant="acme"),
            failure("a", "ocr", pipeline="documents"),
            failure("a", "chunk", ended=minute(1)),
            failure("b", "ocr", namespace="other", ended=minute(2)),
        ]
    )
    value, expected = FAILED_FILTERS[what]
    page = await history.failed(FailedQuery.model_validate({what: value}))
    assert {stage.id for stage in page.items} == expected


async def test_failed_stages_are_told_page_by_page(history: History) -> None:
    stages = [failure("run-1", f"s{n:02}", ended=minute(n // 4)) for n in range(15)]
    await history.record([run_fact(), *stages])
    told: list[str] = []
    after = None
    while True:
        page = await history.failed(FailedQuery(limit=4, after=after))
        told += [stage.stage for stage in page.items]
        after = page.next
        if after is None:
            break
    assert told == [f"s{n:02}" for n in reversed(range(15))]


async def test_the_namespaces_are_those_of_its_runs(history: History) -> None:
    assert await history.namespaces() == []
    names = ("b", "a", "c-d", "c", "b")
    await history.record([run_fact(f"r{n}", namespace=name) for n, name in enumerate(names)])
    assert await history.namespaces() == ["a", "b", "c", "c-d"]


async def test_the_sweep_forgets_what_was_long_silent_a_few_at_a_time(history: History) -> None:
    for number in range(5):
        uid = f"run-{number}"
        asked = intervention_fact(f"iv-{number}", uid)
        await history.record([run_fact(uid, at=minute(number)), failure(uid), asked])
    assert await history.old(minute(4)) == 4
    assert await history.sweep(minute(4), 3) == 3
    assert await history.sweep(minute(4), 3) == 1
    assert await history.sweep(minute(4), 3) == 0
    assert await history.old(minute(4)) == 0
    assert [run.uid for run in (await history.runs(RunQuery())).items] == ["run-4"]
    assert [stage.uid for stage in (await history.failed(FailedQuery())).items] == ["run-4"]
    kept = await history.run("run-4")
    assert kept is not None
    assert [asked.uid for asked in kept.interventions] == ["iv-4"]


async def test_to_open_it_again_changes_nothing(history: History) -> None:
    await history.record([run_fact()])
    await history.open()
    assert await history.run("run-1") is not None


@pytest.mark.parametrize("text", ["x" * 512, "\N{PILE OF POO}" * 512, "'; drop table runs; --"])
async def test_every_text_of_its_length_fits(history: History, text: str) -> None:
    await history.record([run_fact(title=text)])
    found = await history.run("run-1")
    assert found is not None
    assert found.run.title == text


async def test_a_background_job_is_said_as_it_goes(history: History) -> None:
    begun = background_job(label="The index", total=100)
    await history.begin_job(begun)
    assert await history.jobs(["team"], START) == [begun]

    news = JobNews(processed=40, at=minute(1))
    known = await history.update_job("team", "job-1", news)
    assert known == begun.model_copy(update={"processed": 40, "heartbeat": minute(1)})
    assert await history.jobs(["team"], START) == [known]

    failed = JobNews(at=minute(2), state="failed", error="disk full")
    ended = await history.update_job("team", "job-1", failed)
    assert ended is not None
    assert (ended.state, ended.ended, ended.error, ended.processed) == (
        "failed",
        minute(2),
        "disk full",
        40,
    )
    assert await history.jobs(["team"], minute(2)) == [ended]
    assert await history.jobs(["team"], minute(3)) == []


async def test_of_a_job_that_is_not_at_work_nothing_is_taken(history: History) -> None:
    assert await history.update_job("team", "job-1", JobNews(at=START)) is None
    await history.begin_job(background_job())
    assert await history.update_job("other", "job-1", JobNews(at=START)) is None
    await history.update_job("team", "job-1", JobNews(at=minute(1), state="done"))
    assert await history.update_job("team", "job-1", JobNews(at=minute(2))) is None


async def test_a_job_that_begins_again_is_a_new_one(history: History) -> None:
    await history.begin_job(background_job(processed=7))
    await history.update_job("team", "job-1", JobNews(at=minute(1), state="done"))
    again = background_job(started=minute(5), heartbeat=minute(5))
    await history.begin_job(again)
    assert await history.jobs(["team"], START) == [again]


async def test_jobs_are_told_of_namespaces_that_are_asked_for_the_newest_first(
    history: History,
) -> None:
    for number, namespace in enumerate(("team", "other", "team")):
        await history.begin_job(
            background_job(f"job-{number}", namespace=namespace, started=minute(number))
        )
    assert [known.id for known in await history.jobs(["team"], START)] == ["job-2", "job-0"]
    assert await history.jobs([], START) == []
    assert await history.namespaces() == ["other", "team"]


async def test_silent_jobs_are_swept_too(history: History) -> None:
    await history.begin_job(background_job("old"))
    await history.begin_job(background_job("new", heartbeat=minute(9)))
    assert await history.old(minute(5)) == 1
    assert await history.sweep(minute(5), 10) == 1
    assert [known.id for known in await history.jobs(["team"], START)] == ["new"]


async def test_a_digest_tells_what_a_span_of_time_has_brought(history: History) -> None:
    ends = {"a": ("Completed", 1), "b": ("StageFailed", 2), "c": ("Completed", 9), "d": ("", None)}
    for uid, (state, number) in ends.items():
        ended = None if number is None else minute(number)
        await history.record([run_fact(uid, state=state, ended=ended, at=ended or minute(1))])
    await history.record([run_fact("e", namespace="other", state="Stopped", ended=minute(3))])
    done: dict[str, Any] = {"outcome": "Succeeded", "started": minute(0)}
    await history.record(
        [
            attempt_fact("a", "ocr", ended=minute(1), **done),
            attempt_fact("b", "ocr", ended=minute(2), **done),
            attempt_fact("a", "embed", ended=minute(1), **done),
            attempt_fact("c", "late", ended=minute(9), **done),
            attempt_fact("b", "judge", ended=minute(2), outcome="Deferred"),
            failure("b", "plan", ended=minute(2)),
            failure("b", "again", ended=minute(2), followed=True),
        ]
    )
    asked = DigestQuery(namespaces=("team",), since=minute(0), until=minute(5))
    digest = await history.digest(asked)
    assert digest.runs == {"Completed": 1, "StageFailed": 1}
    assert (digest.failedStages, digest.deferredStages) == (1, 1)
    assert digest.slowest == [
        SlowStage(stage="ocr", number=2, meanSeconds=90, longestSeconds=120),
        SlowStage(stage="embed", number=1, meanSeconds=60, longestSeconds=60),
    ]
    one = asked.model_copy(update={"slowest": 1, "namespaces": None})
    assert [slow.stage for slow in (await history.digest(one)).slowest] == ["ocr"]
    assert (await history.digest(one)).runs["Stopped"] == 1
    empty = await history.digest(asked.model_copy(update={"namespaces": ()}))
    assert (empty.runs, empty.slowest) == ({}, [])
