"""What a figure was measured on: it goes above every table."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("kopf", "aiohttp", "msgspec", "orjson", "pydantic", "uvloop", "kubernetes")


def describe() -> list[str]:
    """Lines about the machine, its load and the versions."""
    load = ", ".join(f"{minutes:.1f}" for minutes in os.getloadavg())
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return [
        f"machine: {_processor()}, {len(os.sched_getaffinity(0))} cores, {_memory()} GiB",
        f"load average: {load}",
        f"Python {platform.python_version()} on Linux {platform.release()}",
        f"versions: {versions}",
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{kib / 2**20:.0f}"
