"""Nobody but the operator and the Job controller makes what belongs to a run: a real API server,
with the controllers that write Jobs and Pods.

mallory    may make, change and delete Jobs, Pods and PipelineJobs in his namespace
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, cast

import pytest

from hack.devcluster.apiserver import CONTROLLERS, start_api_server
from stagework.api.base import Metadata
from stagework.api.machines import MachineClass
from stagework.api.names import ANNOTATION_INPUTS, LABEL_MACHINE, SCHEDULING_GATE
from stagework.api.resources import PODS, ObjectRef
from stagework.children.stage_job import StageJob
from stagework.cluster.patches import ungate_patch
from stagework.plans.plan import Ungate
from tests.chart.rendered import NAMESPACE as RELEASE
from tests.chart.rendered import render
from tests.integration.conftest import with_definitions
from tests.integration.kubectl import Kubectl
from tests.integration.objects import Document, inline_run, made, named_run, schedule
from tests.integration.rights import binding, grant_all, role
from tests.integration.waiting import eventually
from tests.support.builders import GPU, make_fleet, make_run, make_stage
from tests.support.builders.world import POD_DEFAULTS
from tests.support.cluster.commands import Answer

OPERATOR = f"system:serviceaccount:{RELEASE}:stagework-operator"
POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
RUN_UID = "stagework.dev/run-uid"
MALLORY = "mallory"
NO_MAKER = "the operator makes only runs of a Batch or a ScheduledJob"
JOB_CONTROLLERS = (
    "system:kube-controller-manager",
    "system:serviceaccount:kube-system:job-controller",
)


MUCH = ("get", "list", "create", "update", "patch", "delete")
MINE = (
    *("jobs.batch", "jobs/status.batch", "pods", "pods/status"),
    "pipelinejobs.stagework.dev",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """An API server with controllers, our definitions, and the policies in force."""
    folder = tmp_path_factory.mktemp("controllers")
    with (
        start_api_server(folder, controllers=CONTROLLERS) as server,
        with_definitions(server, folder / "cache") as kubectl,
    ):
        items = render().of_kind(*POLICIES, "ClusterRole")
        everything = {"apiVersion": "v1", "kind": "List", "items": items}
        kubectl.must("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=everything)
        probes = [
            forged("default", "x", labels={RUN_UID: "x"}),
            pod("default", labels={RUN_UID: "x"}),
        ]
        eventually(
            lambda: not any(kubectl.create(probe, dry_run=True).ok for probe in probes),
            "the policies do not take hold",
        )
        yield kubectl


def furnished(cluster: Kubectl, name: str) -> str:
    """A namespace in which mallory may do much, and the operator what it may."""
    grant_all(
        cluster,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        role(name, "much", MUCH, *MINE),
        # The operator may make runs as soon as there is a kind whose children they are.
        binding(name, "Role", "much", MALLORY, OPERATOR, *JOB_CONTROLLERS),
        binding(name, "ClusterRole", "stagework-operator", OPERATOR),
    )
    account = ("get", "serviceaccount", "default", "-n", name)
    eventually(lambda: cluster.run(*account).ok, "no ServiceAccount in the namespace")
    return name


@pytest.fixture(scope="module")
def place(cluster: Kubectl) -> str:
    """The namespace of most stories."""
    return furnished(cluster, "place")


@pytest.fixture
def own(cluster: Kubectl, request: pytest.FixtureRequest) -> str:
    """A namespace for a story that takes things away."""
    return furnished(cluster, f"t-{abs(hash(request.node.nodeid)):x}")


@pytest.fixture(scope="module")
def run(cluster: Kubectl, place: str) -> Document:
    """A run that nobody works on."""
    return run_in(cluster, place)


@pytest.fixture(scope="module")
def pair(cluster: Kubectl, place: str) -> tuple[str, str]:
    """Names of a stage's Job and Pod."""
    return at_work(cluster, place)


@pytest.fixture(scope="module")
def mine(cluster: Kubectl, place: str) -> Document:
    """A Job of mallory's own; his Pod has the same name."""
    cluster.create(pod(place), user=MALLORY)
    return cluster.create(forged(place, "mine"), user=MALLORY).document()


