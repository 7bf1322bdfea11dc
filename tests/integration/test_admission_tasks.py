"""Built-in tasks and the chart's policies on a real API server: where tasks may stand, whose right
that needs, and what the operator may make of them.

ann    may make our kinds, Pods and Jobs
bob    may make our kinds, but no Pods
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from stagework.api.base import Metadata
from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.tasks import PROGRAMS, TASKS, task_object_name
from stagework.children.owner import controlled_by
from stagework.children.task_job import TaskDefaults, TaskJob
from tests.chart.rendered import NAMESPACE as RELEASE
from tests.chart.rendered import Rendered, render
from tests.integration.kubectl import Kubectl
from tests.integration.objects import Document, made, schedule
from tests.integration.rights import binding, grant_all, role
from tests.integration.waiting import eventually
from tests.support.cluster.commands import Answer

OPERATOR = f"system:serviceaccount:{RELEASE}:stagework-operator"
POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
VALUES = {
    "alerts": {"urlsSecret": "urls"},
    "tasks": {"backup": {"s3": {"secretName": "keys", "endpoint": "https://s3", "bucket": "b"}}},
}
BATCH = {"pipelineRef": {"name": "a"}, "items": {"inline": [{"id": "x", "params": {"n": "1"}}]}}


@pytest.fixture(scope="module")
def chart() -> Rendered:
    """With a Secret for alerts, and one for a bucket."""
    return render(VALUES)


@pytest.fixture(scope="module", autouse=True)
def policies(kubectl: Kubectl, chart: Rendered) -> Iterator[None]:
    """The policies, and who may do what in the release's namespace, while they hold."""
    items = chart.of_kind(*POLICIES, "ClusterRole")
    everything = {"apiVersion": "v1", "kind": "List", "items": items}
    kubectl.must("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=everything)
    furnish(kubectl, RELEASE)
    probe = by_hand("default", labels={"stagework.dev/run-uid": "x"})
    elsewhere = task_schedule("default")
    eventually(
        lambda: not any(kubectl.create(p, dry_run=True).ok for p in (probe, elsewhere)),
        "the policies do not take hold",
    )
    yield
    for kind in reversed(POLICIES):
        kubectl.must("delete", kind, *chart.names(POLICIES[0]))
    kubectl.must("delete", "rolebindings,roles", "--all", "-n", RELEASE)


def furnish(kubectl: Kubectl, namespace: str) -> None:
    """Ann and bob may do there what they may, and the operator what it may."""
    for user in ("ann", "bob"):
        grant(kubectl, namespace, user, "stagework-edit", user)
    grant(kubectl, namespace, "operator", "stagework-operator", OPERATOR)
    grant_all(
        kubectl,
        role(namespace, "pods", ("create", "update", "patch", "get"), "pods", "jobs.batch"),
        binding(namespace, "Role", "pods", "ann"),
        role(namespace, "schedules", ("create", "get", "patch"), "scheduledjobs.stagework.dev"),
        binding(namespace, "Role", "schedules", OPERATOR),
    )


def grant(kubectl: Kubectl, namespace: str, name: str, role: str, user: str) -> None:
    grant_all(kubectl, binding(namespace, "ClusterRole", role, user, name=f"{name}-{role}"))


def task_schedule(namespace: str, task: str = "backup", name: str = "") -> Document:
    return schedule(namespace, name, template={"task": {"name": task, "jobData": {"keep": 2}}})


def refused(answer: Answer, *words: str) -> bool:
    return not answer.ok and "denied" in answer.err and all(word in answer.err for word in words)


def owner(of: Document) -> Document:
    meta = of["metadata"]
    return controlled_by(SCHEDULEDJOB, Metadata(**{k: meta[k] for k in ("name", "uid")}))


def defaults(chart: Rendered, namespace: str = RELEASE) -> TaskDefaults:
    image = str(chart.settings()["files"]["image"])
    secrets = {"alerts_secret": "urls", "s3_secrets": {"backup": "keys"}}
    return TaskDefaults(namespace, image, "IfNotPresent", "stagework", **secrets)  # pyright: ignore[reportArgumentType]


def by_hand(namespace: str, labels: dict[str, str]) -> Document:
    container = {"name": "x", "image": "example.org/tool:1"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "by-hand", "namespace": namespace, "labels": labels},
        "spec": {
            "template": {
                "metadata": {"labels": labels},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            }
        },
    }


