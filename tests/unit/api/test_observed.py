"""Jobs, Pods and Nodes are decoded from what the API server really sends."""

import msgspec
import pytest

from stagework.api.observed import JobView, NodeView, PodView
from tests.support.builders import T0, make_job, make_node

POD = b"""{
 "kind": "Pod", "apiVersion": "v1",
 "metadata": {"name": "p", "namespace": "ads", "uid": "u", "resourceVersion": "42",
  "creationTimestamp": "2026-11-21T09:00:00Z", "deletionTimestamp": "2026-11-21T09:01:00Z",
  "annotations": {"large": "x"}, "labels": {"stagework.dev/stage": "a"},
  "ownerReferences": [
   {"kind": "Other", "uid": "o", "name": "o"},
   {"kind": "Job", "uid": "j", "name": "job", "controller": true, "blockOwnerDeletion": true}]},
 "spec": {"nodeName": "gpu-0", "containers": [{"name": "stage", "image": "i"}],
  "schedulingGates": [{"name": "stagework.dev/turn"}]},
 "status": {"phase": "Failed", "reason": "Evicted", "qosClass": "Burstable",
  "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "X",
   "lastTransitionTime": "2026-11-21T09:00:00Z"}],
  "containerStatuses": [{"name": "stage", "ready": false, "restartCount": 0,
   "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "m",
    "startedAt": "2026-11-21T09:00:00Z", "finishedAt": null}}}]}}"""


def test_a_pod_is_decoded_with_what_decisions_use() -> None:
    pod = msgspec.json.decode(POD, type=PodView)

    assert pod.metadata.resourceVersion == "42"
    assert pod.metadata.controller_uid == "j"
    assert pod.metadata.deletion_timestamp is not None
    assert pod.held_by("stagework.dev/turn")
    assert not pod.held_by("example.org/other")
    state = pod.container("stage")
    assert state is not None
    assert state.terminated is not None
    assert (state.terminated.exit_code, state.terminated.finished_at) == (137, None)
    assert pod.container("sidecar") is None
    disruption = pod.condition("DisruptionTarget")
    assert disruption is not None
    assert pod.condition("Ready") is None


def test_the_smallest_objects_are_decoded() -> None:
    assert msgspec.json.decode(b'{"metadata": {}}', type=PodView).status.phase == ""
    assert msgspec.json.decode(b'{"metadata": {}}', type=JobView).ended is False
    assert msgspec.json.decode(b'{"metadata": {}}', type=NodeView).ready is False


def test_an_object_without_a_controller_has_none() -> None:
    job = msgspec.json.decode(b'{"metadata": {"ownerReferences": [{"uid": "x"}]}}', type=JobView)

    assert job.metadata.controller_uid == ""


def _job(kind: str, status: str) -> JobView:
    conditions = [{"type": kind, "status": status}]
    return msgspec.convert({"metadata": {}, "status": {"conditions": conditions}}, JobView)


def test_a_job_has_ended_when_its_condition_says_so() -> None:
    assert _job("Complete", "True").ended
    assert _job("Complete", "True").completed
    assert _job("Failed", "True").ended
    assert not _job("Failed", "True").completed
    assert not _job("Complete", "False").ended
    assert not _job("FailureTarget", "True").ended


@pytest.mark.parametrize(
    ("ready", "cordoned", "takes"),
    [(True, False, True), (True, True, False), (False, False, False)],
)
def test_a_node_takes_pods_while_it_is_ready_and_not_cordoned(
    *, ready: bool, cordoned: bool, takes: bool
) -> None:
    assert make_node(ready=ready, cordoned=cordoned).takes_pods is takes


def test_an_object_leaves_once_its_deletion_is_asked_for() -> None:
    assert make_job(deleted=T0).metadata.leaving
    assert not make_job().metadata.leaving
