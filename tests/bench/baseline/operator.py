"""The same pipeline in a plain kopf operator: field handlers and the `kubernetes` client.

Written as kopf's documentation and the better-known kopf operators do it: a handler on the creation
of our kind, field handlers on the Jobs' status, the synchronous client, the progress in our
kind's status. It has no retries, slots, look-ahead, marks or leadership: it does less.
Run it with `kopf run --standalone -A`.
"""

# Typed as loosely as such operators are.
# pyright: basic, reportArgumentType=false, reportCallIssue=false

import logging
from typing import Any, cast

import kopf
import kubernetes
from kubernetes.client.exceptions import ApiException

GROUP, VERSION, PLURAL = "stagework.dev", "v1alpha1", "pipelinejobs"
LABEL = "stagework.dev/run-uid"
CONFLICT = 409


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    kubernetes.config.load_kube_config()  # pyright: ignore[reportUnknownMemberType]
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.execution.max_workers = 32
    logging.getLogger("kopf").setLevel(logging.WARNING)


@kopf.on.create(GROUP, VERSION, PLURAL)
def run_created(
    spec: kopf.Spec, name: str | None, namespace: str | None, uid: str | None, **_: Any
) -> None:
    create_job(str(namespace), str(name), str(uid), spec["stages"][0])


@kopf.on.field("batch", "v1", "jobs", field="status.succeeded", labels={LABEL: kopf.PRESENT})
def stage_succeeded(new: Any, labels: kopf.Labels, namespace: str | None, **_: Any) -> None:
    if not new:
        return
    run_name, stage = labels["stagework.dev/pipelinejob"], labels["stagework.dev/stage"]
    api = kubernetes.client.CustomObjectsApi()
    where = (GROUP, VERSION, str(namespace), PLURAL, run_name)
    run = cast("dict[str, Any]", api.get_namespaced_custom_object(*where))
    stages: list[dict[str, Any]] = run["spec"]["stages"]
    at = [stage["name"] for stage in stages].index(stage)
    over = at + 1 == len(stages)
    if not over:
        create_job(str(namespace), run_name, run["metadata"]["uid"], stages[at + 1])
    status: dict[str, Any] = {"progress": f"{at + 1}/{len(stages)}", "stage": stage}
    status["summary"] = "Completed" if over else "Running"
    if over:
        status["completionTime"] = "2026-11-21T00:00:00Z"
    api.patch_namespaced_custom_object_status(*where, {"status": status})


@kopf.on.field("batch", "v1", "jobs", field="status.failed", labels={LABEL: kopf.PRESENT})
def stage_failed(new: Any, labels: kopf.Labels, namespace: str | None, **_: Any) -> None:
    if new:
        run_name = labels["stagework.dev/pipelinejob"]
        api = kubernetes.client.CustomObjectsApi()
        body = {"status": {"summary": "StageFailed", "stage": labels["stagework.dev/stage"]}}
        where = (GROUP, VERSION, str(namespace), PLURAL, run_name)
        api.patch_namespaced_custom_object_status(*where, body)


def create_job(namespace: str, run: str, run_uid: str, stage: dict[str, Any]) -> None:
    labels = {
        LABEL: run_uid,
        "stagework.dev/pipelinejob": run,
        "stagework.dev/stage": stage["name"],
        "stagework.dev/attempt": "1",
    }
    client = kubernetes.client
    container = client.V1Container(
        name="stage",
        image=stage["image"],
        env=[
            client.V1EnvVar(name=variable["name"], value=variable["value"])
            for variable in stage.get("env", [])
        ],
        resources=client.V1ResourceRequirements(**stage.get("resources", {})),
    )
    pod = client.V1PodSpec(
        containers=[container],
        restart_policy="Never",
        node_selector={"stagework.dev/machine": stage["runsOn"][0]},
    )
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=pod)
    owner = client.V1OwnerReference(
        api_version=f"{GROUP}/{VERSION}",
        kind="PipelineJob",
        name=run,
        uid=run_uid,
        controller=True,
        block_owner_deletion=True,
    )
    meta = client.V1ObjectMeta(
        name=f"{run}-{stage['name']}".replace("_", "-"), labels=labels, owner_references=[owner]
    )
    job = client.V1Job(metadata=meta, spec=client.V1JobSpec(template=template, backoff_limit=0))
    try:
        client.BatchV1Api().create_namespaced_job(namespace, job)
    except ApiException as error:
        if error.status != CONFLICT:  # pyright: ignore[reportUnknownMemberType]
            raise
