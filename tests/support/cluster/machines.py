"""The dev cluster's machines, which are containers, and what can become of them.

Whatever a story does to one, `mended` undoes it at its end. No other container is ever touched.
"""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Final

from hack.devcluster.cluster import node_names
from tests.support.cluster.api import Api, Missing
from tests.support.cluster.commands import Document
from tests.support.cluster.waiting import eventually

READY_SECONDS = 300.0
"""Longest time until a machine takes part again."""
_API_PORT = "6443"
_OURS = ("-m", "comment", "--comment", "stagework-fault")
_PROGRAMS: Final = ("iptables", "ip6tables")
"""Kubelets take whichever address the name of the control plane has first."""
_CHAINS: Final = ("OUTPUT", "FORWARD")
"""What the kubelet sends, and what Pods send."""


@dataclass(frozen=True)
class Machine:
    """A worker of the dev cluster."""

    api: Api
    key: str
    """Its class, such as `macbook`."""

    @property
    def node(self) -> str:
        """Name of its Node and of its container."""
        return node_names()[self.key]

    def sleep(self) -> None:
        """All its processes are frozen, as those of a laptop whose lid is closed."""
        self._docker("pause")

    def wake(self) -> None:
        """They go on."""
        self._docker("unpause")

    def lose_power(self) -> None:
        """All its processes are killed, and nothing starts them."""
        self._docker("kill")

    def stop_kubelet(self) -> None:
        """Its containers live on."""
        self.shell("systemctl stop kubelet")

    def start_kubelet(self) -> None:
        """A kubelet registers its Node when it starts, and only then."""
        self.shell("systemctl restart kubelet")

    def cut_off(self) -> None:
        """Nothing of it reaches the API server; all else goes on."""
        for program, chain in product(_PROGRAMS, _CHAINS):
            self.shell(f"{program} -I {chain} {_dropped()}")

    def connect(self) -> None:
        """What it says reaches the API server again."""
        for program, chain in product(_PROGRAMS, _CHAINS):
            self.shell(f"while {program} -D {chain} {_dropped()} 2>/dev/null; do :; done")

    def signal(self, name: str, marker: str) -> None:
        """Send a signal to its processes with that word in their command line."""
        # The first letter stands in brackets, so that this shell is none of them.
        self.shell(f"pkill -{name} -f '[{marker[0]}]{marker[1:]}'")

    def shell(self, script: str) -> None:
        """A line typed on the machine."""
        command = ["docker", "exec", self.node, "sh", "-c", script]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def is_ready(self) -> bool:
        """As its Node says; a Node that is not there is not."""
        try:
            node = self.api.get(f"/api/v1/nodes/{self.node}")
        except Missing:
            return False
        conditions: list[Document] = node["status"].get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def wait_until_ready(self) -> None:
        """It takes part in the cluster."""
        eventually(
            self.is_ready, bool, seconds=READY_SECONDS, otherwise=lambda: f"{self.node}: not ready"
        )

    def wait_until_missed(self) -> None:
        """The control plane has noticed that it says nothing."""
        eventually(
            lambda: not self.is_ready(),
            bool,
            seconds=READY_SECONDS,
            otherwise=lambda: f"{self.node}: still ready",
        )

    def mend(self) -> None:
        """Undo all of the above, whatever of it was done."""
        state = self._docker("inspect", check=True)
        status: str = json.loads(state)[0]["State"]["Status"]
        if status == "paused":
            self.wake()
        elif status != "running":
            self._docker("start")
        self.connect()
        if not self.is_ready():
            self.start_kubelet()
        self.wait_until_ready()
        self.wait_until_services_answer()

    def wait_until_services_answer(self) -> None:
        """Its kubelet is there before the rules that lead to services; until then somebody else
        may answer at their addresses.
        """
        service = self.api.get("/api/v1/namespaces/default/services/kubernetes")
        url = f"https://{service['spec']['clusterIP']}/livez"
        eventually(
            lambda: self._asks(url),
            bool,
            seconds=READY_SECONDS,
            otherwise=lambda: f"{self.node}: nothing of the cluster answers at {url}",
        )

    def _asks(self, url: str) -> bool:
        trusted = "--cacert /etc/kubernetes/pki/ca.crt"
        try:
            self.shell(f"curl -sSf --max-time 5 {trusted} {url}")
        except subprocess.CalledProcessError:
            return False
        return True

    def _docker(self, verb: str, *, check: bool = True) -> str:
        command = ["docker", verb, self.node]
        return subprocess.run(
            command, check=check, capture_output=True, text=True, timeout=120
        ).stdout


def _dropped() -> str:
    return " ".join(("-p", "tcp", "--dport", _API_PORT, *_OURS, "-j", "DROP"))


@contextmanager
def mended(machine: Machine) -> Generator[Machine]:
    """A machine for one story, which takes part again when the story is over."""
    machine.wait_until_ready()
    try:
        yield machine
    finally:
        machine.mend()
