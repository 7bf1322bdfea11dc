"""Words of a run's status that are read without checking the rest of it; stages that are shared."""

import pytest

from stagework.controllers.controller import Unreadable
from stagework.controllers.decoding import pipeline_of
from stagework.controllers.pipelinejobs import decoding
from stagework.controllers.pipelinejobs.decoding import (
    RunSpecs,
    revision_of,
    summary_of,
)
from tests.support.builders import as_cached, make_own, make_pipeline, make_run, make_stage


@pytest.mark.parametrize(
    ("status", "summary", "revision"),
    [
        ({}, "", ""),
        ({"summary": "Running"}, "Running", ""),
        ({"summary": "Running", "pipelineRevision": "p-1", "stages": [5]}, "Running", "p-1"),
    ],
)
def test_summary_and_revision_are_read_alone(
    status: dict[str, object], summary: str, revision: str
) -> None:
    known = make_own(status=status)

    assert (summary_of(known), revision_of(known)) == (summary, revision)


BROKEN = [{"summary": 5}, {"pipelineRevision": 5}, "nothing"]


@pytest.mark.parametrize("status", BROKEN)
def test_a_broken_status_has_no_summary(status: object) -> None:
    assert summary_of(make_own(status=status)) == ""


@pytest.mark.parametrize("status", BROKEN)
def test_the_revision_of_a_broken_status_cannot_be_read(status: object) -> None:
    with pytest.raises(Unreadable, match="Expected"):
        revision_of(make_own(status=status))


def test_a_pipeline_is_as_it_is_stored() -> None:
    pipeline = make_pipeline(make_stage("a"), make_stage("b"), uid="p1")

    assert pipeline_of(as_cached(pipeline)) == pipeline


def test_only_so_many_lists_of_stages_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "KEPT_STAGES", 2)
    specs = RunSpecs()
    runs = {name: as_cached(make_run(make_stage(name))) for name in "abc"}
    a, b = specs.decode(runs["a"]).inline, specs.decode(runs["b"]).inline
    assert specs.decode(runs["a"]).inline is a, "it was asked for last"
    specs.decode(runs["c"])

    assert specs.decode(runs["a"]).inline is a
    assert specs.decode(runs["b"]).inline is not b
