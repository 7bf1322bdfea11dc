"""What kind is asked for."""

import json
from typing import Any

from hack.devcluster import kind_config


def manager_flags(grace_seconds: int | None) -> dict[str, str]:
    document: dict[str, Any] = json.loads(kind_config.configuration(grace_seconds))
    patch: dict[str, Any] = json.loads(document["kubeadmConfigPatches"][0])
    return patch["controllerManager"]["extraArgs"]


def test_each_machine_class_has_one_labelled_worker() -> None:
    document: dict[str, Any] = json.loads(kind_config.configuration())
    labels = [node.get("labels", {}).get("stagework.dev/machine") for node in document["nodes"]]
    assert labels == [None, "gpu", "macmini", "macbook"]


def test_the_node_timers_stay_stock_unless_asked() -> None:
    assert "node-monitor-grace-period" not in manager_flags(None)
    assert manager_flags(20)["node-monitor-grace-period"] == "20s"


def test_api_server_and_etcd_collect_garbage_less_often() -> None:
    document: dict[str, Any] = json.loads(kind_config.configuration())
    folder = json.loads(document["kubeadmConfigPatches"][1])["patches"]["directory"]
    control_plane = document["nodes"][0]
    assert [mount["containerPath"] for mount in control_plane["extraMounts"]] == [folder]

    for component in ("kube-apiserver", "etcd"):
        patch = json.loads(kind_config.pod_patches()[f"{component}+strategic.json"])
        (container,) = patch["spec"]["containers"]
        assert container == {"name": component, "env": [{"name": "GOGC", "value": "400"}]}
