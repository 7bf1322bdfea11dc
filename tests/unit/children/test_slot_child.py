"""What a template makes for a slot: a run, a batch, or the Job of a built-in task."""

import json
from typing import Any

import pytest

from stagework.api.resources import JOBS
from stagework.children.slot_child import SlotChild, resource_of, slot_child
from stagework.children.task_job import TaskDefaults
from tests.support.builders.schedules import NAMESPACE, make_schedule

SLOT_TEXT = "2026-12-01T02:00:00+09:00"
DEFAULTS = TaskDefaults(NAMESPACE, "stagework/operator:1", "IfNotPresent", "stagework")
RUN = {"pipelineRef": {"name": "a"}, "priority": 3}
BATCH = {"pipelineRef": {"name": "a"}, "items": {"inline": [{"id": "x", "params": {"n": "1"}}]}}
OWNER = {
    "apiVersion": "stagework.dev/v1alpha1",
    "kind": "ScheduledJob",
    "name": "nightly",
    "uid": "uid-of-it",
    "controller": True,
    "blockOwnerDeletion": True,
}


def child(template: dict[str, Any], defaults: TaskDefaults = DEFAULTS) -> SlotChild:
    schedule = make_schedule({"cron": "0 2 * * *"}, template=template)
    return slot_child(schedule, defaults)


def manifest(template: dict[str, Any]) -> dict[str, Any]:
    return child(template).manifest("nightly-1", SLOT_TEXT)


@pytest.mark.parametrize(
    ("template", "kind", "spec"),
    [
        ({"pipelineJob": RUN}, "PipelineJob", RUN),
        ({"batch": BATCH}, "Batch", BATCH),
    ],
)
def test_it_is_as_the_template_and_belongs_to_its_schedule(
    template: dict[str, Any], kind: str, spec: dict[str, Any]
) -> None:
    made = manifest(template)
    assert (made["apiVersion"], made["kind"]) == ("stagework.dev/v1alpha1", kind)
    assert made["spec"] == {**spec, "slotTime": SLOT_TEXT}
    assert made["metadata"] == {
        "name": "nightly-1",
        "namespace": "ns",
        "labels": {"stagework.dev/scheduledjob": "nightly"},
        "ownerReferences": [OWNER],
    }


@pytest.mark.parametrize("field", ["pipelineJob", "batch"])
def test_a_param_has_its_slot_where_the_template_asks_for_it(field: str) -> None:
    spec = {**({"batch": BATCH}.get(field, RUN)), "params": {"who": "me"}}
    made = manifest({field: spec, "slotTimeParam": "night"})
    assert made["spec"]["params"] == {"who": "me", "night": SLOT_TEXT}


def test_a_task_is_a_job_under_its_own_account_that_knows_its_slot_and_its_schedule() -> None:
    made = manifest({"task": {"name": "data_cleanup", "jobData": {"dryRun": True}}})
    assert child({"task": {"name": "backup"}}).resource == JOBS
    assert made["metadata"]["ownerReferences"] == [OWNER]
    assert made["metadata"]["labels"]["stagework.dev/scheduledjob"] == "nightly"
    assert "ttlSecondsAfterFinished" not in made["spec"], "its schedule must see its end first"
    pod = made["spec"]["template"]
    assert json.loads(pod["metadata"]["annotations"]["stagework.dev/job-data"]) == {"dryRun": True}
    assert pod["spec"]["serviceAccountName"] == "stagework-task-data-cleanup"
    (container,) = pod["spec"]["containers"]
    assert container["env"] == [{"name": "STAGEWORK_SLOT_TIME", "value": SLOT_TEXT}]


def test_nothing_is_made_of_a_task_in_another_namespace() -> None:
    elsewhere = TaskDefaults("stagework-system", "i", "Never", "stagework")
    fault = child({"task": {"name": "backup"}}, elsewhere).fault
    assert fault.endswith("make it in namespace stagework-system")


@pytest.mark.parametrize("data", [{"keep": 0}, {"tagret": "s3"}])
def test_nothing_is_made_of_a_task_whose_data_is_wrong(data: dict[str, Any]) -> None:
    fault = child({"task": {"name": "backup", "jobData": data}}).fault
    assert fault.startswith(f"spec.template.task.jobData of backup: {next(iter(data))}: ")
    assert child({"task": {"name": "backup", "jobData": {"keep": 1}}}).fault == ""


def test_what_the_api_server_would_refuse_makes_nothing() -> None:
    assert child({}).fault.startswith("give exactly one of")


def test_a_status_that_names_no_kind_means_a_run() -> None:
    kinds = [resource_of(kind).kind for kind in ("", "Batch", "Job")]
    assert kinds == ["PipelineJob", "Batch", "Job"]
