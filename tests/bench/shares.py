"""Who uses the machine: CPU time of the cluster's components, ours included, during a bench.

Read from the processes of kind's node containers, so that it needs nothing in the cluster.
"""

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Self

from hack.devcluster import cluster
from tests.bench.tables import table

COMPONENTS: Final = {
    "kube-apiserver": "kube-apiserver",
    "etcd": "etcd",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "stagework.controllers": "stagework operator",
    "stagework.web": "stagework API service",
    "kubelet": "kubelets",
    "containerd": "container engines of the nodes",
}
"""The first word that a program's name (or a Python command line) contains names its component."""
OTHER: Final = "other processes of the nodes"
REST: Final = "rest of this machine"
WHOLE: Final = "whole machine"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SCRIPT: Final = (
    "cd /proc; for p in [0-9]*; do"
    ' [ -r $p/stat ] && echo "$(cat $p/stat)@@$(tr "\\0" " " < $p/cmdline)"; done 2>/dev/null'
)


@dataclass(frozen=True)
class Reading:
    """CPU seconds since boot by component, and of the whole machine; `at` is monotonic."""

    at: float
    seconds: dict[str, float]
    machine: float

    @classmethod
    def now(cls, pids: dict[str, int]) -> Self:
        """Read all; `pids` are processes of this machine that count as components too."""
        seconds: dict[str, float] = defaultdict(float)
        for node in cluster.node_names().values():
            for line in _lines(node):
                stat, _, command = line.partition("@@")
                seconds[_component(stat, command)] += _cpu(stat)
        for name, pid in pids.items():
            seconds[name] += _cpu(Path(f"/proc/{pid}/stat").read_text())
        return cls(time.monotonic(), dict(seconds), _machine())


@dataclass(frozen=True)
class Usage:
    """CPU seconds by component while so many seconds went by; usages of phases add up."""

    elapsed: float
    seconds: dict[str, float]

    @classmethod
    def between(cls, before: Reading, after: Reading) -> Self:
        """What was used between two readings; a process that has ended since counts no more."""
        used = {
            name: max(0.0, total - before.seconds.get(name, 0.0))
            for name, total in after.seconds.items()
        }
        whole = after.machine - before.machine
        rest = max(0.0, whole - sum(used.values()))
        return cls(after.at - before.at, {**used, REST: rest, WHOLE: whole})

    def __add__(self, other: Self) -> Self:
        names = {*self.seconds, *other.seconds}
        seconds = {n: self.seconds.get(n, 0.0) + other.seconds.get(n, 0.0) for n in names}
        return type(self)(self.elapsed + other.elapsed, seconds)


def usage(columns: Sequence[tuple[str, Usage, int]]) -> str:
    """A table: each component's share of the cores in each phase, and its CPU time an object.

    A column is its title, what was used, and how many objects were done.
    """
    cores = len(os.sched_getaffinity(0))
    listed = {*chain(*(used.seconds for _, used, _ in columns))}
    last = columns[-1][1].seconds
    head, rows = ["component"], [[name] for name in sorted(listed, key=lambda n: -last.get(n, 0.0))]
    for title, used, count in columns:
        head += [f"{title}: share of {cores} cores", "CPU ms each"]
        available = used.elapsed * cores
        for row in rows:
            spent = used.seconds.get(row[0], 0.0)
            row += [f"{spent / available:.0%}", f"{spent * 1000 / count:.1f}"]
    return table(head, rows)


def _lines(node: str) -> list[str]:
    command = ["docker", "exec", node, "sh", "-c", _SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return [line for line in done.stdout.splitlines() if "@@" in line]


def _component(stat: str, command: str) -> str:
    first = command.partition(" ")[0]
    program = command if "python" in first else first or stat.partition(" ")[2]
    return next((name for word, name in COMPONENTS.items() if word in program), OTHER)


def _cpu(stat: str) -> float:
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _machine() -> float:
    """User, nice, system, interrupts and what a hypervisor took: all that was not idle."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS
