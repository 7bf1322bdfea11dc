"""Objects stay small: the status as it is written, with the longest of everything."""

from typing import Any

import orjson
import pytest

from stagework.api.answered import Answered
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.patches import JSON_OPTIONS, status_document, stored_document
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import RUN_UID, T0, after, make_run

KB = 1024


def _written(status: PipelineJobStatus) -> int:
    return len(orjson.dumps(status_document(status), option=JSON_OPTIONS))


LONGEST_SKIPS = {f"{'s' * 38}{number}": "R" * 63 for number in range(10, 14)}
"""As many as stagekit puts into a mark."""
MOST_SKIPS = {f"{'s' * 38}{number}": "R" * 63 for number in range(10, 19)}
"""As many as are taken from any mark or result."""
APPROVED = {"by": "b" * 128, "at": T0, "reason": "r" * 128}


def _stage(name: str, state: str, *, node: str, message: int, **more: Any) -> StageStatus:
    fields: dict[str, Any] = {
        "name": name,
        "state": state,
        "attempt": 3,
        "failures": 2,
        "job": f"{'r' * 10}-{name}-3-01234567".replace("_", "-")[:63],
        "machine": "gpu",
        "node": node,
        "startTime": T0,
        "completionTime": T0,
    }
    if message:
        fields |= {"reason": "R" * 63, "message": "x" * message}
    if state == "Succeeded":
        commit = {"attempt": 3, "pod": RUN_UID, "digest": "d" * 64, "items": 9}
        fields["commit"] = {**commit, "skips": more.pop("commit_skips", {})}
        fields |= more
    else:
        fields["pod"] = RUN_UID
    return StageStatus.model_validate(fields)


def _status(count: int, name: str, state: str, answers: int = 20, **more: Any) -> PipelineJobStatus:
    stages = [_stage(f"{name}{number}", state, **more) for number in range(10, 10 + count)]
    notes = [Answered(uid=RUN_UID, affected=64, refused="r" * 128) for _ in range(answers)]
    return run_status(make_run(), stages, notes, T0)


@pytest.mark.parametrize(
    ("status", "limit"),
    [
        pytest.param(
            _status(9, "ocr_eval", "Succeeded", 2, node="gpu-worker-0", message=128),
            8 * KB,
            id="nine stages, each with a sentence of its mark",
        ),
        pytest.param(
            _status(24, "s" * 38, "Succeeded", node="n" * 63, message=512),
            40 * KB,
            id="24 stages with the longest of everything, and twenty interventions",
        ),
        pytest.param(
            _status(
                24,
                "s" * 38,
                "Succeeded",
                node="n" * 63,
                message=512,
                approval=APPROVED,
                commit_skips=LONGEST_SKIPS,
            ),
            60 * KB,
            id="24 stages with the longest of everything, all approved, and each leaves others out",
        ),
        pytest.param(
            _status(64, "stage_", "Succeeded", 0, node="gpu-worker-0", message=0),
            32 * KB,
            id="64 stages with everyday names",
        ),
        pytest.param(
            _status(64, "s" * 38, "Succeeded", node="n" * 63, message=512),
            96 * KB,
            id="64 stages with the longest of everything",
        ),
        pytest.param(
            _status(
                64,
                "s" * 38,
                "Succeeded",
                node="n" * 63,
                message=512,
                approval=APPROVED,
                commit_skips=MOST_SKIPS,
            ),
            192 * KB,
            id="64 stages with the longest of everything, all approved, each leaves others out",
        ),
    ],
)
def test_a_status_stays_small(status: PipelineJobStatus, limit: int) -> None:
    assert _written(status) <= limit


def test_what_says_nothing_is_not_written() -> None:
    (stage,) = status_document(PipelineJobStatus(stages=[StageStatus(name="a")]))["stages"]

    assert stage == {"name": "a", "state": "Waiting", "attempt": 1}


def test_what_is_written_reads_back_as_it_was() -> None:
    status = _status(9, "ocr_eval", "Succeeded", node="gpu-0", message=128)

    assert PipelineJobStatus.model_validate(stored_document(status)) == status


def test_fields_that_became_empty_are_taken_out_of_the_stored_object() -> None:
    """The document is a merge patch: what is not named in it would stay."""
    document = status_document(run_status(make_run(), [StageStatus(name="a")], [], after(1)))

    assert document["completionTime"] is None
    assert document["node"] is None
    assert document["answered"] is None
