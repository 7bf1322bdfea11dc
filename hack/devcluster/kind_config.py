"""What kind is asked for: nodes, their labels, and the settings of the control plane."""

import json
import os
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.errors import DevClusterError

NAME = os.environ.get("STAGEWORK_DEVCLUSTER_NAME", "stagework")
"""Another name makes a second cluster beside the first, with a kubeconfig of its own."""

MACHINES = ("gpu", "macmini", "macbook")
"""The class of each worker, in the order in which kind numbers them."""

MACHINE_LABEL = "stagework.dev/machine"
GRACE = "STAGEWORK_DEVCLUSTER_NODE_GRACE_SECONDS"

GARBAGE_PERCENT = 400
"""How far the heaps of API server and etcd may grow between two collections (Go's GOGC, of 100).

Collecting took a quarter of the API server's CPU under load, and there is memory enough.
"""

_PATCHES = "/kind/patches"


def configuration(grace_seconds: int | None = None) -> str:
    """Write kind's configuration (it is YAML, of which JSON is a part)."""
    workers = [{"role": "worker", "labels": {MACHINE_LABEL: name}} for name in MACHINES]
    document: dict[str, object] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": NAME,
        "nodes": [{"role": "control-plane", "extraMounts": [_patches_mount()]}, *workers],
        "kubeadmConfigPatches": [
            json.dumps(_control_plane_patch(grace_seconds)),
            json.dumps({**_kubeadm("InitConfiguration"), "patches": {"directory": _PATCHES}}),
        ],
    }
    return json.dumps(document, indent=2)


def pod_patches() -> dict[str, str]:
    """Return kubeadm's patches of the control plane's Pods, by the name of their file."""
    env = [{"name": "GOGC", "value": str(GARBAGE_PERCENT)}]
    return {
        f"{name}+strategic.json": json.dumps({"spec": {"containers": [{"name": name, "env": env}]}})
        for name in ("kube-apiserver", "etcd")
    }


def patches_folder() -> Path:
    """Where `pod_patches` lie on this machine while the cluster lives."""
    return cache.folder("cluster", "patches")


def _patches_mount() -> dict[str, object]:
    return {"hostPath": str(patches_folder()), "containerPath": _PATCHES, "readOnly": True}


def _kubeadm(kind: str) -> dict[str, object]:
    return {"apiVersion": "kubeadm.k8s.io/v1beta3", "kind": kind}


def _control_plane_patch(grace_seconds: int | None) -> dict[str, object]:
    # Stock flags (20 requests a second, 5 Job syncs) hold a whole cluster to a few Jobs a
    # second: a bench would measure them, not us. Figures taken here say so beside them.
    # One of each: a lease that a busy disk lets expire would only end the process.
    client = {"kube-api-qps": "300", "kube-api-burst": "400", "leader-elect": "false"}
    manager = {
        **client,
        "concurrent-job-syncs": "20",
        "concurrent-gc-syncs": "40",
        "enable-hostpath-provisioner": "true",  # kind's own, which a patch would replace
    }
    if grace_seconds is not None:
        manager["node-monitor-grace-period"] = f"{grace_seconds}s"
        manager["node-monitor-period"] = "2s"
    # What is tried here need not outlive a machine that loses its power, and on a shared disk
    # a stall of seconds would time out every write of the cluster.
    etcd = {"unsafe-no-fsync": "true"}
    return {
        **_kubeadm("ClusterConfiguration"),
        "etcd": {"local": {"extraArgs": etcd}},
        "controllerManager": {"extraArgs": manager},
        "scheduler": {"extraArgs": client},
    }


def grace_seconds_asked() -> int | None:
    """Return what the environment says of the node's grace; None for the stock one."""
    text = os.environ.get(GRACE, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 12:
        raise DevClusterError(
            f"{GRACE}={text}", "a whole number of 12 or more: kubelets report every 10"
        )
    return int(text)
