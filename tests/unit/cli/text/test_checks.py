import msgspec
import pytest

from stagework.api.observed import AnnotatedMeta, LeaseSpec, LeaseView, NodeView, ObjectMeta
from stagework.cli.installation import Crd, Deployment, StorageClass
from stagework.cli.text import checks
from tests.support.builders.written_runs import at


def crd(plural: str, version: str = "v1alpha1") -> Crd:
    return msgspec.convert(
        {
            "metadata": {"name": f"{plural}.stagework.dev"},
            "spec": {"versions": [{"name": version, "served": True}]},
        },
        Crd,
    )


def node(name: str, machine: str, *, ready: bool = True, cordoned: bool = False) -> NodeView:
    return msgspec.convert(
        {
            "metadata": {"name": name, "labels": {"stagework.dev/machine": machine}},
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}]},
        },
        NodeView,
    )


def test_missing_kinds_are_named_with_the_command_that_makes_them() -> None:
    check = checks.crds([crd("pipelines")], ["pipelines", "pipelinejobs"])
    assert (check.level, check.text) == ("fail", "missing: pipelinejobs.stagework.dev")
    assert check.command == "kubectl apply --server-side -f crds/"


def test_kinds_of_another_version_fail() -> None:
    assert checks.crds([crd("pipelines", "v1")], ["pipelines"]).level == "fail"
    assert checks.crds([crd("pipelines")], ["pipelines"]).level == "ok"


@pytest.mark.parametrize(
    ("available", "wanted", "level"), [(0, 1, "fail"), (1, 2, "warn"), (1, 1, "ok"), (0, 0, "fail")]
)
def test_a_deployment_is_well_when_all_its_replicas_are_ready(
    available: int, wanted: int, level: str
) -> None:
    deployment = msgspec.convert(
        {
            "metadata": {"name": "x"},
            "spec": {"replicas": wanted},
            "status": {"availableReplicas": available},
        },
        Deployment,
    )
    assert checks.deployment("Operator", "x", "ns", deployment).level == level


def test_an_absent_deployment_names_the_installation() -> None:
    assert "helm upgrade --install" in checks.deployment("Operator", "x", "ns", None).command


def test_a_lease_that_is_not_renewed_is_stale() -> None:
    spec = LeaseSpec("a", lease_duration_seconds=15, renew_time=at(0).isoformat())
    lease = LeaseView(ObjectMeta(), spec)
    assert checks.leadership("op", "ns", lease, at(20)).level == "ok"
    assert checks.leadership("op", "ns", lease, at(40)).level == "fail"
    assert checks.leadership("op", "ns", LeaseView(ObjectMeta()), at(0)).level == "fail"


def test_each_class_says_how_many_of_its_nodes_are_ready() -> None:
    nodes = [node("a", "gpu"), node("b", "gpu", ready=False), node("c", "macbook", cordoned=True)]
    listed = checks.machines(nodes, [("gpu", False), ("macmini", False), ("macbook", True)])
    assert [(check.name, check.level, check.text) for check in listed] == [
        ("Machines gpu", "warn", "1 of 2 ready"),
        ("Machines macmini", "warn", "no node of this class"),
        ("Machines macbook", "warn", "0 of 1 ready (may be away)"),
    ]


def test_a_label_that_the_settings_do_not_know_is_a_warning() -> None:
    (_, check) = checks.machines([node("a", "gpu"), node("b", "gppu")], [("gpu", False)])
    assert check.text == "1 of 1 ready, but the settings know no such class"


def test_without_any_labelled_node_the_label_is_explained() -> None:
    (check,) = checks.machines([], [])
    assert (check.level, check.command) == (
        "fail",
        "kubectl label node NODE stagework.dev/machine=gpu",
    )


def test_storage_wants_a_default_class() -> None:
    plain = StorageClass(metadata=AnnotatedMeta(name="slow"))
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    default = StorageClass(metadata=AnnotatedMeta(name="standard", annotations=mark))
    assert [checks.storage(classes).level for classes in ([], [plain], [plain, default])] == [
        "warn",
        "warn",
        "ok",
    ]


def test_the_report_ends_with_the_commands_to_type_each_once() -> None:
    bad = checks.Check("Operator", "fail", "gone", "helm install")
    lines = [line.plain for line in checks.report([bad, bad, checks.Check("CRDs", "ok", "3")])]
    assert lines[0] == "CHECK      STATE   FINDING"
    assert lines[-2:] == ["Next:", "  helm install"]