def run_in(cluster: Kubectl, namespace: str) -> Document:
    """A PipelineJob that nobody works on."""
    return cluster.create(inline_run(namespace)).document()


def stage_job(of: Document, machine: MachineClass = GPU, **fields: Any) -> Document:
    """The Job that the operator makes for its stage, as it makes it."""
    stage = make_stage("one", env=[{"name": "A", "value": "$5"}], **fields)
    meta = of["metadata"]
    run = make_run(stage, name=meta["name"], uid=meta["uid"])
    meta = Metadata(name=meta["name"], namespace=meta["namespace"], uid=meta["uid"])
    job = StageJob(
        run=run.model_copy(update={"metadata": meta}),
        stage=stage,
        attempt=1,
        recreations=0,
        machine=machine,
        params={"prompt": "shoes"},
        fleet=make_fleet(),
        defaults=POD_DEFAULTS,
        pull_secrets=("my-registry",),
    )
    return job.manifest()


def forged(
    namespace: str,
    name: str,
    *,
    labels: dict[str, str] | None = None,
    below: dict[str, str] | None = None,
    owner: Document | None = None,
) -> Document:
    """A Job of somebody's own, with something of ours."""
    container = {"name": "stage", "image": "example.org/tool:1"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels or {},
            "ownerReferences": [owner] if owner else [],
        },
        "spec": {
            "suspend": True,
            "template": {
                "metadata": {"labels": below or {}},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            },
        },
    }


