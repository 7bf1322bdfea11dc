"""The Job of a built-in task: restricted, read-only, under its own account, its data as a file."""

import json
from typing import Any

import pytest

from stagework.alerts.apprise_sink import DIRECTORY
from stagework.api.tasks import ALERTS_DIRECTORY, TASKS
from stagework.children.task_job import TaskDefaults, TaskJob

DEFAULTS = TaskDefaults("stagework-system", "stagework/operator:1", "IfNotPresent", "stagework")
OWNER = {"kind": "ScheduledJob", "name": "health-check", "uid": "u", "controller": True}


def job(task: str = "health_check", **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"data": {}, "defaults": DEFAULTS, **changes}
    return TaskJob("health-check-1", TASKS[task], **given).manifest()


def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest["spec"]["template"]["spec"]


@pytest.mark.parametrize("task", TASKS)
def test_it_passes_restricted_and_writes_nowhere_but_tmp(task: str) -> None:
    spec = pod(job(task))
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    assert writable == ["/tmp"]
    assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_own_account_and_time(task: str) -> None:
    manifest = job(task)
    assert pod(manifest)["serviceAccountName"] == f"stagework-task-{task.replace('_', '-')}"
    assert manifest["spec"]["activeDeadlineSeconds"] == TASKS[task].timeout_seconds
    assert manifest["spec"]["backoffLimit"] == 0
    assert manifest["metadata"]["namespace"] == "stagework-system"


def test_its_data_is_a_file_and_its_slot_a_variable() -> None:
    manifest = job(data={"keep": 4}, slot_time="2026-11-30T09:00:00+09:00")
    (container,) = pod(manifest)["containers"]
    assert container["command"][-3:] == [
        *("health_check", "--job-data", "/etc/stagework-task/job-data"),
    ]
    annotations = manifest["spec"]["template"]["metadata"]["annotations"]
    assert json.loads(annotations["stagework.dev/job-data"]) == {"keep": 4}
    env = [{"name": "STAGEWORK_SLOT_TIME", "value": "2026-11-30T09:00:00+09:00"}]
    assert container["env"] == env
    assert pod(job())["containers"][0]["env"] == []


def test_secrets_are_files_of_the_one_that_needs_them() -> None:
    defaults = TaskDefaults(
        *("ns", "i", "Always", "stagework"),
        pull_secrets=("registry",),
        alerts_secret="alerts",
        s3_secrets={"backup": "bucket"},
    )
    of_backup, of_health = (
        pod(job(task, defaults=defaults)) for task in ("backup", "health_check")
    )
    secrets = [v["secret"]["secretName"] for v in of_backup["volumes"] if "secret" in v]
    assert secrets == ["alerts", "bucket"]
    assert [v["secret"]["secretName"] for v in of_health["volumes"] if "secret" in v] == ["alerts"]
    assert of_health["imagePullSecrets"] == [{"name": "registry"}]
    assert str(DIRECTORY) == ALERTS_DIRECTORY
    assert "alerts" not in str(of_backup["containers"][0]["env"])


def test_it_belongs_to_what_it_is_made_for() -> None:
    assert job(owner=OWNER)["metadata"]["ownerReferences"] == [OWNER]
    assert "ownerReferences" not in job()["metadata"]
