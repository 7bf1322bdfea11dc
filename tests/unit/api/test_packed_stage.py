"""A stage that has succeeded, in one line of its status beside its name and state."""

from typing import Any

import pytest
from pydantic import ValidationError

from stagework.api.packed_stage import RECORD_BYTES
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.patches import stored_document
from tests.support.builders import T0, after, make_status
from tests.support.fakeapi.resources import Json

UID = "3b87ab59-0000-4000-8000-000000000001"
COMMIT = {"attempt": 1, "pod": UID, "digest": "d" * 64}


def _stored(stage: StageStatus) -> Json:
    (entry,) = stored_document(PipelineJobStatus(stages=[stage]))["stages"]
    return entry


RAN = {"machine": "gpu", "node": "gpu-1", "startTime": T0, "completionTime": after(9)}


def test_where_and_when_it_ran_its_job_pod_and_digest_stand_in_one_line() -> None:
    done = make_status("a", "Succeeded", job="run-a-1-ab", jobUid="j", commit=COMMIT, **RAN)

    assert _stored(done) == {
        "name": "a",
        "state": "Succeeded",
        "record": "machine=gpu node=gpu-1 startTime=2026-11-21T09:00:00Z"
        " completionTime=2026-11-21T09:00:09Z attempt=1 job=run-a-1-ab jobUid=j"
        f" pod={UID} digest={'d' * 64}",
    }


def test_a_stage_as_releases_before_wrote_it_reads_as_ever() -> None:
    line = f"attempt=1 job=run-a-1-ab jobUid=j pod={UID} digest={'d' * 64}"
    times = {"startTime": "2026-11-21T09:00:00Z", "completionTime": "2026-11-21T09:00:09Z"}
    stored: Json = {"name": "a", "state": "Succeeded", **RAN, **times, "record": line}

    done = make_status("a", "Succeeded", job="run-a-1-ab", jobUid="j", commit=COMMIT, **RAN)
    assert StageStatus.model_validate(stored) == done


@pytest.mark.parametrize(
    "more",
    [
        {"job": "run-a-1-ab", "jobUid": UID},
        RAN,
        {**RAN, "completionTime": None},
        {"commit": {**COMMIT, "items": 5, "failedItems": 0}},
        {"attempt": 7, "commit": {**COMMIT, "attempt": 7}, "machine": "gpu"},
        {"commit": {**COMMIT, "skips": {"heads": "It was tails"}}},
        {"attempt": 2, "commit": COMMIT},
        {"state": "Skipped"},
        {"state": "Running", "commit": None, "job": "run-a-1-ab", "pod": UID},
    ],
)
def test_what_is_stored_reads_back_as_it_was(more: dict[str, Any]) -> None:
    given: Json = {"name": "a", "state": "Succeeded", "commit": COMMIT, **more}
    stage = StageStatus.model_validate(given)

    assert StageStatus.model_validate(_stored(stage)) == stage


def test_the_longest_line_has_room() -> None:
    longest = {"attempt": 10**6, "pod": "p" * 64, "digest": "d" * 128, "items": 2**53}
    commit = {**longest, "failedItems": 2**53}
    place = {**RAN, "machine": "m" * 31, "node": "n" * 253}
    done = make_status(
        "a", "Succeeded", attempt=10**6, job="j" * 63, jobUid="u" * 128, commit=commit, **place
    )

    assert len(_stored(done)["record"]) <= RECORD_BYTES


@pytest.mark.parametrize(
    "line",
    [
        *("attempt=0", "attempt=x", f"attempt={10**9}"),
        *("pod=../../others", "job=-", "startTime=noon"),
    ],
)
def test_a_line_that_nobody_of_ours_wrote_is_checked_as_all_else(line: str) -> None:
    with pytest.raises(ValidationError):
        StageStatus.model_validate({"name": "a", "state": "Succeeded", "record": line})


def test_words_of_a_newer_version_are_passed_over() -> None:
    line = "attempt=2 sealed=yes pod=p state=Failed"

    read = StageStatus.model_validate({"name": "a", "state": "Succeeded", "record": line})

    assert (read.state, read.attempt) == ("Succeeded", 2)
    assert read.commit is not None
    assert read.commit.pod == "p"
