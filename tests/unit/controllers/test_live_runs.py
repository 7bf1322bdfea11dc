"""How many runs name a Pipeline, change by change; and whether an object has ended."""

from typing import Any

import pytest

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.cluster.cache.store import Change
from stagework.cluster.patches import stored_document
from stagework.controllers.controller import Key
from stagework.controllers.decoding import has_ended
from stagework.controllers.pipelines.live_runs import LiveRuns
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import NAMESPACE, T0, make_own, make_run
from tests.support.builders.written_runs import stage

AD = (NAMESPACE, "ad-image")


def run(name: str, pipeline: str = "ad-image", state: Any = "Running") -> OwnObject:
    status = run_status(make_run(), [stage("a", state)], [], T0)
    spec: dict[str, Any] = {"pipelineRef": {"name": pipeline}} if pipeline else {"stages": []}
    return make_own(name, spec=spec, status=stored_document(status))


def key(name: str) -> Key:
    return Key("Pipeline", NAMESPACE, name)


@pytest.fixture
def runs() -> LiveRuns:
    return LiveRuns()


def test_a_run_counts_from_its_making_to_its_end(runs: LiveRuns) -> None:
    fresh, active = make_own("r", spec={"pipelineRef": {"name": "ad-image"}}), run("r")
    done = run("r", state="Succeeded")

    assert list(runs.changed(Change(None, fresh))) == [key("ad-image")]
    assert runs.count(AD) == 1
    assert list(runs.changed(Change(fresh, active))) == [], "it counts already"
    assert list(runs.changed(Change(active, done))) == [key("ad-image")]
    assert runs.count(AD) == 0


def test_one_that_is_retried_counts_again_and_one_that_goes_does_not(runs: LiveRuns) -> None:
    done, again = run("r", state="Failed"), run("r")
    assert list(runs.changed(Change(None, done))) == []

    assert list(runs.changed(Change(done, again))) == [key("ad-image")]
    assert list(runs.changed(Change(again, None))) == [key("ad-image")]
    assert runs.count(AD) == 0


def test_each_pipeline_has_its_own_number(runs: LiveRuns) -> None:
    for name, pipeline in (("r", "ad-image"), ("s", "ad-image"), ("t", "document"), ("u", "")):
        runs.changed(Change(None, run(name, pipeline)))

    assert (runs.count(AD), runs.count((NAMESPACE, "document"))) == (2, 1)
    assert runs.count(("another", "ad-image")) == 0


def test_a_run_made_anew_that_names_another_pipeline_concerns_both(runs: LiveRuns) -> None:
    runs.changed(Change(None, run("r")))

    assert list(runs.changed(Change(run("r"), run("r", "document")))) == [
        key("ad-image"),
        key("document"),
    ]
    assert (runs.count(AD), runs.count((NAMESPACE, "document"))) == (0, 1)


def test_what_was_evicted_has_ended(runs: LiveRuns) -> None:
    evicted = tombstone_of(run("r", state="Succeeded"), {"pipelineRevision": "ad-1"})

    assert has_ended(evicted)
    assert list(runs.changed(Change(None, evicted))) == []


@pytest.mark.parametrize("state", ["Waiting", "Running", "Succeeded", "Failed", "Skipped"])
def test_it_has_ended_where_its_type_says_so(state: Any) -> None:
    known = run("r", state=state)

    assert has_ended(known) == PipelineJobStatus.model_validate_json(bytes(known.status)).ended


@pytest.mark.parametrize("status", [{}, {"conditions": []}, {"conditions": 5}, 7])
def test_of_what_cannot_be_read_nobody_says_that_it_has_ended(status: Any) -> None:
    assert not has_ended(make_own(status=status))