def pod(
    namespace: str, *, labels: dict[str, str] | None = None, owner: Document | None = None
) -> Document:
    """A Pod of somebody's own, with something of ours."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "mine",
            "namespace": namespace,
            "labels": labels or {},
            "ownerReferences": [owner] if owner else [],
        },
        "spec": {
            "schedulingGates": [{"name": "example.org/mine"}],
            "containers": [{"name": "stage", "image": "example.org/tool:1"}],
        },
    }


def owner_of(run: Document, **fields: Any) -> Document:
    """A reference to a run, as a forger writes it."""
    meta = run["metadata"]
    own = {"apiVersion": run["apiVersion"], "kind": run["kind"]}
    return {**own, "name": meta["name"], "uid": meta["uid"], "controller": True, **fields}


FORGERIES: dict[str, Callable[[Document], Document]] = {
    "our label": lambda run: {"labels": {RUN_UID: run["metadata"]["uid"]}},
    "any label of ours": lambda _: {"labels": {"stagework.dev/machine": "gpu"}},
    "our label on its Pods": lambda run: {"below": {RUN_UID: run["metadata"]["uid"]}},
    "a run as owner": lambda run: {"owner": owner_of(run)},
    "a run as owner beside others": lambda run: {"owner": owner_of(run, controller=False)},
    "an owner that the garbage collector does not know": lambda run: {
        "owner": owner_of(run, apiVersion="bogus.example.org/v1")
    },
    "an owner of our group": lambda run: {"owner": owner_of(run, kind="Pipeline")},
    "an owner of another version": lambda run: {
        "owner": owner_of(run, apiVersion="stagework.dev/v9")
    },
}


def refused(answer: Answer, *words: str) -> bool:
    """True where a policy said no, with these words."""
    return (
        not answer.ok
        and "ValidatingAdmissionPolicy" in answer.err
        and all(word in answer.err for word in words)
    )


class TestForgers:
    @pytest.mark.parametrize("what", FORGERIES)
    def test_nobody_makes_a_job_with(
        self, cluster: Kubectl, place: str, run: Document, what: str
    ) -> None:
        job = forged(place, "forged", **FORGERIES[what](run))
        answer = cluster.create(job, user=MALLORY, dry_run=True)
        assert refused(answer, "only stagework's operator gives")

    @pytest.mark.parametrize("user", ["", *JOB_CONTROLLERS])
    def test_whoever_it_is(self, cluster: Kubectl, place: str, run: Document, user: str) -> None:
        job = forged(place, "forged", owner=owner_of(run))
        assert refused(cluster.create(job, user=user, dry_run=True), "a Job an owner of its own")

    def test_nor_for_a_run_of_another_namespace(self, cluster: Kubectl, place: str) -> None:
        elsewhere = run_in(cluster, "default")
        job = forged(place, "forged", owner=owner_of(elsewhere), labels={RUN_UID: "x"})
        assert refused(cluster.create(job, user=MALLORY), "only stagework's operator gives a Job")

    @pytest.mark.parametrize("what", FORGERIES)
    def test_nor_changes_one_of_his_own_into_it(
        self, cluster: Kubectl, run: Document, mine: Document, what: str
    ) -> None:
        meta = mine["metadata"]
        wanted = forged(meta["namespace"], meta["name"], **FORGERIES[what](run))
        changed = deepcopy(mine)
        del changed["metadata"]["resourceVersion"]
        for field in ("labels", "ownerReferences"):
            changed["metadata"][field] = wanted["metadata"][field]
        below = changed["spec"]["template"]["metadata"]["labels"]
        below |= wanted["spec"]["template"]["metadata"]["labels"]
        assert refused(cluster.replace(changed, user=MALLORY), "only stagework's operator gives")

    @pytest.mark.parametrize(
        ("kind", "subresource"), [("job", "status"), ("pod", "status"), ("pod", "")]
    )
    def test_nor_by_a_patch_or_by_way_of_its_status(
        self, cluster: Kubectl, place: str, mine: Document, kind: str, subresource: str
    ) -> None:
        patch = json.dumps({"metadata": {"labels": {RUN_UID: "x"}}})
        answer = cluster.run(
            *("patch", kind, mine["metadata"]["name"], "-n", place),
            *([f"--subresource={subresource}"] if subresource else []),
            *("--type=merge", "-p", patch),
            user=MALLORY,
        )
        assert refused(answer, RUN_UID, "labels of")

    @pytest.mark.parametrize("user", [MALLORY, "", OPERATOR])
    def test_nobody_makes_a_pod_with_our_labels(
        self, cluster: Kubectl, place: str, user: str
    ) -> None:
        answer = cluster.create(pod(place, labels={RUN_UID: "x"}), user=user)
        assert refused(answer, f"{RUN_UID}; only the Job controller makes Pods")

    def test_the_operator_adds_the_class_of_its_turn_to_a_pod_and_nothing_else(
        self, cluster: Kubectl, place: str, pair: tuple[str, str]
    ) -> None:
        def labelled(label: str, user: str) -> Answer:
            change = ("label", "pod", pair[1], "-n", place, label, "--dry-run=server")
            return cluster.run(*change, "--overwrite", user=user)

        assert labelled("stagework.dev/machine=gpu", OPERATOR).ok
        assert refused(labelled("stagework.dev/machine=gpu", MALLORY), "only the Job controller")
        assert refused(labelled(f"{RUN_UID}=x", OPERATOR), "only the Job controller")

    def test_nor_with_a_run_as_owner(self, cluster: Kubectl, place: str, run: Document) -> None:
        answer = cluster.create(pod(place, owner=owner_of(run)), user=MALLORY)
        assert refused(answer, "no Pod has an owner of stagework's kinds: its Job has")

    def test_nobody_makes_a_run_that_belongs_to_another(
        self, cluster: Kubectl, place: str, run: Document
    ) -> None:
        child = inline_run(place)
        child["metadata"]["ownerReferences"] = [owner_of(run)]
        assert refused(cluster.create(child, user=MALLORY), "only stagework's operator gives a Pip")
        del child["metadata"]["ownerReferences"]
        own = cluster.create(child, user=MALLORY).document()
        own["metadata"]["ownerReferences"] = [owner_of(run)]
        assert refused(cluster.replace(own, user=MALLORY), "an owner of its own")

    def test_the_operator_makes_no_run_but_a_batchs_of_a_pipeline(
        self, cluster: Kubectl, place: str, run: Document
    ) -> None:
        spec = {"pipelineRef": {"name": "p"}, "items": {"manifest": "s3://b/list"}}
        batch = cluster.create(made("Batch", place, spec)).document()
        child = named_run(place)
        child["metadata"]["ownerReferences"] = [owner_of(batch)]
        assert cluster.create(child, user=OPERATOR, dry_run=True).ok
        assert refused(cluster.create(child, user=MALLORY), "only stagework's operator gives a Pip")
        stages = inline_run(place)
        stages["metadata"]["ownerReferences"] = [owner_of(batch)]
        assert refused(cluster.create(stages, user=OPERATOR), "runs of a Pipeline that it names")
        child["metadata"]["ownerReferences"] = [owner_of(run)]
        assert refused(cluster.create(child, user=OPERATOR), NO_MAKER)

    def test_the_operator_makes_no_run_but_a_schedules_with_any_stages(
        self, cluster: Kubectl, place: str, run: Document
    ) -> None:
        child = inline_run(place)
        maker = cluster.create(schedule(place)).document()
        child["metadata"]["ownerReferences"] = [owner_of(maker)]
        assert cluster.create(child, user=OPERATOR, dry_run=True).ok
        assert refused(cluster.create(child, user=MALLORY), "only stagework's operator gives a Pip")
        child["metadata"]["ownerReferences"] = [owner_of(maker), owner_of(run, controller=False)]
        assert refused(cluster.create(child, user=OPERATOR), NO_MAKER)
        del child["metadata"]["ownerReferences"]
        assert refused(cluster.create(child, user=OPERATOR), NO_MAKER)


class TestEverydayLife:
    def test_a_stage_has_its_job_and_its_pod(
        self, cluster: Kubectl, place: str, pair: tuple[str, str]
    ) -> None:
        job, pod_name = pair
        assert cluster.get("pod", pod_name, "-n", place)["metadata"]["labels"][RUN_UID]
        assert cluster.get("job", job, "-n", place)["status"]["active"] == 1

    @pytest.mark.parametrize("name", JOB_CONTROLLERS)
    def test_the_job_controller_has_two_names(
        self, cluster: Kubectl, place: str, name: str
    ) -> None:
        made = pod(place, labels={RUN_UID: "x"})
        made["metadata"]["name"] = "theirs"
        assert cluster.create(made, user=name, dry_run=True).ok

    @pytest.mark.parametrize("kind", ["job", "pod"])
    def test_people_label_and_annotate_what_is_there_and_take_our_labels_away(
        self, cluster: Kubectl, place: str, pair: tuple[str, str], kind: str
    ) -> None:
        name = pair[kind == "pod"]
        for verb, change in (
            ("label", "seen=yes"),
            ("annotate", "seen=yes"),
            ("label", "seen-"),
            ("label", "stagework.dev/title-"),
        ):
            cluster.must(verb, kind, name, "-n", place, change, user=MALLORY)

    @pytest.mark.parametrize("cascade", ["background", "foreground"])
    def test_all_goes_with_the_run(self, cluster: Kubectl, own: str, cascade: str) -> None:
        at_work(cluster, own)
        cluster.must("delete", "pj", "--all", "-n", own, f"--cascade={cascade}", "--wait=false")
        eventually(
            lambda: not cluster.get("pj,jobs,pods", "-n", own)["items"],
            "the garbage collector is stuck",
        )

    def test_a_run_can_go_alone(self, cluster: Kubectl, own: str) -> None:
        job, _ = at_work(cluster, own)
        cluster.must("delete", "pj", "--all", "-n", own, "--cascade=orphan")
        left = cluster.get("job", job, "-n", own)
        assert "ownerReferences" not in left["metadata"]

    def test_others_have_owners_and_labels_of_their_own(self, cluster: Kubectl, place: str) -> None:
        """Also of a kind that is called as one of ours."""
        other = {"apiVersion": "numaflow.numaproj.io/v1alpha1", "kind": "Pipeline"}
        owner = {**other, "name": "p", "uid": "8c1d1c6e-0000-4000-8000-000000000000"}
        labels = {"app.kubernetes.io/name": "stagework-stage", "stagework": "x"}
        job = forged(place, "other", owner=owner, labels=labels, below=labels)
        assert cluster.create(job, user=MALLORY, dry_run=True).ok


def at_work(cluster: Kubectl, namespace: str) -> tuple[str, str]:
    """A run, the Job that the operator has made for it, and the Pod of that; names of these two."""
    job = cluster.must(
        *("create", "-o", "json", "-f", "-"),
        stdin=stage_job(run_in(cluster, namespace)),
        user=OPERATOR,
    ).document()
    name = cast("str", job["metadata"]["name"])
    selector = f"--selector=batch.kubernetes.io/job-name={name}"
    found = eventually(
        lambda: cluster.get("pods", "-n", namespace, selector)["items"], "the Job has no Pod"
    )
    return name, found[0]["metadata"]["name"]


def template(change: Callable[[Document], object]) -> Callable[[Document], object]:
    """Change the Pod's spec of a Job."""
    return lambda job: change(job["spec"]["template"]["spec"])


