import pytest

from stagework.api.kinds import DEFINED
from stagework.cli.cluster import Answer
from tests.support.builders.written_runs import at
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster, Request, ok, status

SYSTEM = "namespaces/stagework-system"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NODES = "/api/v1/nodes"


@pytest.fixture(autouse=True)
def healthy(cluster: FakeCluster) -> None:
    """A cluster in which all is well."""
    crds = [
        {
            "metadata": {"name": kind.full_name},
            "spec": {"versions": [{"name": "v1alpha1", "served": True}]},
        }
        for kind in DEFINED
    ]
    ready = {"spec": {"replicas": 1}, "status": {"availableReplicas": 1}}
    lease = {
        "metadata": {"name": "stagework-operator"},
        "spec": {"holderIdentity": "op-1", "renewTime": at(98).isoformat()},
    }
    settings = "fleet: {machineClasses: [{key: gpu}, {key: macbook, mayBeAway: true}]}"
    node = {
        "metadata": {"name": "n1", "labels": {"stagework.dev/machine": "gpu"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    bodies: dict[str, object] = {
        "/version": {"gitVersion": "v1.34.4"},
        CRDS: {"items": crds},
        f"/apis/apps/v1/{SYSTEM}/deployments/stagework-operator": {"metadata": {}, **ready},
        f"/apis/apps/v1/{SYSTEM}/deployments/stagework-api": {"metadata": {}, **ready},
        f"/apis/coordination.k8s.io/v1/{SYSTEM}/leases/stagework-operator": lease,
        f"/api/v1/{SYSTEM}/configmaps": {"items": [{"data": {"settings.yaml": settings}}]},
        NODES: {"items": [node]},
        "/apis/storage.k8s.io/v1/storageclasses": {
            "items": [{"metadata": {"name": "standard", "annotations": marked}}]
        },
    }
    for path, body in bodies.items():
        answer = ok(body)
        cluster.routes["GET", path] = lambda _, answer=answer: answer


def states(lines: list[str]) -> dict[str, str]:
    """Each check to its state."""
    rows = [line.split("   ") for line in lines[1:] if line and not line.startswith(("Next", " "))]
    return {row[0]: next(cell.strip() for cell in row[1:] if cell.strip()) for row in rows}


def test_every_part_is_checked(cli: Cli) -> None:
    outcome = cli("doctor")
    assert outcome.code == 0
    assert states(outcome.lines) == {
        "API server": "ok",
        "CRDs": "ok",
        "Operator": "ok",
        "API service": "ok",
        "Operator leads": "ok",
        "Machines gpu": "ok",
        "Machines macbook": "warn",
        "StorageClass": "ok",
    }


def test_a_failure_is_exit_1_with_the_next_command(cli: Cli, cluster: FakeCluster) -> None:
    cluster.routes["GET", CRDS] = lambda _: ok({"items": []})
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "  kubectl apply --server-side -f crds/" in outcome.lines


def test_what_one_may_not_read_is_a_warning_and_the_rest_is_checked(
    cli: Cli, cluster: FakeCluster
) -> None:
    def forbidden(_: Request) -> Answer:
        text = 'nodes is forbidden: User "jane" cannot list resource "nodes" in API group ""'
        return status(403, text + " at the cluster scope")

    cluster.routes["GET", NODES] = forbidden
    outcome = cli("doctor")
    assert outcome.code == 0
    assert states(outcome.lines)["Machines"] == "warn"
    assert (
        "  kubectl create clusterrole list-nodes --verb=list --resource=nodes && "
        "kubectl create clusterrolebinding list-nodes --clusterrole=list-nodes --user=jane"
    ) in outcome.lines


def test_an_unreachable_cluster_is_one_finding(cli: Cli, cluster: FakeCluster) -> None:
    cluster.unreachable = True
    outcome = cli("doctor")
    assert outcome.code == 1
    assert states(outcome.lines) == {"API server": "fail"}


def test_another_release_namespace_is_examined_when_asked(cli: Cli) -> None:
    outcome = cli("doctor", "--release-namespace", "elsewhere")
    assert "Deployment elsewhere/stagework-operator is not there" in outcome.out
