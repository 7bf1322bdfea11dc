"""The run's own status follows from its stages."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from stagework.api.conditions import find
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.patches import JSON_OPTIONS, stored_document
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


def test_a_persons_skip_is_said_apart_from_a_stages_own() -> None:
    skipped = make_status("a", "Skipped", skip={"by": "ops"})

    status = _status(skipped)

    assert (status.summary, status.message) == ("CompletedWithSkips", "a skipped")


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


def test_a_stage_whose_time_is_over_is_said_to_be_ended_while_it_has_its_grace() -> None:
    verdict = {"reason": "TimedOut", "message": "ran longer than timeoutSeconds (10 s)"}
    stage = make_status("a", "Running", pod="p", node="mac-1", stopping=verdict)

    status = run_status(make_run(), [stage], [], after(9))

    assert status.message == "a is being ended: ran longer than timeoutSeconds (10 s)"


def test_a_failed_branch_is_said_while_others_work() -> None:
    stages = [
        make_status("a", "Running", node="mac-1"),
        make_status("b", "Failed", reason="NonZeroExit", message="exit code 1"),
    ]

    status = run_status(make_run(), stages, [], after(9))

    assert status.message == "a runs on mac-1; b failed: NonZeroExit"


def test_an_ended_run_that_is_read_again_says_the_same() -> None:
    """Times are stored in whole seconds; after a restart nothing may be written for that."""
    began, ended = T0 + timedelta(milliseconds=900), after(4) + timedelta(milliseconds=100)
    run = make_run(status=PipelineJobStatus(startTime=began, observedGeneration=1))
    stages = [make_status("a", "Succeeded", completionTime=ended, commit={"attempt": 1})]
    written = orjson.dumps(stored_document(run_status(run, stages, [], ended)), option=JSON_OPTIONS)

    read = PipelineJobStatus.model_validate_json(written)
    again = run.model_copy(update={"status": read})

    assert run_status(again, read.stages, [], after(60)) == read


def test_progress_counts_what_is_done() -> None:
    status = _status(*_of("Succeeded", "Skipped", "Failed", "NotRun", "Waiting"))

    assert status.progress == "2/5"


def test_retries_count_what_was_started_anew() -> None:
    status = _status(
        make_status("a", "Succeeded", attempt=2, commit={"attempt": 2}),
        make_status("b", "Running", attempt=3, pod="p"),
        make_status("c", "Waiting", attempt=2),
        make_status("d", "Waiting"),
        make_status("e", "Failed", attempt=3),
    )

    assert status.retries == 1 + 2 + 0 + 0 + 2


def test_a_long_message_is_cut() -> None:
    many = [
        make_status(f"stage_with_a_long_name_{n}", "NotRun", skip={"by": "o"}) for n in range(64)
    ]

    status = _status(*many)

    assert len(status.message.encode()) <= 512
    assert all(len(c.message.encode()) <= 512 for c in status.conditions)
