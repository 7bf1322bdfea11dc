"""Finds a Go that is new enough, or fetches one from the Go module proxy into the cache."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

from hack.devcluster import cache, engine, versions
from hack.devcluster.commands import find_program, output
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import step

MEND = "install a newer Go into /usr/local/go"


def go() -> str:
    """Return the Go on the PATH or in its usual place, else one of our own."""
    program = find_program("go", "/usr/local/go/bin", "/usr/lib/go/bin")
    if program is not None and is_new_enough(version_of(program)):
        return program
    return str(_fetched())


def version_of(program: str) -> tuple[int, int] | None:
    """Ask a Go for its version; it must not fetch a newer one of itself to answer."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [program, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environment
    )
    return parse_version(done.stdout)


def parse_version(text: str) -> tuple[int, int] | None:
    """Read ``go1.26.8``."""
    match = re.match(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def is_new_enough(version: tuple[int, int] | None) -> bool:
    """Tell whether Kubernetes and the tools can be built with it."""
    return version is not None and version >= versions.OLDEST_GO


def _fetched() -> Path:
    known = versions.GO_TOOLCHAINS.get(platform.machine())
    if known is None or sys.platform != "linux":
        oldest = ".".join(str(number) for number in versions.OLDEST_GO)
        raise DevClusterError(f"no Go {oldest} or newer is here", MEND)
    architecture, wanted = known
    name = f"v0.0.1-go{versions.GO}.linux-{architecture}"

    def build(target: Path) -> None:
        with step(f"fetch Go {versions.GO}", "70 MB"):
            archive = target / "toolchain.zip"
            _download(f"{_proxy()}/golang.org/toolchain/@v/{name}.zip", archive, wanted)
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(target)
            archive.unlink()
            root = target / f"golang.org/toolchain@{name}"
            root.rename(target / "go")
            for folder in ("bin", "pkg/tool"):
                for path in (target / "go" / folder).rglob("*"):
                    path.chmod(0o755)

    return cache.built("tools", "go", name.removeprefix("v0.0.1-go"), build) / "go" / "bin" / "go"


def _proxy() -> str:
    """Return the first module proxy that the user has set, else the one that Go itself uses.

    Debian's Go is too old to build Kubernetes, but it knows the default.
    """
    proxies = os.environ.get("GOPROXY", "")
    if not proxies:
        engine.install("golang-go")
        proxies = output([find_program("go", "/usr/lib/go/bin") or "go", "env", "GOPROXY"])
    addresses = re.split(r"[,|\s]", proxies)
    proxy = next((address for address in addresses if address.startswith("http")), "")
    if not proxy:
        raise DevClusterError(f"GOPROXY is {proxies!r}: Go {versions.GO} cannot be fetched", MEND)
    return proxy.rstrip("/")


def _download(url: str, target: Path, wanted: str) -> None:
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, target.open("wb") as file:  # noqa: S310
            while chunk := answer.read(1 << 20):
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        raise DevClusterError(f"{url} cannot be fetched: {error}", MEND) from error
    if digest.hexdigest() != wanted:
        raise DevClusterError(f"{url} is not what it should be: sha256 {digest.hexdigest()}", MEND)