def container(change: Callable[[Document], object]) -> Callable[[Document], object]:
    """Change the container of a Job."""
    return lambda job: change(job["spec"]["template"]["spec"]["containers"][0])


def volume(**source: Any) -> Callable[[Document], object]:
    """Add a volume to a Job's Pod."""
    return template(lambda spec: spec["volumes"].append({"name": "more", **source}))


def secured(**fields: Any) -> Callable[[Document], object]:
    """Other fields in the security context of a Job's container."""
    return container(lambda stage: stage["securityContext"].update(fields))


TOKEN = {"serviceAccountToken": {"path": "t", "audience": "https://kubernetes.default.svc"}}
PRIVILEGES = "containers without privileges"
NODE = "a user that is not root, and nothing of the node's"
ACCOUNT = "no ServiceAccount"
OWNER = "one PipelineJob as owner, and its uid as label"
VOLUMES = "volumes of its own namespace"
SHAPES: dict[str, tuple[Callable[[Document], object], str]] = {
    "no owner": (lambda job: job["metadata"].pop("ownerReferences"), OWNER),
    "two owners": (
        lambda job: job["metadata"]["ownerReferences"].append(
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u"}
        ),
        OWNER,
    ),
    "an owner of another kind": (
        lambda job: job["metadata"]["ownerReferences"][0].update(kind="Pipeline"),
        OWNER,
    ),
    "another run's label": (lambda job: job["metadata"]["labels"].update({RUN_UID: "x"}), OWNER),
    "no label on its Pod": (
        lambda job: job["spec"]["template"]["metadata"]["labels"].pop(RUN_UID),
        OWNER,
    ),
    "no gate": (template(lambda spec: spec.pop("schedulingGates")), "stagework.dev/turn"),
    "the node's network": (template(lambda spec: spec.update(hostNetwork=True)), NODE),
    "the node's processes": (template(lambda spec: spec.update(hostPID=True)), NODE),
    "root": (template(lambda spec: spec["securityContext"].update(runAsUser=0)), NODE),
    "perhaps root": (template(lambda spec: spec["securityContext"].pop("runAsNonRoot")), NODE),
    "a kernel parameter": (
        template(
            lambda spec: spec["securityContext"].update(sysctls=[{"name": "a.b", "value": "1"}])
        ),
        NODE,
    ),
    "a ServiceAccount": (template(lambda s: s.update(serviceAccountName="admin")), ACCOUNT),
    "a token": (template(lambda s: s.update(automountServiceAccountToken=True)), ACCOUNT),
    "a token by default": (template(lambda s: s.pop("automountServiceAccountToken")), ACCOUNT),
    "a token of the API server": (volume(projected={"sources": [TOKEN]}), VOLUMES),
    "a token without audience": (
        volume(projected={"sources": [{"serviceAccountToken": {"path": "t"}}]}),
        VOLUMES,
    ),
    "a Secret among others": (
        volume(projected={"sources": [{"secret": {"name": "s"}}]}),
        VOLUMES,
    ),
    "a folder of the node": (volume(hostPath={"path": "/"}), VOLUMES),
    "a privileged container": (secured(privileged=True, allowPrivilegeEscalation=True), PRIVILEGES),
    "a container that may rise": (secured(allowPrivilegeEscalation=True), PRIVILEGES),
    "a capability": (secured(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), PRIVILEGES),
    "all capabilities": (secured(capabilities={}), PRIVILEGES),
    "a container as root": (secured(runAsUser=0), PRIVILEGES),
    "a port of the node": (
        container(lambda c: c.update(ports=[{"containerPort": 80, "hostPort": 80}])),
        PRIVILEGES,
    ),
    "another container with privileges": (
        template(lambda s: s.update(initContainers=[{"name": "first", "image": "example.org/x"}])),
        PRIVILEGES,
    ),
}


