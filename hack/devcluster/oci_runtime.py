"""An OCI runtime that asks runc for no capability which this machine does not have.

``docker run --privileged`` asks for every capability there is. Where the machine's own
bounding set lacks one (CAP_SYS_RESOURCE in many sandboxes), runc fails with "unable to
apply caps". This file stands between dockerd and runc: it takes what is not to be had out
of the container's ``config.json`` (and out of ``exec --process`` files) and becomes runc.

Only a dockerd that is started here uses it. It is copied into the cache and run by path, so
it imports nothing but the standard library, and little of that: each ``docker exec`` waits.
"""

import json
import os
import sys

CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
    "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
    "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip
"""In the order of their numbers (capability.h)."""


def available(status: str) -> frozenset[str]:
    """Read the names of the capabilities in the bounding set of a ``/proc/self/status``."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            bits = int(line.split()[1], 16)
            return frozenset(
                f"CAP_{name}" for number, name in enumerate(CAPABILITIES) if bits >> number & 1
            )
    raise ValueError("no CapBnd line")


def narrowed(sets: dict[str, list[str]], allowed: frozenset[str]) -> dict[str, list[str]]:
    """Return capability sets (bounding, effective and so on) that hold only allowed ones."""
    return {
        name: [capability for capability in wanted if capability in allowed]
        for name, wanted in sets.items()
    }


def _option(arguments: list[str], *names: str) -> str | None:
    for position, argument in enumerate(arguments):
        for name in names:
            if argument == name and position + 1 < len(arguments):
                return arguments[position + 1]
            if argument.startswith(f"{name}="):
                return argument.removeprefix(f"{name}=")
    return None


def _rewrite(path: str, *, whole_config: bool) -> None:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 10 ms a call
        document = json.load(file)
    process = document.get("process", {}) if whole_config else document
    if "capabilities" not in process:
        return
    with open("/proc/self/status", encoding="utf-8") as file:  # noqa: PTH123
        allowed = available(file.read())
    process["capabilities"] = narrowed(process["capabilities"], allowed)
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(document, file)


def main(arguments: list[str]) -> None:
    """Narrow what the call is about, then become runc."""
    if "create" in arguments or "run" in arguments:
        bundle = _option(arguments, "--bundle", "-b") or "."
        _rewrite(os.path.join(bundle, "config.json"), whole_config=True)  # noqa: PTH118
    elif "exec" in arguments and (process := _option(arguments, "--process", "-p")):
        _rewrite(process, whole_config=False)
    os.execvp("runc", ["runc", *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
