"""The machine and the versions that a figure was measured with: printed beside every figure."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe() -> str:
    """A line on the machine and one on the versions."""
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    python = ".".join(str(part) for part in sys.version_info[:3])
    parts = ", ".join(f"{name} {version(name)}" for name in ("kopf", "aiohttp", "msgspec"))
    return (
        f"{day}; {os.cpu_count()} cores, {_memory_gib()} GiB, {platform.system()} "
        f"{platform.release()}; load before: {load}\nPython {python}, {parts}"
    )


def _memory_gib() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) / 2**20)
    return 0