EVERYTHING: Document = {
    "volumes": [
        {"name": "shm", "mountPath": "/dev/shm", "emptyDir": "64Mi", "medium": "Memory"},
        {"name": "keys", "mountPath": "/keys", "secret": "keys", "optional": True},
        {
            "name": "conf",
            "mountPath": "/etc/app.toml",
            "configMap": "conf",
            "items": [{"key": "app", "path": "app.toml"}],
            "defaultMode": 0o440,
            "subPath": "app.toml",
        },
        {"name": "data", "mountPath": "/data", "persistentVolumeClaim": "d", "subPath": "a/b"},
    ],
    "envFrom": [{"prefix": "DB_", "secretRef": {"name": "db", "optional": True}}],
    "imagePullPolicy": "Always",
    "workingDir": "/srv",
    "labels": {"team": "red", "example.org/team": "red"},
    "annotations": {"sidecar.istio.io/inject": "false"},
}


def test_the_operator_makes_jobs_with_all_that_a_stage_may_name(
    cluster: Kubectl, run: Document
) -> None:
    machine = GPU.model_copy(update={"runtimeClassName": "gvisor", "priorityClassName": "batch"})
    answer = cluster.create(stage_job(run, machine, **EVERYTHING), user=OPERATOR, dry_run=True)
    assert answer.ok, answer.err


@pytest.mark.parametrize("contract", ["Mark", "ExitCode"])
def test_such_a_pod_passes_restricted_pod_security(cluster: Kubectl, contract: str) -> None:
    """The API server itself judges it, by its own rules."""
    name = f"restricted-{contract.lower()}"
    furnished(cluster, name)
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.must("label", "namespace", name, label)
    template = stage_job(run_in(cluster, name), contract=contract, **EVERYTHING)["spec"]["template"]
    labels = {k: v for k, v in template["metadata"]["labels"].items() if "stagework" not in k}
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": name, "labels": labels},
        "spec": template["spec"],
    }
    answer = cluster.create(made, dry_run=True)
    assert answer.ok, answer.err


@pytest.mark.parametrize("what", SHAPES)
def test_the_operators_account_makes_no_job_with(
    cluster: Kubectl, run: Document, what: str
) -> None:
    spoil, words = SHAPES[what]
    job = stage_job(run)
    spoil(job)
    answer = cluster.create(job, user=OPERATOR, dry_run=True)
    assert refused(answer, "the operator makes only Jobs of stages", words)


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
ELSEWHERE = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
TOLERATION = {"key": "a", "operator": "Exists"}
TOLERATED = {"op": "add", "path": "/spec/tolerations/-", "value": TOLERATION}
CHANGES: dict[str, tuple[Document | list[Document], str]] = {
    "another image": (
        {"spec": {"containers": [{"name": "stage", "image": "example.org/miner"}]}},
        "no container and no image",
    ),
    "a deadline": ({"spec": {"activeDeadlineSeconds": 1}}, "no activeDeadlineSeconds"),
    "a toleration": ([TOLERATED], "tolerations"),
    "an affinity": (
        {"spec": {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [ELSEWHERE]}}}}},
        "affinity",
    ),
    "a finalizer": ({"metadata": {"finalizers": ["example.org/stays"]}}, "no finalizers"),
    "no owner": ({"metadata": {"ownerReferences": None}}, "ownerReferences"),
    "a label of others": ({"metadata": {"labels": {"app": "shop"}}}, "no label but"),
    "a label less": ({"metadata": {"labels": {"stagework.dev/stage": None}}}, "no label but"),
    "an annotation of others": (
        {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": "inner"}}},
        "no annotation but those of stagework.dev",
    ),
}


