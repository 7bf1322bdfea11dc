"""The types refuse what a person may mistype, and read back what the operator wrote."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from stagework.api.base import Metadata, explain, format_time
from stagework.api.observed import OwnerReference
from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.api.stages import Stage, Volume
from tests.support.builders import make_node, make_run, make_stage, make_status


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": "../x"}, id="path as a name"),
        pytest.param({"name": "-rf"}, id="option as a name"),
        pytest.param({"name": "Upper"}, id="upper case"),
        pytest.param({"name": "s🙂"}, id="emoji"),
        pytest.param({"name": "a."}, id="trailing dot"),
        pytest.param({"name": ""}, id="empty name"),
        pytest.param({"name": "s" * 41}, id="41 letters"),
        pytest.param({"image": ""}, id="no image"),
        pytest.param({"retries": -1}, id="negative retries"),
        pytest.param({"retries": 2**31}, id="too many retries"),
        pytest.param({"retries": None}, id="null retries"),
        pytest.param({"timeoutSeconds": 0}, id="no time at all"),
        pytest.param({"timeoutSeconds": -1}, id="negative time"),
        pytest.param({"timeoutSeconds": 10**9}, id="more than a week"),
        pytest.param({"contract": "Trust"}, id="unknown contract"),
        pytest.param({"runAsUser": 0}, id="root"),
        pytest.param({"privileged": True}, id="a field that is none"),
        pytest.param({"resources": {"limits": {"cpu": "lots"}}}, id="no quantity"),
        pytest.param({"dependsOn": ["A B"]}, id="a dependency that is no name"),
    ],
)
def test_a_bad_stage_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_stage(**{"name": "good", **changes})


def test_a_refusal_names_the_field_and_the_fault() -> None:
    with pytest.raises(ValidationError) as caught:
        PipelineSpec.model_validate({"stages": [{"name": "a", "image": "i", "retries": -1}]})

    assert explain(caught.value).startswith("stages.0.retries: ")


def test_64_stages_are_the_limit() -> None:
    stages = [make_stage(f"s{number}").model_dump() for number in range(65)]

    assert PipelineSpec.model_validate({"stages": stages[:64]})
    with pytest.raises(ValidationError):
        PipelineSpec.model_validate({"stages": stages})
    with pytest.raises(ValidationError):
        PipelineSpec.model_validate({"stages": []})


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "http://plain.example.org", "/etc/passwd", "", "ftp://x"]
)
def test_an_input_is_one_of_three_kinds_of_address(uri: str) -> None:
    with pytest.raises(ValidationError):
        PipelineJobSpec.model_validate({"input": {"uri": uri}})


@pytest.mark.parametrize("path", ["relative", "", "/has space"])
def test_a_mount_path_is_absolute(path: str) -> None:
    with pytest.raises(ValidationError):
        Volume.model_validate({"name": "v", "mountPath": path, "emptyDir": "1Gi"})


def test_nothing_of_a_resource_can_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        make_stage().retries = 5  # pyright: ignore[reportAttributeAccessIssue]


def test_a_status_of_a_newer_version_is_read_without_what_is_unknown() -> None:
    status = PipelineJobStatus.model_validate({"summary": "Running", "novelty": 1})

    assert status.summary == "Running"


def test_what_was_written_reads_back_as_the_same() -> None:
    status = PipelineJobStatus(stages=[make_status(attempt=3, reason="BackOff")], summary="Waiting")

    assert PipelineJobStatus.model_validate(status.model_dump(mode="json")) == status


def test_a_status_starts_as_not_yet_seen() -> None:
    assert PipelineJobStatus().observedGeneration == -1
    assert not make_run().status.ended


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (
            datetime(2026, 1, 2, 12, 4, 5, tzinfo=timezone(timedelta(hours=9))),
            "2026-01-02T03:04:05Z",
        ),
    ],
    ids=["microseconds are cut", "every zone becomes UTC"],
)
def test_times_are_written_as_kubernetes_does(moment: datetime, text: str) -> None:
    assert format_time(moment) == text


def test_a_node_carries_a_selector_only_with_every_label_of_it() -> None:
    node = make_node("gpu-0")

    assert node.carries({"stagework.dev/machine": "gpu"})
    assert node.carries({})
    assert not node.carries({"stagework.dev/machine": "gpu", "zone": "a"})


def test_owners_are_read_as_of_every_other_object() -> None:
    read = Metadata.model_validate({"ownerReferences": [{"uid": "u", "kind": "Batch"}]})

    assert read.ownerReferences == (OwnerReference(uid="u", kind="Batch"),)
    assert Metadata(ownerReferences=read.ownerReferences) == read


def test_unset_fields_take_their_defaults() -> None:
    stage = Stage.model_validate({"name": "a", "image": "i"})

    assert (stage.contract, stage.retries, stage.dependsOn) == ("Files", 2, None)
