"""What every command gets: the cluster, the clock, the terminal. Tests hand in their own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, cast

import typer

from stagework.cli.cluster import Cluster
from stagework.cli.objects import Objects
from stagework.cli.text.next_steps import Home
from stagework.cli.text.terminal import Terminal
from stagework.wall_clock import wall_clock


@dataclass
class Session:
    """One call of the CLI."""

    connect: Callable[[], Cluster]
    now: Callable[[], datetime] = wall_clock
    sleep: Callable[[float], None] = time.sleep
    terminal: Terminal = field(default_factory=Terminal)
    _cluster: Cluster | None = None

    @classmethod
    def of_kubeconfig(cls, kubeconfig: str | None = None, context: str | None = None) -> Self:
        """A session with the cluster of a kubeconfig, or of the Pod that we run in."""

        def connect() -> Cluster:
            # The kubernetes package takes most of a second to import: not for `--help`.
            from stagework.cli.connection import KubeConnection  # noqa: PLC0415

            return KubeConnection(kubeconfig, context)

        return cls(connect)

    @property
    def cluster(self) -> Cluster:
        """The cluster; connects at first use, so that `--help` needs none."""
        if self._cluster is None:
            self._cluster = self.connect()
        return self._cluster

    @property
    def objects(self) -> Objects:
        """Our objects on it."""
        return Objects(self.cluster)

    @property
    def home(self) -> Home:
        """What a command without `-n` means."""
        return Home(self.cluster.namespace)

    def namespace(self, given: str | None) -> str:
        """`-n`, else the context's namespace."""
        return given or self.cluster.namespace


def session_of(context: typer.Context) -> Session:
    """The session that the main callback has put into the context."""
    return cast("Session", context.obj)
