"""The numbers of one run: by its pipeline's past runs, and by the queue that its stages are in."""

import random

from stagework.api import names
from stagework.api.estimates import Eta
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.text.run_numbers import number_lines
from stagework.overview.queue.live import work_of
from stagework.overview.queue.run_eta import NoEta
from stagework.overview.queue.run_numbers import PutOff, RunNumbers, overtakers, run_numbers
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.policies.slots.turn import Queued, Standing
from tests.support.builders.queue import ago, old_places, work
from tests.support.builders.written_runs import at, run_of, stage

SENTENCE = queue_sentence(Queued("gpu", Standing(3, 5, slots=1, taken=1)))
WAITS = stage("b", reason=names.WAIT_SLOT, message=SENTENCE)


def past(number: int, *, pipeline: str = "ad-image") -> PipelineJob:
    """A run whose `a` took 10 s and `b` 30 s."""
    stages = (stage("a", "Succeeded", start=0, end=10), stage("b", "Succeeded", start=10, end=40))
    name = f"{pipeline}-{number}"
    return run_of(*stages, name=name, uid=name, summary=names.COMPLETED, end=40, pipeline=pipeline)


def numbers(run: PipelineJob, others: list[PipelineJob]) -> RunNumbers:
    rows = [row for one in (run, *others) for row in work_of(one, (), old_places())]
    above = {"a": (), "b": ("a",)}
    chance = random.Random(1)  # noqa: S311
    return run_numbers(run, above, others, rows, now=at(20), draws=chance)


def test_a_run_works_as_long_as_those_before_it() -> None:
    run = run_of(stage("a", "Succeeded", start=0, end=10), stage("b", "Running", start=12))
    assert numbers(run, [past(n) for n in range(10)]).done_in == Eta(22.0, 22.0)


def test_runs_of_other_pipelines_tell_nothing() -> None:
    run = run_of(stage("a", "Running", start=0), stage("b", reason=names.WAIT_DEPENDENCY))
    others = [past(n, pipeline="other") for n in range(10)]
    assert numbers(run, others).done_in == NoEta("NoHistoryYet")


def test_a_stage_in_a_queue_has_its_place_and_its_start() -> None:
    run = run_of(stage("a", "Succeeded", start=0, end=10), WAITS)
    holder = run_of(stage("b", "Running", start=15), name="holder", uid="h", pipeline="other")
    (wait,) = numbers(run, [holder, *(past(n) for n in range(10))]).waits

    assert (wait.place.position, wait.place.length) == (3, 5)
    assert isinstance(wait.start, Eta)
    # The holder's rest, and two of some 10 s or 30 s before it.
    assert 5 < wait.start.p50_seconds < 85


def test_a_stage_that_is_put_off_has_its_moment() -> None:
    later = stage("b", reason=names.WAIT_BACKOFF).evolve(notBeforeTime=at(60))
    run = run_of(stage("a", "Succeeded", start=0, end=10), later)

    assert numbers(run, []).put_off == (PutOff("b", "BackOff", 40.0),)
    assert list(number_lines(numbers(run, []))) == ["b: not before 40s from now (BackOff)"]


def test_nothing_of_a_suspended_run_has_a_moment() -> None:
    later = stage("b", reason=names.WAIT_SUSPENDED).evolve(notBeforeTime=at(60))
    run = run_of(stage("a", "Succeeded", start=0, end=10), later, suspend=True)

    assert numbers(run, []).put_off == ()


def test_who_came_later_and_started_earlier_has_overtaken() -> None:
    first = work(created=50, started=10, run="a")
    second = work(created=40, started=20, run="b")
    third = work(created=30, started=5, run="c")

    assert overtakers([first, third], ago(0)) == 0
    assert overtakers([first, second, third], ago(0)) == 1
    assert overtakers([first, second], ago(-60)) == 0
