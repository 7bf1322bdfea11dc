"""The Job controller's bookkeeping after an attempt's end concerns nobody."""

import pytest

from stagework.controllers.pipelinejobs.ended_attempts import EndedAttempts
from tests.support.builders import make_status


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
    ended = EndedAttempts()
    ended.note(
        "u1",
        [
            make_status("done", "Succeeded", attempt=2, commit={"attempt": 2}),
            make_status("runs", "Running", attempt=2),
        ],
    )
    assert ended.is_over("u1", stage, attempt) is over
    assert not ended.is_over("u2", stage, attempt), "of another run nothing is known"


def test_of_a_run_that_has_left_memory_nothing_is_known() -> None:
    ended = EndedAttempts()
    ended.note("u1", [make_status("done", "Succeeded", attempt=2)])
    ended.forget("u1")
    assert not ended.is_over("u1", "done", "1")
