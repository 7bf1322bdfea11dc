"""Who hears of which change, and what one object that is broken does to the others: nothing."""

import msgspec
import pytest

from stagework.api.kinds import INTERVENTION, PIPELINE, PIPELINEJOB
from stagework.api.names import LABEL_RUN_UID, LABEL_TASK
from stagework.api.resources import JOBS, ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.cluster.cache.selections import (
    ALL_NODES,
    BY_NAME,
    BY_TARGET,
    STAGE_JOBS,
    TASK_JOBS,
    Selection,
    objects_of,
)
from stagework.cluster.cache.store import Change
from tests.support.builders import NAMESPACE, make_node, make_own
from tests.support.unwatched import make_cache, nobody

RUNS, REQUESTS, PIPELINES = map(objects_of, (PIPELINEJOB, INTERVENTION, PIPELINE))
AUTHOR = PIPELINEJOB.ref(NAMESPACE, "same", "uid-of-same")
PIPELINE_NAME = "spec.pipelineRef.name"


class Listener:
    """Keeps what it hears; may be clumsy."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ObjectRef | None]] = []
        self.clumsy = False

    def __call__(self, change: Change[OwnObject], author: ObjectRef | None) -> None:
        if self.clumsy:
            raise RuntimeError("dropped it")
        meta = change.object.metadata
        gone = " is gone" if change.new is None else ""
        self.heard.append((f"{meta.name}@{meta.resourceVersion}{gone}", author))


class Held:
    """A cache of runs and requests, who listens to it, and what went wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.cache = make_cache(
            RUNS,
            REQUESTS,
            on_problem=lambda sentence, error: self.problems.append(f"{sentence}: {error}"),
        )
        self.first, self.second = Listener(), Listener()
        self.cache.subscribe(RUNS, self.first)
        self.cache.subscribe(RUNS, self.second)

    def offer(self, *known: OwnObject, deleted: bool = False) -> None:
        for one in known:
            self.cache.offer(RUNS, one.metadata.namespace, one, deleted=deleted)


@pytest.fixture
def held() -> Held:
    return Held()


def answer(known: OwnObject) -> bytes:
    return msgspec.json.encode(known)


# What is held.


def test_a_resource_is_held_by_one_selection_alone() -> None:
    cache = make_cache(STAGE_JOBS)
    with pytest.raises(ValueError, match="jobs are held already, by other rules"):
        cache.hold(Selection(JOBS, STAGE_JOBS.view))


def test_what_two_controllers_read_is_held_once(held: Held) -> None:
    held.offer(make_own())
    held.cache.hold(RUNS)

    assert len(list(held.cache.all(RUNS))) == 1


def test_what_is_not_held_cannot_be_read(held: Held) -> None:
    with pytest.raises(KeyError, match="pipelines are not in the cache"):
        held.cache.get(PIPELINES, NAMESPACE, "u1")


def test_each_namespace_has_its_objects_and_nodes_have_none() -> None:
    cache = make_cache(RUNS, ALL_NODES, namespaces=("ads", "docs"))
    for namespace in ("ads", "docs"):
        known = make_own(namespace=namespace, uid=f"u-{namespace}")
        cache.offer(RUNS, namespace, known, deleted=False)
    cache.offer(ALL_NODES, "", make_node(), deleted=False)

    assert [run.metadata.namespace for run in cache.all(RUNS)] == ["ads", "docs"]
    assert cache.get(RUNS, "ads", "u-docs") is None
    assert len(cache.indexed(RUNS, "docs", BY_NAME, ("docs", "same"))) == 1
    assert len(list(cache.all(ALL_NODES))) == 1


# Who hears of what.


def test_everybody_hears_of_every_change_in_order(held: Held) -> None:
    held.offer(make_own(version=1), make_own(version=2))
    held.offer(make_own(version=3), deleted=True)

    # Of one that is gone what is told is as it was last known.
    news = [("same@1", None), ("same@2", None), ("same@2 is gone", None)]
    assert held.first.heard == held.second.heard == news


def test_of_another_resource_nobody_hears(held: Held) -> None:
    held.cache.offer(REQUESTS, NAMESPACE, make_own(), deleted=False)

    assert held.first.heard == []


def test_who_fails_keeps_the_news_from_nobody(held: Held) -> None:
    held.first.clumsy = True
    held.offer(make_own(version=1))
    held.first.clumsy = False
    held.offer(make_own(version=2))

    assert held.second.heard == [("same@1", None), ("same@2", None)]
    assert held.first.heard == [("same@2", None)], "and hears the next"
    assert held.problems == ["a change of pipelinejobs could not be taken in: dropped it"]


def test_who_fails_keeps_our_own_write_from_nobody(held: Held) -> None:
    held.first.clumsy = True
    known = held.cache.record(RUNS.resource, NAMESPACE, answer(make_own()), AUTHOR)

    assert held.second.heard == [("same@1", AUTHOR)]
    assert known == make_own()


# What we have written ourselves.


def test_our_own_write_is_known_at_once_and_told_with_its_author(held: Held) -> None:
    held.cache.record(RUNS.resource, NAMESPACE, answer(make_own(version=5)), AUTHOR)

    assert [run.metadata.resourceVersion for run in held.cache.all(RUNS)] == ["5"]
    assert held.first.heard == [("same@5", AUTHOR)]


def test_the_echo_of_our_own_write_is_no_news(held: Held) -> None:
    held.cache.record(RUNS.resource, NAMESPACE, answer(make_own(version=5)), AUTHOR)
    held.offer(make_own(version=5))

    assert len(held.first.heard) == 1


