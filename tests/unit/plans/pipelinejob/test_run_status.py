"""The run's own status follows from its stages."""

from typing import Any

import pytest

from stagework.api.conditions import find
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import T0, after, make_run, make_status


def _status(*stages: StageStatus, now: Any = T0, **run: Any) -> PipelineJobStatus:
    return run_status(make_run(**run), list(stages), [], now)


def _of(*states: str) -> list[StageStatus]:
    return [make_status(f"s{n}", state, reason="Because") for n, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "suspend", "summary", "succeeded", "reconciling", "stalled"),
    [
        pytest.param(
            ("Waiting", "Waiting"), False, "Queued", "Unknown", "True", "False", id="queued"
        ),
        pytest.param(
            ("Starting", "Stuck"), False, "Starting", "Unknown", "True", "False", id="starting"
        ),
        pytest.param(("Stuck", "Waiting"), False, "Stuck", "Unknown", "True", "False", id="stuck"),
        pytest.param(
            ("Succeeded", "Running"), False, "Running", "Unknown", "True", "False", id="running"
        ),
        pytest.param(
            ("Succeeded", "Waiting"), False, "Waiting", "Unknown", "True", "False", id="between"
        ),
        pytest.param(
            ("Failed", "Waiting"),
            False,
            "Waiting",
            "Unknown",
            "True",
            "False",
            id="side branch waits",
        ),
        pytest.param(
            ("Waiting", "Waiting"), True, "Suspended", "Unknown", "False", "False", id="suspended"
        ),
        pytest.param(
            ("Running", "Waiting"),
            True,
            "Running",
            "Unknown",
            "True",
            "False",
            id="suspended while something runs on",
        ),
        pytest.param(
            ("Succeeded", "Succeeded"), False, "Completed", "True", "False", "False", id="done"
        ),
        pytest.param(
            ("Succeeded", "Succeeded"),
            True,
            "Completed",
            "True",
            "False",
            "False",
            id="done, suspended or not",
        ),
        pytest.param(
            ("Succeeded", "Skipped"),
            False,
            "Completed",
            "True",
            "False",
            "False",
            id="a stage skipped itself",
        ),
        pytest.param(
            ("Succeeded", "NotRun"),
            False,
            "CompletedWithSkips",
            "True",
            "False",
            "False",
            id="not run because of a skip",
        ),
        pytest.param(
            ("Failed", "NotRun"), False, "StageFailed", "False", "False", "True", id="failed"
        ),
        pytest.param(
            ("Failed", "Succeeded"),
            False,
            "StageFailed",
            "False",
            "False",
            "True",
            id="one branch failed",
        ),
    ],
)
def test_the_kstatus_table_holds(
    *,
    states: tuple[str, ...],
    suspend: bool,
    summary: str,
    succeeded: str,
    reconciling: str,
    stalled: str,
) -> None:
    status = _status(*_of(*states), suspend=suspend)

    assert status.summary == summary
    assert {c.type: c.status for c in status.conditions} == {
        "Succeeded": succeeded,
        "Reconciling": reconciling,
        "Stalled": stalled,
    }
    assert {c.reason for c in status.conditions} == {summary}
    assert (status.completionTime is not None) is (succeeded != "Unknown")


def test_a_persons_skip_is_told_apart_from_a_stages_own() -> None:
    skipped = make_status("a", "Skipped", skip={"by": "ops"})

    status = _status(skipped)

    assert (status.summary, status.message) == ("CompletedWithSkips", "done; skipped or not run: a")


def test_status_and_conditions_speak_of_the_newest_spec() -> None:
    status = _status(*_of("Waiting"), generation=7)

    assert status.observedGeneration == 7
    assert {c.observedGeneration for c in status.conditions} == {7}


def test_the_end_is_dated_once() -> None:
    first = _status(*_of("Succeeded"), now=after(5))
    again = run_status(make_run(status=first), first.stages, [], after(500))

    assert again.completionTime == after(5)
    assert again == first, "nothing is written again"


def test_a_transition_time_changes_with_the_status_alone() -> None:
    queued = _status(*_of("Waiting"), now=T0)
    running = run_status(make_run(status=queued), _of("Running"), [], after(9))
    done = run_status(make_run(status=running), _of("Succeeded"), [], after(20))

    times = [find(s.conditions, "Succeeded") for s in (queued, running, done)]
    assert [c.lastTransitionTime for c in times if c is not None] == [T0, T0, after(20)]


@pytest.mark.parametrize(
    ("stages", "current", "message"),
    [
        pytest.param(
            [make_status("a", "Succeeded"), make_status("b", "Running", node="gpu-0")],
            "b",
            "b runs on gpu-0",
            id="the one that runs",
        ),
        pytest.param(
            [
                make_status("a", "Starting", reason="ErrImagePull", message="no such image"),
                make_status("b", "Waiting", reason="DependenciesPending"),
            ],
            "a",
            "a starts: ErrImagePull: no such image",
            id="the one that starts, and why it does not yet",
        ),
        pytest.param(
            [
                make_status("a", "Waiting", reason="BackOff"),
                make_status("b", "Stuck", reason="ErrImagePull", message="not found"),
            ],
            "b",
            "b is stuck: ErrImagePull: not found",
            id="the one that is stuck, and why",
        ),
        pytest.param(
            [make_status("a", "Running", machine="gpu"), make_status("b", "Running")],
            "a +1",
            "a runs on gpu",
            id="the first of several, and how many more",
        ),
        pytest.param(
            [
                make_status("a", "Waiting", reason="DependenciesPending"),
                make_status(
                    "b", "Waiting", reason="NoFreeSlot", message="waits for a gpu slot: 2nd"
                ),
            ],
            "b",
            "b waits for a gpu slot: 2nd",
            id="the one whose turn is next",
        ),
        pytest.param(
            [make_status("a", "Failed", reason="TimedOut", message="too long"), *_of("NotRun")],
            "a",
            "a failed: TimedOut: too long",
            id="the one that failed",
        ),
        pytest.param(_of("Succeeded", "Succeeded"), "s1", "all 2 stages succeeded", id="the last"),
    ],
)
def test_the_current_stage_and_a_sentence_are_shown(
    stages: list[StageStatus], current: str, message: str
) -> None:
    status = _status(*stages)

    assert (status.stage, status.message) == (current, message)


def test_progress_counts_what_is_done() -> None:
    status = _status(*_of("Succeeded", "Skipped", "Failed", "NotRun", "Waiting"))

    assert status.progress == "2/5"


def test_attempts_count_what_was_started() -> None:
    status = _status(
        make_status("a", "Succeeded", attempt=2, commit={"attempt": 2}),
        make_status("b", "Running", attempt=3, pod="p"),
        make_status("c", "Waiting", attempt=2),
        make_status("d", "Waiting"),
        make_status("e", "Failed", attempt=3),
    )

    assert status.attempts == 2 + 3 + 1 + 0 + 3


def test_a_long_message_is_cut() -> None:
    many = [
        make_status(f"stage_with_a_long_name_{n}", "NotRun", skip={"by": "o"}) for n in range(64)
    ]

    status = _status(*many)

    assert len(status.message.encode()) <= 512
    assert all(len(c.message.encode()) <= 512 for c in status.conditions)
