"""Builds Go programs into the cache: Kubernetes itself, and the tools that are missing."""

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from hack.devcluster import cache, go_toolchain, versions
from hack.devcluster.commands import find_program, logged, output
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import IMAGES, KIND_NODE
from hack.devcluster.steps import step

VERSION_PACKAGES = ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
S3_SERVER = IMAGES / "s3-server"
"""A Go module that names a server, by version and content, as its only tool."""


def kubernetes_programs() -> Path:
    """Return the folder with ``kube`` (all of Kubernetes and etcd), ``coredns`` and ``pause``."""
    sources = [KIND_NODE / name for name in ("go.mod", "go.sum", "cmd", "nodeagent", "coredns")]
    key = cache.fingerprint([versions.KUBERNETES, platform.machine(), *sources])
    return cache.built("programs", "kubernetes", key, _build_kubernetes)


def _build_kubernetes(target: Path) -> None:
    major, minor, _ = versions.KUBERNETES.split(".")
    stamps = {
        "gitVersion": f"v{versions.KUBERNETES}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    flags = " ".join(
        ["-s", "-w"]
        + [f"-X {name}.{key}={value}" for name in VERSION_PACKAGES for key, value in stamps.items()]
    )
    with step(f"build Kubernetes {versions.KUBERNETES} from its Go modules", "8 min on 2 cores"):
        _build("kube", KIND_NODE, "./cmd/kube", target, flags=flags)
    with step("build CoreDNS and pause", "a minute"):
        _build("coredns", KIND_NODE / "coredns", ".", target)
        _build("pause", KIND_NODE, "./cmd/pause", target)


def _build(
    name: str,
    module: Path,
    package: str,
    target: Path,
    *,
    flags: str = "-s -w",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    command = [
        # Minutes of all cores: whoever works on the machine comes first.
        *(["nice", "-n", "19"] if find_program("nice") else []),
        go_toolchain.go(),
        "build",
        "-trimpath",
        "-ldflags",
        flags,
        "-o",
        str(target / name),
        package,
    ]
    logged(
        f"go-build-{name}",
        command,
        environment={**GO_ENVIRONMENT, **environment},
        folder=module,
        mend="read the log; is the Go module proxy in reach? go env GOPROXY",
    )


def installed(name: str, package: str, version: str) -> Path:
    """Build a program of a Go module at a version, and return its path."""

    def build(target: Path) -> None:
        with step(f"build {name} {version}", "1 to 3 min"):
            logged(
                f"go-install-{name}",
                [go_toolchain.go(), "install", "-trimpath", f"{package}@v{version}"],
                environment={**GO_ENVIRONMENT, "GOBIN": str(target)},
                mend=f"install {name} {version} by hand and put it on the PATH",
            )

    return cache.built("tools", name, f"{version}-{platform.machine()}", build) / name


def of_ours(name: str, folder: Path) -> Path:
    """Build a small Go program of the project's own, and return its path."""
    key = cache.fingerprint([versions.GO, platform.machine(), folder])

    def build(target: Path) -> None:
        with step(f"build {name}", "a minute"):
            _build(name, folder, ".", target)

    return cache.built("programs", name, key, build) / name


def tool_of(module: Path, architecture: str = "") -> Path:
    """Build the one tool that a Go module names, and return its path.

    ``architecture``: Go's name of a Linux machine's (an image's); else it is for this machine.
    """
    wanted = {"GOOS": "linux", "GOARCH": architecture} if architecture else {}
    name = f"{module.name}-{wanted['GOARCH'] if wanted else _architecture()}"
    key = cache.fingerprint([versions.GO, name, module / "go.mod", module / "go.sum"])

    def build(target: Path) -> None:
        with step(f"build {module.name} from its Go module", "3 min on 2 cores"):
            _build(module.name, module, "tool", target, environment=wanted)

    return cache.built("programs", name, key, build) / module.name


def _architecture() -> str:
    """Of this machine, as Go calls it: on Linux the same program goes into images."""
    known, _ = versions.GO_TOOLCHAINS.get(platform.machine(), (platform.machine(), ""))
    return known if sys.platform == "linux" else f"{sys.platform}-{known}"


def module_folder(module: str, version: str) -> Path:
    """Return the sources of a Go module, fetched where needed; read-only."""
    command = [go_toolchain.go(), "mod", "download", "-json", f"{module}@v{version}"]
    for line in output(command, seconds=600).splitlines():
        key, _, value = line.strip().partition(": ")
        if key == '"Dir"':
            return Path(value.strip('",'))
    raise DevClusterError(f"{module}@v{version} cannot be fetched", "go env GOPROXY")


def link(program: Path, name: str) -> Path:
    """Give a multi-call program one of its names, in a folder of the cache."""
    path = cache.folder("bin") / name
    if not path.is_symlink() or path.readlink() != program:
        temporary = path.with_name(f".{name}-{os.getpid()}")
        temporary.symlink_to(program)
        temporary.rename(path)
    return path


def strip_read_only(folder: Path) -> None:
    """Make a copied module writable, so that it can be changed and removed."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def copy_module_folder(source: Path, target: Path) -> None:
    """Copy a folder of a module's sources into one of ours, writable."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    strip_read_only(target)