def test_a_write_that_comes_after_its_echo_is_no_news_and_yet_answered(held: Held) -> None:
    held.offer(make_own(version=6))
    known = held.cache.record(RUNS.resource, NAMESPACE, answer(make_own(version=5)), AUTHOR)

    assert held.first.heard == [("same@6", None)]
    assert known == make_own(version=5)


def test_a_late_answer_does_not_bring_back_what_is_gone(held: Held) -> None:
    held.offer(make_own(version=1))
    held.offer(make_own(version=7), deleted=True)
    held.cache.record(RUNS.resource, NAMESPACE, answer(make_own(version=5)), AUTHOR)

    assert list(held.cache.all(RUNS)) == []
    assert len(held.first.heard) == 2


def test_what_was_only_read_has_no_author(held: Held) -> None:
    held.cache.record(RUNS.resource, NAMESPACE, answer(make_own()), None)

    assert held.first.heard == [("same@1", None)]


def test_an_answer_about_what_is_not_held_is_left_aside(held: Held) -> None:
    assert held.cache.record(PIPELINE.resource, NAMESPACE, b"not even JSON", AUTHOR) is None


# What is kept in a shorter form.


def test_a_tombstone_takes_the_place_of_the_whole_and_is_no_news(held: Held) -> None:
    whole = make_own(spec={"pipelineRef": {"name": "p"}})
    held.offer(whole)
    held.cache.swap(RUNS, NAMESPACE, tombstone_of(whole, {}))

    assert [run.is_tombstone for run in held.cache.all(RUNS)] == [True]
    assert held.cache.indexed(RUNS, NAMESPACE, PIPELINE_NAME, (NAMESPACE, "p")) == ()
    assert len(held.cache.indexed(RUNS, NAMESPACE, BY_NAME, whole.name)) == 1
    assert len(held.first.heard) == 1


def test_what_is_put_back_is_whole_and_news_only_where_it_has_changed(held: Held) -> None:
    whole = make_own(spec={"pipelineRef": {"name": "p"}})
    held.offer(whole)
    held.cache.swap(RUNS, NAMESPACE, tombstone_of(whole, {}))
    held.cache.put_back(RUNS, AUTHOR, whole)
    assert list(held.cache.all(RUNS)) == [whole]
    assert len(held.first.heard) == 1

    held.cache.put_back(RUNS, AUTHOR, make_own(version=2, spec={"pipelineRef": {"name": "p"}}))
    assert held.first.heard[1:] == [("same@2", AUTHOR)]


# One that an index cannot read.


BROKEN = make_own("broken", spec={"pipelineRef": {"name": 5}})


def test_an_object_that_an_index_cannot_read_stops_nothing(held: Held) -> None:
    good = make_own("good", spec={"pipelineRef": {"name": "p"}})
    held.offer(BROKEN, good)

    assert held.cache.indexed(RUNS, NAMESPACE, PIPELINE_NAME, (NAMESPACE, "p")) == (good,)
    assert held.cache.indexed(RUNS, NAMESPACE, PIPELINE_NAME, (NAMESPACE, 5)) == ()
    assert [what for what, _ in held.first.heard] == ["broken@1", "good@1"]
    assert any("ads/broken is not in the index spec.pipelineRef.name" in p for p in held.problems)


def test_it_is_found_by_what_can_be_read_of_it(held: Held) -> None:
    held.offer(BROKEN)

    assert held.cache.get(RUNS, NAMESPACE, "uid-of-broken") is BROKEN
    assert held.cache.indexed(RUNS, NAMESPACE, BY_NAME, (NAMESPACE, "broken")) == (BROKEN,)


def test_once_it_is_mended_it_is_found(held: Held) -> None:
    mended = make_own("broken", version=2, spec={"pipelineRef": {"name": "p"}})
    held.offer(BROKEN, mended)

    assert held.cache.indexed(RUNS, NAMESPACE, PIPELINE_NAME, (NAMESPACE, "p")) == (mended,)


@pytest.mark.parametrize("spec", [{"target": 5}, {"target": {"name": None}}, None])
def test_a_request_that_names_no_target_is_in_no_index(held: Held, spec: object) -> None:
    held.cache.offer(REQUESTS, NAMESPACE, make_own("request", spec=spec), deleted=False)

    assert len(list(held.cache.all(REQUESTS))) == 1
    assert held.cache.indexed(REQUESTS, NAMESPACE, BY_TARGET, ("PipelineJob", NAMESPACE, "")) == ()


# How long a change has been owed.


def test_a_watch_owes_the_echo_of_our_own_write() -> None:
    clock = [100.0]
    cache = Cache(nobody(), (), clock=lambda: clock[0])
    cache.hold(RUNS)
    cache.record(RUNS.resource, NAMESPACE, answer(make_own(version=5)), AUTHOR)
    clock[0] += 7
    assert cache.lag_seconds() == 7

    cache.offer(RUNS, NAMESPACE, make_own(version=5), deleted=False)
    assert cache.lag_seconds() == 0


def test_an_answer_goes_to_the_selection_whose_label_its_object_has() -> None:
    cache, heard = make_cache(STAGE_JOBS, TASK_JOBS), list[str]()
    cache.subscribe(TASK_JOBS, lambda change, _: heard.append(change.object.metadata.name))
    for name, label in (("stage", LABEL_RUN_UID), ("task", LABEL_TASK)):
        meta = {"name": name, "namespace": NAMESPACE, "uid": name, "resourceVersion": "1"}
        answer = msgspec.json.encode({"metadata": {**meta, "labels": {label: "x"}}})
        cache.record(JOBS, NAMESPACE, answer, AUTHOR)
    assert [job.metadata.name for job in cache.all(STAGE_JOBS)] == ["stage"]
    assert [job.metadata.name for job in cache.all(TASK_JOBS)] == ["task"]
    assert heard == ["task"]
