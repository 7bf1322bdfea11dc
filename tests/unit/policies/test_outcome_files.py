"""How did a Files stage end? Its exit code decides; a mark of ours says what is kept."""

import pytest

from stagework.api.observed import PodView
from stagework.policies.outcome import (
    Done,
    Ended,
    EndRules,
    Failed,
    Interrupted,
    MarkSeen,
    NotEnded,
    judge_end,
)
from tests.support.builders import (
    deleting,
    disrupted,
    files,
    make_job,
    make_pod,
    terminated,
    waiting_for,
)

POD = make_pod(make_job())
FILES = EndRules(files=True)
LIMITED = EndRules(memory_limit="1Gi", files=True)
STORED = MarkSeen("Succeeded")
NOT_STORED = MarkSeen("Failed", "UploadServiceRefused", "more than the limit of 5 bytes")
FENCED = MarkSeen(fenced=True)
LOST_CONTACT = "it had lost contact with the API service and ended itself"


def _judge(pod: PodView, mark: MarkSeen = STORED, rules: EndRules = FILES) -> Ended | NotEnded:
    return judge_end(pod, mark, rules)


@pytest.mark.parametrize(
    ("exit_code", "mark", "expected"),
    [
        pytest.param(0, STORED, Done(), id="done, and stored"),
        pytest.param(
            77,
            MarkSeen("Skipped", "NothingToDo", "the program ended with 77"),
            Done(skipped=True, reason="NothingToDo", message="the program ended with 77"),
            id="nothing to do",
        ),
        pytest.param(
            1, MarkSeen("Failed"), Failed("NonZeroExit", "exit code 1"), id="failed, and stored"
        ),
        pytest.param(
            3,
            MarkSeen("Deferred", "Later"),
            Failed("NonZeroExit", "exit code 3"),
            id="3 is a failure like any other",
        ),
        pytest.param(1, STORED, Failed("NonZeroExit", "exit code 1"), id="the exit code decides"),
        pytest.param(
            2,
            STORED,
            Failed(
                "InputRefused",
                "exit code 2: it refuses its input; no further attempt is made",
                final=True,
            ),
            id="refused",
        ),
        pytest.param(
            75, MarkSeen("Failed"), Failed("NonZeroExit", "exit code 75"), id="its own 75"
        ),
        pytest.param(
            0,
            NOT_STORED,
            Failed(
                "OutputsNotKept",
                "exit code 0, but its outputs were not stored: more than the limit of 5 bytes",
            ),
            id="not stored",
        ),
        pytest.param(
            0,
            MarkSeen("Failed", "UploadOutputsUnreadable", "out/x cannot be kept: it is empty"),
            Failed(
                "OutputsRefused",
                "exit code 0, but its outputs were not stored: out/x cannot be kept: it is empty",
                final=True,
            ),
            id="what can never be stored",
        ),
        pytest.param(
            77,
            NOT_STORED,
            Failed(
                "OutputsNotKept",
                "exit code 77, but its outputs were not stored: more than the limit of 5 bytes",
            ),
            id="nothing to do, and not even that stored",
        ),
        pytest.param(
            0,
            MarkSeen(missing="it was killed before it was done"),
            Failed(
                "OutputsNotKept",
                "exit code 0, but its outputs were not stored: it was killed before it was done",
            ),
            id="cut short",
        ),
        pytest.param(
            0,
            MarkSeen("Failed", "UploadTimedOut"),
            Failed(
                "OutputsNotKept", "exit code 0, but its outputs were not stored: UploadTimedOut"
            ),
            id="a reason without a sentence",
        ),
        pytest.param(
            0,
            MarkSeen(),
            Failed(
                "OutputsNotKept", "exit code 0, but its outputs were not stored: nobody says why"
            ),
            id="without a word",
        ),
        pytest.param(
            0,
            MarkSeen("Skipped"),
            Failed(
                "OutputsNotKept", "exit code 0, but its outputs were not stored: nobody says why"
            ),
            id="another's mark",
        ),
        pytest.param(143, FENCED, Interrupted(LOST_CONTACT), id="fenced"),
        pytest.param(0, FENCED, Interrupted(LOST_CONTACT), id="fenced, and it ended well on that"),
    ],
)
def test_the_exit_code_decides(exit_code: int, mark: MarkSeen, expected: Ended) -> None:
    assert _judge(terminated(POD, exit_code), mark) == expected


def test_what_was_stored_before_the_pod_was_deleted_is_done() -> None:
    """Our container has asked when nothing had ended the Pod from outside."""
    assert _judge(deleting(terminated(POD))) == Done()


def test_a_program_that_ends_well_because_it_was_stopped_has_not_finished() -> None:
    assert _judge(deleting(terminated(POD)), MarkSeen()) == Interrupted(
        "the Pod was deleted while it ran"
    )
    drained = disrupted(terminated(POD, 143), "EvictionByEvictionAPI", "drained")
    assert _judge(drained, NOT_STORED) == Interrupted("drained")


def test_a_limit_of_its_own_counts_whatever_is_stored() -> None:
    killed = terminated(POD, 137, reason="OOMKilled")
    end = _judge(killed, MarkSeen("Failed"), LIMITED)

    assert isinstance(end, Failed)
    assert (end.reason, end.final) == ("OutOfMemory", True)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        pytest.param(
            MarkSeen("Refused", "InputNotFetched", "not in the store"),
            Failed("InputNotFetched", "not in the store", final=True),
            id="an input that can never be had",
        ),
        pytest.param(
            MarkSeen("Failed", "ServiceUnavailable", "busy"),
            Failed("ServiceUnavailable", "busy"),
            id="another trouble",
        ),
        pytest.param(FENCED, Interrupted(LOST_CONTACT), id="no contact"),
        pytest.param(
            MarkSeen(),
            Failed("InitContainerFailed", "init container stagework-fetch ended with exit code 1"),
            id="without a word",
        ),
    ],
)
def test_inputs_that_were_not_fetched_are_the_cause(mark: MarkSeen, expected: Ended) -> None:
    assert _judge(files.not_fetched(_placed(), 1), mark) == expected


def test_inputs_that_were_not_fetched_since_the_pod_was_ended_are_nobodys_fault() -> None:
    pod = deleting(files.not_fetched(_placed(), 1))

    assert _judge(pod, MarkSeen("Failed", "ServiceUnavailable", "busy")) == Interrupted(
        "the Pod was deleted while it ran"
    )
    assert _judge(pod, FENCED) == Interrupted("the Pod was deleted while it ran")


def _placed() -> PodView:
    return waiting_for(POD, "PodInitializing")


@pytest.mark.parametrize(
    ("exit_code", "reason", "final"),
    [(77, "OutputsNotKept", False), (5, "NonZeroExit", False), (6, "NonZeroExit", True)],
)
def test_the_codes_that_a_stage_names_are_tried_again(
    exit_code: int, reason: str, *, final: bool
) -> None:
    rules = EndRules(retried_codes=(5,), files=True)

    end = _judge(terminated(POD, exit_code), NOT_STORED, rules)

    assert isinstance(end, Failed)
    assert (end.reason, end.final) == (reason, final)
