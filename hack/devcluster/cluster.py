"""The kind cluster: made, found, found dead and made again, removed.

Everything else in the repository only sees its kubeconfig.
"""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hack.devcluster import base_images, cache, engine, kind_config, node_image, tools
from hack.devcluster.commands import logged, output, succeeds
from hack.devcluster.kind_config import MACHINES, NAME
from hack.devcluster.steps import say, step

READY_SECONDS = 180
WAKE_SECONDS = 120
"""How long the nodes of a cluster that was stopped may take until they are Ready again."""

STEADY_SECONDS = 15
"""How long a woken cluster must stay Ready: its kubelet may start the API server once more."""

FRESH_LEASE_SECONDS = 25
"""Kubelets renew their lease every 10 s."""


@dataclass(frozen=True)
class Health:
    """What is known of the cluster."""

    answers: bool
    waiting: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it can be used."""
        return self.answers and not self.waiting


def kubeconfig() -> Path:
    """Return where the cluster's kubeconfig is: never in a user's own."""
    return cache.root() / ("kubeconfig" if NAME == "stagework" else f"kubeconfig-{NAME}")


def node_names() -> dict[str, str]:
    """Return the name of each node (its container's too) by its class, as kind gives them."""
    workers = ["worker", *(f"worker{number}" for number in range(2, len(MACHINES) + 1))]
    names = {machine: f"{NAME}-{worker}" for machine, worker in zip(MACHINES, workers, strict=True)}
    return {"control-plane": f"{NAME}-control-plane", **names}


def up() -> None:
    """Leave a cluster that answers and whose nodes are Ready, whatever was there before."""
    docker = engine.ready()
    config = kind_config.configuration(kind_config.grace_seconds_asked())
    with cache.locked("cluster"):
        image = node_image.ready(docker)
        recipe = cache.fingerprint([image, config, *kind_config.pod_patches().values()])
        if _exists() and not _reusable(recipe):
            _delete()
        if not _exists():
            _create(image, config)
            _recipe_file().write_text(recipe)
            base_images.remove_others(node_image.REPOSITORY, image)
    say(f"     cluster {NAME} is ready:")
    say(f"export KUBECONFIG={kubeconfig()}")


def down() -> None:
    """Remove the cluster, if there is one."""
    if not engine.answers():
        say("     no Docker engine answers: there is no cluster to remove")
        return
    with cache.locked("cluster"):
        if _exists():
            _delete()
        else:
            say(f"     there is no cluster {NAME}")


def _recipe_file() -> Path:
    return cache.folder("cluster") / ("recipe" if NAME == "stagework" else f"recipe-{NAME}")


def _exists() -> bool:
    return NAME in output([tools.path_of("kind"), "get", "clusters"]).split()


def _reusable(recipe: str) -> bool:
    """Tell whether the cluster there is the one that is wanted, and comes to be Ready."""
    file = _recipe_file()
    if not file.exists() or file.read_text() != recipe:
        say(f"     the cluster {NAME} was made by another recipe: it is made again")
        return False
    woken = _start_stopped_nodes()
    command = [
        tools.path_of("kind"),
        "export",
        "kubeconfig",
        "--name",
        NAME,
        "--kubeconfig",
        str(kubeconfig()),
    ]
    if succeeds(command):
        if not woken and health().ready:
            return True
        with step(f"cluster {NAME}: wait for nodes that were away"):
            if comes_to_be_steady(lambda: health().ready):
                return True
    say(f"     the cluster {NAME} is dead: it is made again")
    return False


def comes_to_be_steady(
    is_ready: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until it has been Ready at every look for `STEADY_SECONDS`; False when it is not."""
    started = clock()
    ready_since = None
    while (now := clock()) < started + WAKE_SECONDS:
        if not is_ready():
            ready_since = None
        elif ready_since is None:
            ready_since = now
        elif now >= ready_since + STEADY_SECONDS:
            return True
        pause(1)
    return False


def _start_stopped_nodes() -> bool:
    """Wake node containers that a stopped engine or a broken-off fault test left behind."""
    woken = False
    for name in node_names().values():
        state = ["docker", "inspect", "--format", "{{.State.Status}}", name]
        done = subprocess.run(state, capture_output=True, text=True, check=False)
        status = done.stdout.strip()
        if status == "paused":
            woken |= succeeds(["docker", "unpause", name])
        elif status in ("exited", "created"):
            woken |= succeeds(["docker", "start", name])
    return woken


def health() -> Health:
    """Look once at the nodes, at what their kubelets last said, and at the system's Pods."""
    nodes = _get("--namespace=kube-node-lease", "nodes,leases.coordination.k8s.io")
    pods = _get("--namespace=kube-system", "pods")
    if nodes is None or pods is None:
        return Health(answers=False)
    alive = alive_nodes(nodes, datetime.now(UTC))
    waiting = sorted(set(node_names().values()) - alive) + unready(pods)
    return Health(answers=True, waiting=tuple(waiting))


def _get(namespace: str, kinds: str) -> list[dict[str, Any]] | None:
    kubectl = [tools.path_of("kubectl"), "--kubeconfig", str(kubeconfig()), "--request-timeout=5s"]
    command = [*kubectl, namespace, "get", kinds, "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["items"] if done.returncode == 0 else None


def _is_ready(item: dict[str, Any]) -> bool:
    conditions = item["status"].get("conditions", [])
    return any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )


def alive_nodes(items: list[dict[str, Any]], now: datetime) -> set[str]:
    """Name the nodes that are Ready and whose lease is fresh.

    An API server that has just come back still shows the Ready of the time before.
    """
    ready = {
        item["metadata"]["name"] for item in items if item["kind"] == "Node" if _is_ready(item)
    }
    renewed = {
        item["metadata"]["name"]: datetime.fromisoformat(item["spec"]["renewTime"])
        for item in items
        if item["kind"] == "Lease" and "renewTime" in item["spec"]
    }
    oldest = now - timedelta(seconds=FRESH_LEASE_SECONDS)
    return {name for name in ready if name in renewed and renewed[name] >= oldest}


def unready(pods: list[dict[str, Any]]) -> list[str]:
    """Name the Pods that are not Ready."""
    return sorted(pod["metadata"]["name"] for pod in pods if not _is_ready(pod))


def _create(image: str, config: str) -> None:
    path = cache.folder("cluster") / "kind.yaml"
    path.write_text(config)
    for name, patch in kind_config.pod_patches().items():
        (kind_config.patches_folder() / name).write_text(patch)
    with step(f"kind cluster {NAME}: {1 + len(MACHINES)} nodes", "a minute"):
        logged(
            "kind-create",
            [
                tools.path_of("kind"),
                "create",
                "cluster",
                "--config",
                str(path),
                "--image",
                image,
                "--kubeconfig",
                str(kubeconfig()),
                "--retain",
            ],
            mend="read the log, then: make cluster-down cluster",
        )
    with step(f"kind cluster {NAME}: nodes Ready, DNS up"):
        _await_ready()


def _await_ready() -> None:
    kubectl = [tools.path_of("kubectl"), "--kubeconfig", str(kubeconfig())]
    patience = f"--timeout={READY_SECONDS}s"
    for what in (
        ["wait", "--for=condition=Ready", "nodes", "--all", patience],
        ["--namespace=kube-system", "rollout", "status", "deployment/coredns", patience],
    ):
        mend = f"kubectl --kubeconfig {kubeconfig()} get nodes,pods --all-namespaces"
        logged("kind-ready", [*kubectl, *what], mend=mend)


def _delete() -> None:
    with step(f"kind cluster {NAME}: remove"):
        for name in node_names().values():
            succeeds(["docker", "unpause", name])  # a paused container cannot be removed
        logged(
            "kind-delete",
            [
                tools.path_of("kind"),
                "delete",
                "cluster",
                "--name",
                NAME,
                "--kubeconfig",
                str(kubeconfig()),
            ],
        )
        for path in (_recipe_file(), kubeconfig()):
            path.unlink(missing_ok=True)
