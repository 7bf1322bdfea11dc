"""The installed release: its operator can be killed, stopped and started again."""

import http.client

from tests.support.cluster.api import Api
from tests.support.cluster.commands import RELEASE_NAMESPACE, ROOT, Commands, Document
from tests.support.cluster.waiting import eventually

OPERATOR = "app.kubernetes.io/component=operator"
"""Selector of the operator's Pods."""
SERVICE_PODS = "app.kubernetes.io/component=api"
"""Selector of the API service's Pods."""
NAME = "stagework"
"""Name of the release."""
CHART = str(ROOT / "charts" / "stagework")
START_SECONDS = 120.0
"""Longest time until a new operator is up."""
SERVICE = f"/api/v1/namespaces/{RELEASE_NAMESPACE}/services/http:stagework-api:8080/proxy"
"""The API service through the API server."""


class Release:
    """The operator of the release, as an administrator handles it."""

    def __init__(self, api: Api, commands: Commands) -> None:
        self.api = api
        self.commands = commands

    def operator_pods(self) -> list[Document]:
        """Its Pods, those that are ending too."""
        return self.api.items(
            f"/api/v1/namespaces/{RELEASE_NAMESPACE}/pods", labelSelector=OPERATOR
        )

    def ready_operator_pods(self) -> list[Document]:
        """Its Pods that are ready and not ending."""
        return [
            pod
            for pod in self.operator_pods()
            if "deletionTimestamp" not in pod["metadata"]
            and any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in pod["status"].get("conditions", [])
            )
        ]

    def nodes(self) -> set[str]:
        """Where its services are; the Pods of its tasks come and go on any node."""
        pods = self.api.items(f"/api/v1/namespaces/{RELEASE_NAMESPACE}/pods")
        return {str(pod["spec"].get("nodeName")) for pod in pods if not _is_task(pod)}

    def node_of_service(self) -> str:
        """Where the API service is, which its volume binds there."""
        path = f"/api/v1/namespaces/{RELEASE_NAMESPACE}/pods"
        (pod,) = self.api.items(path, labelSelector=SERVICE_PODS)
        return str(pod["spec"]["nodeName"])

    def move_operator_off(self, node: str) -> None:
        """Have it work elsewhere; the node takes Pods again afterwards."""
        if all(pod["spec"].get("nodeName") != node for pod in self.operator_pods()):
            return
        self.commands.must("cordon", node)
        try:
            self.delete_operator()
            eventually(
                lambda: [pod["spec"].get("nodeName") for pod in self.ready_operator_pods()],
                lambda nodes: nodes and node not in nodes,
                seconds=START_SECONDS,
                otherwise=lambda: "no other operator comes up",
            )
        finally:
            self.commands.must("uncordon", node)

    def kill_operator(self) -> None:
        """Delete its Pod without any grace: the process gets SIGKILL and tidies nothing up."""
        for pod in self.operator_pods():
            self._delete(pod, "--grace-period=0", "--force")

    def delete_operator(self) -> None:
        """Delete its Pod as a person does."""
        for pod in self.operator_pods():
            self._delete(pod, "--wait=false")

    def stop_operator(self) -> None:
        """Scale it to nothing and wait until it is gone."""
        self._scale(0)
        eventually(
            self.operator_pods,
            lambda pods: not pods,
            seconds=START_SECONDS,
            otherwise=lambda: "the operator does not end",
        )

    def start_operator(self) -> None:
        """Scale it to one again."""
        self._scale(1)

    def stop_service(self) -> None:
        """Scale the API service to nothing and wait until it is gone."""
        self._scale(0, "stagework-api")
        eventually(
            lambda: self.api.items(
                f"/api/v1/namespaces/{RELEASE_NAMESPACE}/pods", labelSelector=SERVICE_PODS
            ),
            lambda pods: not pods,
            seconds=START_SECONDS,
            otherwise=lambda: "the API service does not end",
        )

    def start_service(self) -> None:
        """Scale it to one again."""
        self._scale(1, "stagework-api")

    def restart_operator(self) -> None:
        """End it, and wait until another one is up."""
        self.stop_operator()
        self.start_operator()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait for both Deployments."""
        for name in ("stagework-operator", "stagework-api"):
            self.commands.must(
                *("-n", RELEASE_NAMESPACE, "rollout", "status", f"deployment/{name}"),
                f"--timeout={START_SECONDS - 10:.0f}s",
            )

    def settings(self) -> str:
        """Its settings file."""
        path = f"/api/v1/namespaces/{RELEASE_NAMESPACE}/configmaps/stagework-settings"
        text: str = self.api.get(path)["data"]["settings.yaml"]
        return text

    def scrape(self, port: int, path: str) -> str:
        """What the operator's Pod answers, through the API server."""
        pod = self.operator_pods()[0]["metadata"]["name"]
        where = f"/api/v1/namespaces/{RELEASE_NAMESPACE}/pods/{pod}:{port}/proxy/{path}"
        reply = self.api.request("GET", where)
        assert reply.status == http.client.OK, reply
        return reply.body.decode()

    def _scale(self, replicas: int, deployment: str = "stagework-operator") -> None:
        self.commands.must(
            *("-n", RELEASE_NAMESPACE, "scale", f"deployment/{deployment}"),
            f"--replicas={replicas}",
        )

    def _delete(self, pod: Document, *how: str) -> None:
        name = pod["metadata"]["name"]
        self.commands.must(
            "-n", RELEASE_NAMESPACE, "delete", "pod", name, "--ignore-not-found", *how
        )


def _is_task(pod: Document) -> bool:
    owners: list[Document] = pod["metadata"].get("ownerReferences", [])
    return any(owner["kind"] == "Job" for owner in owners)