@pytest.fixture(scope="module")
def nightly(kubectl: Kubectl, policies: None) -> Document:
    """A schedule of a task in the release's namespace."""
    del policies
    return kubectl.create(task_schedule(RELEASE), user="ann").document()


class TestWhereATaskMayStand:
    def test_in_the_releases_namespace_for_those_who_may_make_pods(self, kubectl: Kubectl) -> None:
        assert kubectl.create(task_schedule(RELEASE), user="ann", dry_run=True).ok

    def test_for_nobody_else(self, kubectl: Kubectl) -> None:
        answer = kubectl.create(task_schedule(RELEASE), user="bob", dry_run=True)
        assert refused(answer, "only those who may create Pods", "spec.template.task")

    @pytest.mark.parametrize("user", ["", "ann", "bob"])
    def test_nowhere_else_whoever_writes_it(
        self, kubectl: Kubectl, namespace: str, user: str
    ) -> None:
        furnish(kubectl, namespace)
        answer = kubectl.create(task_schedule(namespace), user=user, dry_run=True)
        assert refused(answer)
        if user != "bob":  # he is told what he may not even there
            assert f"make it in namespace {RELEASE}" in answer.err

    def test_nor_by_changing_what_is_there(self, kubectl: Kubectl, namespace: str) -> None:
        changed = kubectl.create(schedule(namespace)).document()
        changed["spec"]["template"] = {"task": {"name": "backup"}}
        assert refused(kubectl.replace(changed), f"make it in namespace {RELEASE}")


class TestTheOperatorsSchedules:
    @pytest.mark.parametrize("task", TASKS)
    def test_it_writes_that_of_each_task(self, kubectl: Kubectl, task: str) -> None:
        own = schedule(RELEASE, task_object_name(task), template={"task": {"name": task}})
        assert kubectl.create(own, user=OPERATOR, dry_run=True).ok

    def test_and_no_other(self, kubectl: Kubectl, namespace: str) -> None:
        furnish(kubectl, namespace)
        name = task_object_name("backup")
        others = [
            schedule(RELEASE, name),
            task_schedule(RELEASE, "api_sync", name),
            task_schedule(RELEASE, "backup", "other"),
        ]
        for other in others:
            answer = kubectl.create(other, user=OPERATOR, dry_run=True)
            assert refused(answer, "only the schedules of built-in tasks"), other


CHANGES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "another image": (lambda _, c: c.update(image="evil"), "in the release's image"),
    "another command": (lambda _, c: c.update(command=["sh"]), "the task's command"),
    "arguments": (lambda _, c: c.update(args=["--dry-run"]), "nothing beside"),
    "another task's command": (lambda _, c: c["command"].__setitem__(3, "restore"), "command"),
    "the environment": (
        lambda _, c: c["env"].append({"name": "PYTHONPATH", "value": "/tmp"}),
        "nothing beside",
    ),
    "a secret in the environment": (
        lambda _, c: c["env"].append(
            {
                "name": "STAGEWORK_SLOT_TIME",
                "valueFrom": {"secretKeyRef": {"name": "other", "key": "k"}},
            }
        ),
        "nothing beside",
    ),
    "a working directory": (lambda _, c: c.update(workingDir="/tmp"), "nothing beside"),
    "a hook": (
        lambda _, c: c.update(lifecycle={"preStop": {"exec": {"command": ["sh"]}}}),
        "nothing beside",
    ),
    "one more container": (
        lambda p, c: p["containers"].append({**c, "name": "more"}),
        "nothing beside",
    ),
    "one before it": (
        lambda p, c: p.update(initContainers=[{**c, "name": "before"}]),
        "nothing beside",
    ),
    "the account of another task": (
        lambda p, _: p.update(serviceAccountName="stagework-task-restore"),
        "the account of that task",
    ),
    "the operator's account": (
        lambda p, _: p.update(serviceAccountName="stagework-operator"),
        "the account of that task",
    ),
    "a foreign secret": (
        lambda p, _: p["volumes"][3]["secret"].update(secretName="other"),
        "the task's own volumes",
    ),
    "a claim": (
        lambda p, _: p["volumes"].append(
            {"name": "more", "persistentVolumeClaim": {"claimName": "stagework-artifacts"}}
        ),
        "the task's own volumes",
    ),
    "a file where its program is": (
        lambda _, c: c["volumeMounts"][-1].update(mountPath="/usr"),
        "where they belong",
    ),
    "another address for a name": (
        lambda p, _: p.update(hostAliases=[{"ip": "10.0.0.1", "hostnames": ["x"]}]),
        "the cluster's own names",
    ),
    "the node's network": (lambda p, _: p.update(hostNetwork=True), "nothing of the node's"),
    "root": (lambda p, _: p["securityContext"].update(runAsUser=0), "a user that is not root"),
    "a privilege": (
        lambda _, c: c["securityContext"].update(allowPrivilegeEscalation=True),
        "without privileges",
    ),
}


