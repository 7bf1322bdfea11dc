"""Finds the Docker engine, or starts one on a bare Debian machine.

An engine that answers is used as it is and never touched. Only where none answers, on
Linux as root, is one started: Debian's, with its data in the cache, so that a Docker
installed later finds nothing of ours in its folders.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hack.devcluster import cache, oci_runtime
from hack.devcluster.commands import find_program, logged, output, succeeds
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import step

SOCKET = Path("/var/run/docker.sock")
START_SECONDS = 60
PACKAGES = ("docker.io", "iptables", "mmdebstrap")
INOTIFY_LIMITS = {"max_user_instances": 1024, "max_user_watches": 524288}
"""Four nodes with systemd and a kubelet each exhaust the stock 128 instances."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers."""

    architecture: str
    buildx: bool

    def tagged(self, image: str) -> str | None:
        """Return the id of an image that the engine has."""
        command = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None


def answers() -> bool:
    """Tell whether an engine answers the docker client."""
    return find_program("docker") is not None and succeeds(["docker", "version"], seconds=20)


def ready() -> Engine:
    """Return the engine, started where there is none and that is ours to do."""
    if not answers():
        with cache.locked("engine"):
            if not answers():
                _bring_up()
    architecture = output(["docker", "version", "--format", "{{.Server.Arch}}"]).strip()
    return Engine(architecture, buildx=succeeds(["docker", "buildx", "version"]))


def _bring_up() -> None:
    if sys.platform != "linux":
        raise DevClusterError("no Docker engine answers", "start Docker Desktop (or colima start)")
    if host := os.environ.get("DOCKER_HOST"):
        raise DevClusterError(
            f"no Docker engine answers at DOCKER_HOST={host}", "unset DOCKER_HOST"
        )
    if os.geteuid() != 0:
        raise DevClusterError(
            "no Docker engine answers, and only root may start one",
            "sudo systemctl start docker (and: sudo usermod -aG docker $USER)",
        )
    install(*PACKAGES)
    _raise_inotify_limits()
    if Path("/run/systemd/system").is_dir():
        # Debian's package has its service started: that one will do.
        succeeds(["systemctl", "start", "docker.service"])
        if answers():
            return
    with step("Docker engine: start one of our own"):
        _start()


def install(*packages: str) -> None:
    """Install Debian packages where they are missing; nothing that is there is changed."""
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if find_program("apt-get") is None:
        raise DevClusterError(
            f"missing: {', '.join(missing)}", "install them by hand: not a Debian"
        )
    if os.geteuid() != 0:
        raise DevClusterError(f"missing: {', '.join(missing)}", f"sudo {shlex.join(command)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Debian packages: {' '.join(missing)}", "a minute"):
        logged("apt-update", ["apt-get", "update"], environment=quiet, mend="apt-get update")
        logged("apt-install", command, environment=quiet, mend=shlex.join(command))


def _installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout == "installed"


def _raise_inotify_limits() -> None:
    for name, wanted in INOTIFY_LIMITS.items():
        path = Path("/proc/sys/fs/inotify") / name
        try:
            if int(path.read_text()) < wanted:
                path.write_text(str(wanted))
        except (OSError, ValueError):
            continue  # a sandbox may forbid it: kind then says what it lacks


def _start() -> None:
    home = cache.folder("engine")
    log = home / "dockerd.log"
    command = [
        "dockerd",
        f"--host=unix://{SOCKET}",
        f"--data-root={home / 'data'}",
        f"--pidfile={home / 'dockerd.pid'}",
        f"--mtu={_uplink_mtu()}",
        f"--add-runtime=narrowed={_runtime(home)}",
        "--default-runtime=narrowed",
    ]
    _forget_dead(home / "dockerd.pid")
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # it outlives make
            cwd="/",
        )
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise DevClusterError(
                f"dockerd did not come up; the end of {log}:\n{end}", shlex.join(command)
            )
        time.sleep(0.3)


def _runtime(home: Path) -> Path:
    """Put the OCI runtime where it stays although the tree may go."""
    shutil.copy(oci_runtime.__file__, home / "oci_runtime.py")
    script = home / "narrowed-runc"
    python = find_program("python3.11", "/usr/bin") or sys.executable
    script.write_text(f'#!/bin/sh\nexec {python} -ISE {home / "oci_runtime.py"} "$@"\n')
    script.chmod(0o755)
    return script


def _uplink_mtu() -> int:
    """Return the packet size of the default route's link: larger packets would be lost."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        name, destination = line.split()[:2]
        if destination == "00000000":
            return int((Path("/sys/class/net") / name / "mtu").read_text())
    return 1500


def _forget_dead(pidfile: Path) -> None:
    """Remove the pid file of an engine that a reboot ended: its number may be another's now."""
    if pidfile.exists() and not _is_dockerd(pidfile):
        pidfile.unlink()


def _is_dockerd(pidfile: Path) -> bool:
    try:
        pid = int(pidfile.read_text())
        return Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd"
    except (OSError, ValueError):
        return False


def is_ours() -> bool:
    """Tell whether the engine that runs was started here."""
    return _is_dockerd(cache.folder("engine") / "dockerd.pid")


def stop() -> bool:
    """Stop the engine that was started here, if it runs; say whether there was one."""
    pidfile = cache.folder("engine") / "dockerd.pid"
    if not _is_dockerd(pidfile):
        return False
    pid = int(pidfile.read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    return True
