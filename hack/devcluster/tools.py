"""kind, helm and kubectl: those on the PATH where they fit, else built into the cache.

Nothing is installed over a user's own: a tool of ours is used by its path.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hack.devcluster import go_programs, versions
from hack.devcluster.commands import find_program
from hack.devcluster.errors import DevClusterError

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Tool:
    """A program, how it tells its version, which fit, and how it is had otherwise."""

    name: str
    ask: tuple[str, ...]
    fits: Callable[[Version], bool]
    make: Callable[[], Path]


def parse_version(text: str) -> Version | None:
    """Find the first ``1.2.3`` in what a program printed."""
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def fits_kind(version: Version) -> bool:
    """Kind and its node images belong together, so it must be this very release line."""
    return version[:2] == _wanted(versions.KIND)[:2]


def fits_helm(version: Version) -> bool:
    """The chart is tested with Helm 3.19; newer ones of the same major are as good."""
    return version[0] == 3 and version >= _wanted(versions.HELM)


def fits_kubectl(version: Version) -> bool:
    """Kubectl serves API servers one minor version away."""
    wanted = _wanted(versions.KUBERNETES)
    return version[0] == wanted[0] and abs(version[1] - wanted[1]) <= 1


def _wanted(text: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise DevClusterError(f"{text} is not a version")
    return version


def _make_kubectl() -> Path:
    return go_programs.link(go_programs.kubernetes_programs() / "kube", "kubectl")


def _make_kind() -> Path:
    return go_programs.link(
        go_programs.installed("kind", versions.KIND_MODULE, versions.KIND), "kind"
    )


def _make_helm() -> Path:
    return go_programs.link(
        go_programs.installed("helm", versions.HELM_COMMAND, versions.HELM), "helm"
    )


TOOLS = {
    "kind": Tool("kind", ("version",), fits_kind, _make_kind),
    "kubectl": Tool(
        "kubectl", ("version", "--client", "--output=json"), fits_kubectl, _make_kubectl
    ),
    "helm": Tool("helm", ("version", "--short"), fits_helm, _make_helm),
}


def path_of(name: str) -> str:
    """Return the program to use, made where none on the PATH fits."""
    tool = TOOLS[name]
    own = find_program(name)
    if own is not None:
        version = _version(tool, own)
        if version is not None and tool.fits(version):
            return own
    return str(tool.make())


def _version(tool: Tool, program: str) -> Version | None:
    # No kubeconfig: kubectl must not ask a server, nor print what it thinks of it.
    environment = {**os.environ, "KUBECONFIG": os.devnull}
    try:
        done = subprocess.run(
            [program, *tool.ask],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if tool.name == "kubectl":
        return _kubectl_version(done.stdout)
    return parse_version(done.stdout)


def _kubectl_version(text: str) -> Version | None:
    try:
        return parse_version(json.loads(text)["clientVersion"]["gitVersion"])
    except (ValueError, KeyError, TypeError):
        return None