class TestTheOperatorsJobs:
    @staticmethod
    def job(chart: Rendered, nightly: Document, task: str = "backup") -> Document:
        given = {"owner": owner(nightly), "slot_time": "2026-12-01T02:00:00+09:00"}
        more = {"labels": {"stagework.dev/scheduledjob": "x"}}
        job = TaskJob("nightly-1", PROGRAMS[task], {}, defaults(chart), **given, **more)  # pyright: ignore[reportArgumentType]
        return job.manifest()

    @pytest.mark.parametrize("task", TASKS)
    def test_it_makes_that_of_each_task(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document, task: str
    ) -> None:
        answer = kubectl.create(self.job(chart, nightly, task), user=OPERATOR, dry_run=True)
        assert answer.ok, answer.err

    @pytest.mark.parametrize("what", CHANGES)
    def test_and_none_with(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document, what: str
    ) -> None:
        change, words = CHANGES[what]
        job = deepcopy(self.job(chart, nightly))
        pod = job["spec"]["template"]["spec"]
        change(pod, pod["containers"][0])
        assert refused(kubectl.create(job, user=OPERATOR, dry_run=True), words)

    def test_nor_that_of_a_restore(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document
    ) -> None:
        job = self.job(chart, nightly, "restore")
        assert refused(kubectl.create(job, user=OPERATOR, dry_run=True), "the name of a task")

    def test_nor_one_in_another_namespace(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document, namespace: str
    ) -> None:
        furnish(kubectl, namespace)
        job = self.job(chart, nightly)
        job["metadata"]["namespace"] = namespace
        answer = kubectl.create(job, user=OPERATOR, dry_run=True)
        assert refused(answer, "in the namespace of the release")

    def test_nor_one_that_no_schedule_controls(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document
    ) -> None:
        job = self.job(chart, nightly)
        del job["metadata"]["ownerReferences"]
        answer = kubectl.create(job, user=OPERATOR, dry_run=True)
        assert refused(answer, "the operator makes only Jobs of stages")

    def test_nobody_else_makes_one_for_a_schedule(
        self, kubectl: Kubectl, chart: Rendered, nightly: Document
    ) -> None:
        answer = kubectl.create(self.job(chart, nightly), user="ann", dry_run=True)
        assert refused(answer, "only stagework's operator gives a Job")


class TestByHand:
    """`--print-job`, and `kubectl create -f`."""

    @pytest.mark.parametrize("task", PROGRAMS)
    def test_who_may_make_jobs_there_may_run_a_task(
        self, kubectl: Kubectl, chart: Rendered, task: str
    ) -> None:
        job = TaskJob("by-hand", PROGRAMS[task], {}, defaults(chart)).manifest()
        answer = kubectl.create(job, user="ann", dry_run=True)
        assert answer.ok, answer.err

    def test_the_label_of_a_task_is_given_nowhere_else(
        self, kubectl: Kubectl, namespace: str
    ) -> None:
        furnish(kubectl, namespace)
        answer = kubectl.create(
            by_hand(namespace, {"stagework.dev/task": "backup"}), user="ann", dry_run=True
        )
        assert refused(answer, "only stagework's operator gives a Job labels")

    def test_nor_another_label_there(self, kubectl: Kubectl) -> None:
        labels = {"stagework.dev/task": "backup", "stagework.dev/run-uid": "x"}
        assert refused(kubectl.create(by_hand(RELEASE, labels), user="ann", dry_run=True))


class TestBatchesOfSchedules:
    def test_the_operator_makes_a_batch_of_a_schedule_and_no_other(
        self, kubectl: Kubectl, nightly: Document
    ) -> None:
        batch = made("Batch", RELEASE, BATCH)
        assert refused(
            kubectl.create(batch, user=OPERATOR, dry_run=True),
            "the operator makes only Batches of a ScheduledJob",
        )
        batch["metadata"]["ownerReferences"] = [owner(nightly)]
        assert kubectl.create(batch, user=OPERATOR, dry_run=True).ok
        assert refused(
            kubectl.create(batch, user="bob", dry_run=True),
            "only stagework's operator gives a Batch an owner",
        )