def patched(cluster: Kubectl, place: str, name: str, change: object, kind: str = "merge") -> Answer:
    """A change of a Pod in the operator's name, not stored."""
    words = ("patch", "pod", name, "-n", place, f"--type={kind}", "--dry-run=server")
    return cluster.run(*words, "-p", json.dumps(change), user=OPERATOR)


class TestTheOperatorsHandOnPods:
    def test_it_takes_its_gate_and_writes_what_the_turn_says(
        self, cluster: Kubectl, place: str, pair: tuple[str, str]
    ) -> None:
        meta = cluster.get("pod", pair[1], "-n", place)["metadata"]
        turn = Ungate(
            pod=ObjectRef(PODS, place, pair[1], meta["uid"], meta["resourceVersion"]),
            gate=SCHEDULING_GATE,
            node_selector={"stagework.dev/machine": "gpu"},
            labels={LABEL_MACHINE: "gpu"},
            annotations={ANNOTATION_INPUTS: "{}"},
        )
        answer = patched(cluster, place, pair[1], json.loads(ungate_patch(turn)), "strategic")
        assert answer.ok, answer.err

    @pytest.mark.parametrize("what", CHANGES)
    def test_it_gives_no_pod(
        self, cluster: Kubectl, place: str, pair: tuple[str, str], what: str
    ) -> None:
        change, words = CHANGES[what]
        kind = "json" if isinstance(change, list) else "strategic"
        answer = patched(cluster, place, pair[1], change, kind)
        assert refused(answer, "the operator only takes its gate off a Pod", words)

    def test_it_touches_no_pod_that_its_gate_does_not_hold(
        self, cluster: Kubectl, place: str, mine: Document
    ) -> None:
        annotated = {"metadata": {"annotations": {ANNOTATION_INPUTS: "{}"}}}
        answer = patched(cluster, place, mine["metadata"]["name"], annotated)
        assert refused(answer, "only of one that this gate holds")

    def test_it_takes_no_gate_of_others(self, cluster: Kubectl, place: str) -> None:
        held_twice = pod(place)
        held_twice["metadata"]["name"] = "held-twice"
        held_twice["spec"]["schedulingGates"].append({"name": SCHEDULING_GATE})
        cluster.create(held_twice, user=MALLORY)
        answer = patched(cluster, place, "held-twice", {"spec": {"schedulingGates": []}})
        assert refused(answer, "the operator only takes its gate off a Pod", "no gate of others")


@pytest.mark.parametrize("contract", ["Files", "Mark", "ExitCode"])
def test_the_operators_account_makes_the_jobs_of_every_contract(
    cluster: Kubectl, run: Document, contract: str
) -> None:
    answer = cluster.create(stage_job(run, contract=contract), user=OPERATOR, dry_run=True)
    assert answer.ok, answer


def test_nobody_gives_the_container_of_a_files_stage_a_token(
    cluster: Kubectl, run: Document
) -> None:
    job = stage_job(run, contract="Files")
    pod = job["spec"]["template"]["spec"]
    pod["containers"][0]["volumeMounts"].append(
        {"name": "stagework-info", "mountPath": "/var/run/stagework"}
    )
    answer = cluster.create(job, user=OPERATOR, dry_run=True)
    assert refused(answer, "the operator makes only Jobs of stages", "no token in the container")


def test_the_expressions_pass_the_type_check(cluster: Kubectl) -> None:
    """The API server says in the status what it finds doubtful in an expression."""

    def checked() -> list[Document]:
        policies = cluster.get("validatingadmissionpolicies")["items"]
        done = [p for p in policies if "typeChecking" in p.get("status", {})]
        return done if len(done) == len(policies) else []

    policies = eventually(checked, "nobody checks the types")
    for policy in policies:
        warnings = policy["status"]["typeChecking"].get("expressionWarnings", [])
        assert warnings == [], policy["metadata"]["name"]
