"""Every Pod of the chart passes Pod Security "restricted", and is what the contracts say."""

from typing import Any, cast

import pytest

from stagework.web import main
from tests.chart.rendered import Rendered, render

DEPLOYMENTS = ("Deployment/stagework-operator", "Deployment/stagework-api")
PODS = (*DEPLOYMENTS, "Job/stagework-test")
ALLOWED_VOLUMES = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}


def test_the_chart_makes_no_other_pods(everything: Rendered) -> None:
    assert sorted(everything.pod_specs()) == sorted(PODS)
    others = {"Pod", "DaemonSet", "StatefulSet", "CronJob", "ReplicaSet"}
    assert everything.of_kind(*others) == []


@pytest.mark.parametrize("name", PODS)
def test_pods_are_restricted(chart: Rendered, name: str) -> None:
    spec = chart.pod_specs()[name]
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        assert key not in spec
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for volume in cast("list[dict[str, Any]]", spec["volumes"]):
        assert set(volume) - {"name"} <= ALLOWED_VOLUMES


@pytest.mark.parametrize("name", PODS)
def test_containers_are_restricted(chart: Rendered, name: str) -> None:
    spec = chart.pod_specs()[name]
    assert "initContainers" not in spec
    (container,) = spec["containers"]
    security = container["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all("hostPort" not in port for port in container.get("ports", []))
    assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_tmp_is_writable_and_settings_are_mounted(chart: Rendered, name: str) -> None:
    spec = chart.pod_specs()[name]
    mounts = {mount["mountPath"]: mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert "emptyDir" in volumes[mounts["/tmp"]]
    assert volumes[mounts["/etc/stagework"]]["configMap"] == {"name": "stagework-settings"}


def test_the_operator_is_probed_and_measured(chart: Rendered) -> None:
    (container,) = chart.pod_specs()["Deployment/stagework-operator"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert container["command"] == ["stagework-operator"]
    assert ports == {"health": 8080, "metrics": 9090}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}


def test_the_operator_has_a_token_for_the_api_service(chart: Rendered) -> None:
    spec = chart.pod_specs()["Deployment/stagework-operator"]
    (source,) = next(v for v in spec["volumes"] if v["name"] == "token")["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "stagework"


def test_the_api_service_is_probed_and_reached(chart: Rendered) -> None:
    (container,) = chart.pod_specs()["Deployment/stagework-api"]["containers"]
    assert container["command"] == ["stagework-api"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "heartbeats"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "heartbeats"}
    service = chart.one("Service", "stagework-api")["spec"]
    deployment = chart.one("Deployment", "stagework-api")["spec"]
    assert service["ports"] == [
        {"name": "http", "port": 8080, "targetPort": "http"},
        {"name": "heartbeats", "port": 8081, "targetPort": "heartbeats"},
    ]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": main.PORT, "heartbeats": main.HEARTBEAT_PORT}
    assert service["selector"].items() <= deployment["template"]["metadata"]["labels"].items()


def test_one_volume_means_one_pod_at_a_time(chart: Rendered) -> None:
    assert chart.one("Deployment", "stagework-api")["spec"]["strategy"] == {"type": "Recreate"}
    claim = chart.one("PersistentVolumeClaim", "stagework-artifacts")
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert "storageClassName" not in claim["spec"]


def test_the_claim_goes_with_the_release_unless_kept(chart: Rendered) -> None:
    name = "stagework-artifacts"
    assert "annotations" not in chart.one("PersistentVolumeClaim", name)["metadata"]
    kept = render({"artifacts": {"persistence": {"keep": True, "storageClass": "fast"}}})
    claim = kept.one("PersistentVolumeClaim", name)
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["storageClassName"] == "fast"


def test_a_claim_of_ones_own_is_used() -> None:
    own = render({"artifacts": {"persistence": {"existingClaim": "nas"}}})
    assert own.of_kind("PersistentVolumeClaim") == []
    volumes = own.pod_specs()["Deployment/stagework-api"]["volumes"]
    assert {"name": "artifacts", "persistentVolumeClaim": {"claimName": "nas"}} in volumes


S3 = {"s3": {"enabled": True, "endpoint": "https://s3", "bucket": "b", "secretName": "s3-keys"}}
POSTGRESQL = {"enabled": True, "host": "db", "secretName": "db-password"}


def test_with_s3_alone_history_has_a_claim_of_its_own() -> None:
    rendered = render({"artifacts": S3})
    (claim,) = rendered.of_kind("PersistentVolumeClaim")
    assert claim["metadata"]["name"] == "stagework-history"
    deployment = rendered.one("Deployment", "stagework-api")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    spec = rendered.pod_specs()["Deployment/stagework-api"]
    volume = {"name": "history", "persistentVolumeClaim": {"claimName": "stagework-history"}}
    assert volume in spec["volumes"]
    mount = {"name": "history", "mountPath": "/var/lib/stagework/history"}
    assert mount in spec["containers"][0]["volumeMounts"]


def test_with_s3_and_postgresql_there_is_no_claim_and_only_the_api_service_has_the_keys() -> None:
    rendered = render({"artifacts": S3, "history": {"postgresql": POSTGRESQL}})
    assert rendered.of_kind("PersistentVolumeClaim") == []
    deployment = rendered.one("Deployment", "stagework-api")
    assert deployment["spec"]["strategy"] == {"type": "RollingUpdate"}
    with_secret = [
        name
        for name, spec in rendered.pod_specs().items()
        if any("secret" in volume for volume in spec["volumes"])
    ]
    assert with_secret == ["Deployment/stagework-api"]
    spec = rendered.pod_specs()["Deployment/stagework-api"]
    secrets = {v["name"]: v["secret"]["secretName"] for v in spec["volumes"] if "secret" in v}
    assert secrets == {"s3": "s3-keys", "postgresql": "db-password"}
    assert "db-password" not in str(spec["containers"]), "a file, never the environment"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "stagework/operator:0.1.0"),
        ({"tag": "dev"}, "stagework/operator:dev"),
        ({"registry": "r.example.org:5000"}, "r.example.org:5000/stagework/operator:0.1.0"),
        ({"digest": f"sha256:{'0' * 64}"}, f"stagework/operator@sha256:{'0' * 64}"),
    ],
)
def test_one_image_everywhere(image: dict[str, str], expected: str) -> None:
    specs = render({"image": image}).pod_specs().values()
    assert {spec["containers"][0]["image"] for spec in specs} == {expected}


