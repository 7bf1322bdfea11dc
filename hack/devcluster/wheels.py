"""Fetches Python wheels on the host, by hash, for the Python inside the images.

Inside an image there is no network and no certificate of the machine's; here there are.
"""

import sys
from pathlib import Path

from hack.devcluster import cache, engine, versions
from hack.devcluster.commands import logged, succeeds
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import IMAGES
from hack.devcluster.steps import step

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
DEBIAN_PYTHON = "/usr/bin/python3"
OLDEST_GLIBC_MINOR, DEBIAN_12_GLIBC_MINOR = 17, 36


def platforms(architecture: str) -> list[str]:
    """Name the wheel platforms that Debian 12 takes, newest first, as pip wants them listed."""
    machine = MACHINES.get(architecture)
    if machine is None:
        raise DevClusterError(f"no wheels are known for {architecture}", "use amd64 or arm64")
    minors = range(DEBIAN_12_GLIBC_MINOR, OLDEST_GLIBC_MINOR - 1, -1)
    return [f"manylinux_2_{minor}_{machine}" for minor in minors] + [f"manylinux2014_{machine}"]


def of(requirements: Path, architecture: str) -> Path:
    """Return a folder with the wheels of a hash-locked list of requirements."""
    key = cache.fingerprint([requirements.read_bytes(), versions.PYTHON, architecture])

    name = requirements.parent.name

    def build(target: Path) -> None:
        with step(f"fetch the wheels of {name}/{requirements.name}"):
            logged(
                f"wheels-{name}-{requirements.stem}",
                _command(requirements, architecture, target),
                mend="is the package index in reach? pip config list; are all lines hash-locked?",
            )

    return cache.built("wheels", name, key, build)


def of_pip(architecture: str) -> Path:
    """Return a folder with the wheel of pip itself, which installs the others."""
    return of(IMAGES / "base" / "pip.txt", architecture)


def _python_with_pip() -> str:
    for python in (sys.executable, DEBIAN_PYTHON):
        if succeeds([python, "-m", "pip", "--version"]):
            return python
    engine.install("python3-pip")
    return DEBIAN_PYTHON


def _command(requirements: Path, architecture: str, target: Path) -> list[str]:
    return [
        *(_python_with_pip(), "-m", "pip", "download"),
        *("--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", versions.PYTHON),
        *("--abi", "cp" + versions.PYTHON.replace(".", ""), "--abi", "abi3", "--abi", "none"),
        *(word for platform in platforms(architecture) for word in ("--platform", platform)),
        *("--dest", str(target)),
        *("--requirement", str(requirements)),
    ]
