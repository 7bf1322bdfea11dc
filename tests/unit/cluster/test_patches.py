"""What we write, byte for byte: what a write depends on is in it."""

from datetime import datetime
from typing import Any

import orjson
import pytest

from stagework.api.answered import Answered
from stagework.api.base import Observed
from stagework.api.intervention import InterventionStatus, RefusedStage
from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.cluster import patches
from stagework.plans.plan import Answer, Delete, Ungate
from tests.support.builders import NAMESPACE, T0, make_status

RUN = PIPELINEJOB.ref(NAMESPACE, "same", "u1", "7")
REQUEST = INTERVENTION.ref(NAMESPACE, "iv-1", "i1", "3")
UNGATE = Ungate(
    pod=ObjectRef(PODS, NAMESPACE, "pod-1", "p1", "42"),
    gate="stagework.dev/turn",
    node_selector={"stagework.dev/machine": "gpu"},
    labels={"stagework.dev/machine": "gpu"},
    annotations={"stagework.dev/inputs": "{}"},
)


def status_of(body: bytes) -> dict[str, Any]:
    return orjson.loads(body)["status"]


# A gate is removed from one Pod in one state.


def test_a_gate_is_removed_from_the_pod_that_was_decided_upon_as_it_was_seen() -> None:
    meta = orjson.loads(patches.ungate_patch(UNGATE))["metadata"]

    assert (meta["uid"], meta["resourceVersion"]) == ("p1", "42")


def test_only_our_own_gate_is_removed() -> None:
    spec = orjson.loads(patches.ungate_patch(UNGATE))["spec"]

    assert spec["schedulingGates"] == [{"$patch": "delete", "name": "stagework.dev/turn"}]


def test_machine_and_inputs_come_with_the_removal_of_the_gate() -> None:
    body = orjson.loads(patches.ungate_patch(UNGATE))

    assert body["spec"]["nodeSelector"] == {"stagework.dev/machine": "gpu"}
    assert body["metadata"]["labels"] == {"stagework.dev/machine": "gpu"}
    assert body["metadata"]["annotations"] == {"stagework.dev/inputs": "{}"}


# What is not said is not written; a count of zero is said.


def test_a_count_of_zero_is_stored_and_counters_at_zero_are_not() -> None:
    none_failed = {"attempt": 1, "items": 5, "failedItems": 0}
    status = PipelineJobStatus(
        stages=[
            make_status("a", "Succeeded", commit=none_failed),
            make_status("b", "Succeeded", commit={"attempt": 1}),
        ]
    )

    counted, uncounted = patches.stored_document(status)["stages"]

    assert counted["record"] == "attempt=1 items=5 failedItems=0"
    assert uncounted["record"] == "attempt=1"
    assert "failures" not in counted


# A status is written to the version that it was decided upon.


def test_a_status_is_good_only_for_the_version_it_was_decided_upon() -> None:
    body = orjson.loads(patches.status_patch(RUN, PipelineJobStatus(summary="Running")))

    assert body["metadata"] == {"uid": "u1", "resourceVersion": "7"}
    assert body["status"]["summary"] == "Running"


def test_empty_fields_of_a_status_are_nulled_so_that_what_is_stored_goes() -> None:
    status = status_of(patches.status_patch(RUN, PipelineJobStatus(summary="Running")))

    assert set(status) == set(PipelineJobStatus.model_fields), "every field is said"
    nulled = ("message", "stages", "answered", "conditions", "completionTime", "pipelineRevision")
    assert {field: status[field] for field in nulled} == dict.fromkeys(nulled)


class Plain(Observed):
    count: int = 0
    lit: bool = False
    words: dict[str, str] = {}


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (Plain(), {"count": 0, "lit": None, "words": None}),
        (Plain(count=2, lit=True), {"count": 2, "lit": True, "words": None}),
        (Plain(words={"a": ""}), {"count": 0, "lit": None, "words": {"a": ""}}),
    ],
)
def test_a_zero_says_something_and_false_does_not(status: Plain, sent: dict[str, Any]) -> None:
    assert status_of(patches.status_patch(RUN, status)) == sent


def test_within_a_list_what_is_empty_is_left_out() -> None:
    stages = [make_status("a", "Starting", pod="p1"), make_status("b")]
    status = status_of(patches.status_patch(RUN, PipelineJobStatus(stages=stages)))

    assert status["stages"][0] == {"name": "a", "state": "Starting", "attempt": 1, "pod": "p1"}
    assert status["stages"][1] == {"name": "b", "state": "Waiting", "attempt": 1}


def test_what_is_stored_after_the_patch_has_no_empty_fields() -> None:
    assert patches.stored_document(Plain(lit=True)) == {"count": 0, "lit": True}


READ = PipelineJobStatus.model_validate_json('{"startTime": "2026-11-21T09:00:00.5Z"}').startTime


@pytest.mark.parametrize(
    "moment", [T0.replace(microsecond=123456), READ], ids=["of our clock", "read from a status"]
)
def test_times_are_written_in_utc_and_whole_seconds(moment: datetime) -> None:
    body = patches.status_patch(RUN, PipelineJobStatus(startTime=moment))

    assert status_of(body)["startTime"] == "2026-11-21T09:00:00Z"


def test_what_was_written_reads_back_as_it_was() -> None:
    status = PipelineJobStatus(
        summary="Running",
        startTime=T0,
        stages=[make_status("a", "Succeeded", commit={"attempt": 1, "digest": "d"})],
        answered=[Answered(uid="i1", affected=1)],
    )
    sent = status_of(patches.status_patch(RUN, status))
    stored = {field: value for field, value in sent.items() if value is not None}

    assert PipelineJobStatus.model_validate(stored) == status


# People are answered, and their request goes with its target.


def test_an_answer_is_for_that_very_request_and_says_no_more_than_it_has_to() -> None:
    status = InterventionStatus(
        answered=T0,
        requested=1,
        affected=0,
        refused=[RefusedStage(stage="a", reason="StillActive")],
        summary="Refused",
    )
    body = orjson.loads(patches.answer_patch(Answer(REQUEST, status, adopt=False)))

    assert body["metadata"] == {"uid": "i1"}
    assert body["status"] == {
        "answered": "2026-11-21T09:00:00Z",
        "requested": 1,
        "affected": 0,
        "refused": [{"stage": "a", "reason": "StillActive"}],
        "summary": "Refused",
    }


def test_a_request_is_owned_by_that_very_target() -> None:
    assert orjson.loads(patches.owner_patch(REQUEST, RUN))["metadata"] == {
        "uid": "i1",
        "ownerReferences": [
            {
                "apiVersion": "stagework.dev/v1alpha1",
                "kind": "PipelineJob",
                "name": "same",
                "uid": "u1",
            }
        ],
    }


def test_only_that_very_object_is_deleted_and_what_it_controls_with_it() -> None:
    job = Delete(ObjectRef(JOBS, NAMESPACE, "job-1", "j1", "9"))
    assert orjson.loads(patches.delete_options(job)) == {
        "preconditions": {"uid": "j1"},
        "propagationPolicy": "Background",
    }


def test_a_deletion_may_carry_a_grace_of_its_own() -> None:
    pod = Delete(ObjectRef(PODS, NAMESPACE, "pod-1", "p1"), grace_seconds=0)
    assert orjson.loads(patches.delete_options(pod))["gracePeriodSeconds"] == 0