def test_a_changed_setting_rolls_both_deployments(chart: Rendered) -> None:
    changed = render({"settings": {"engine": {"lookAhead": 0}}})
    for name in ("stagework-operator", "stagework-api"):
        before, after = (
            rendered.one("Deployment", name)["spec"]["template"]["metadata"]["annotations"]
            for rendered in (chart, changed)
        )
        assert before["checksum/settings"] != after["checksum/settings"]


def test_placement_values_reach_the_pods() -> None:
    placement: dict[str, Any] = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "high",
    }
    rendered = render({"operator": placement, "api": placement})
    for name in DEPLOYMENTS:
        assert placement.items() <= rendered.pod_specs()[name].items()


def test_pods_prefer_nodes_that_do_not_sleep(chart: Rendered) -> None:
    for name in DEPLOYMENTS:
        affinity = chart.pod_specs()[name]["affinity"]["nodeAffinity"]
        (preferred,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
        assert preferred["preference"]["matchExpressions"] == [
            {"key": "stagework.dev/machine", "operator": "NotIn", "values": ["macbook"]}
        ]


def test_a_fleet_that_never_sleeps_has_no_preference() -> None:
    awake = {"key": "gpu", "nodeSelector": {"stagework.dev/machine": "gpu"}}
    fleet: dict[str, Any] = {"machineClasses": [awake], "stageClasses": {}}
    for spec in render({"settings": {"fleet": fleet}}).pod_specs().values():
        assert "affinity" not in spec
