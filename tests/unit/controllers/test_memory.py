"""What the engine remembers of a run may all be lost; what is stale is never believed."""

import pytest

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.controllers.memory import RunMemory, Working
from stagework.plans.snapshot import Refused
from tests.support.builders import after, make_status

UNWRITTEN = PipelineJobStatus(summary="Running")


def test_an_unwritten_status_counts_while_nothing_else_was_written() -> None:
    memory = RunMemory(working=Working("7", UNWRITTEN))

    assert memory.unwritten("7") is UNWRITTEN
    assert memory.unwritten("7") is UNWRITTEN


def test_an_unwritten_status_is_dropped_when_the_object_has_changed() -> None:
    memory = RunMemory(working=Working("7", UNWRITTEN))

    assert memory.unwritten("8") is None
    assert memory.unwritten("7") is None, "it is not taken up again either"


def test_a_small_unwritten_status_reads_back_as_it_was() -> None:
    stages = [make_status("a", "Starting", pod="p1", turnTime=after(1.25)), make_status("b")]
    status = PipelineJobStatus(summary="Running", observedGeneration=1, stages=stages)
    memory = RunMemory(working=Working.of("7", status, small=True))

    assert memory.working is not None
    assert isinstance(memory.working.kept, bytes)
    assert memory.unwritten("7") == status


def test_without_an_unwritten_status_the_stored_one_counts() -> None:
    assert RunMemory().unwritten("7") is None


@pytest.mark.parametrize(
    ("stage", "attempt", "over"),
    [
        pytest.param("done", "1", True, id="an earlier attempt"),
        pytest.param("done", "2", True, id="the attempt that ended"),
        pytest.param("done", "3", False, id="an attempt that is not stored yet"),
        pytest.param("runs", "2", False, id="the attempt that runs"),
        pytest.param("runs", "1", True, id="an attempt before the one that runs"),
        pytest.param("other", "1", False, id="a stage that is not known"),
        pytest.param("done", "x", False, id="a label that is no number"),
    ],
)
def test_an_attempt_is_over_as_far_as_it_is_stored(stage: str, attempt: str, *, over: bool) -> None:
    memory = RunMemory()
    memory.note(
        [
            make_status("done", "Succeeded", attempt=2, commit={"attempt": 2}),
            make_status("runs", "Running", attempt=2),
        ]
    )

    assert memory.is_over(stage, attempt) is over


def test_a_refusal_is_believed_until_it_runs_out() -> None:
    quota = Refused("QuotaExceeded", "exceeded quota", final=False)
    invalid = Refused("JobRefused", "invalid", final=True)
    memory = RunMemory(refusals={("a", 1): (quota, 100.0), ("b", 1): (invalid, 3600.0)})

    assert memory.believed_refusals(lambda: 99.0) == {("a", 1): quota, ("b", 1): invalid}
    assert memory.believed_refusals(lambda: 100.0) == {("b", 1): invalid}
    assert memory.believed_refusals(lambda: 0.0) == {("b", 1): invalid}, "forgotten for good"
