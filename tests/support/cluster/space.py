"""A namespace of a story's own, and the words in which the story is told."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.support.cluster.api import OURS, Api, Missing
from tests.support.cluster.commands import Answer, Commands, Document
from tests.support.cluster.waiting import Condition, ended, eventually, stage_in, summary

WAIT_SECONDS = 300.0
"""Longest wait for a condition: the machine may be shared with builders."""


@dataclass(frozen=True)
class Prompt:
    """What people type, in one namespace."""

    namespace: str
    api: Api
    commands: Commands

    def kubectl(self, *arguments: str, user: str = "") -> Answer:
        """`kubectl -n NAMESPACE ...`; an error fails the test."""
        return self.commands.must("-n", self.namespace, *arguments, user=user)

    def try_kubectl(self, *arguments: str, user: str = "") -> Answer:
        """The same, where an error is part of the story."""
        return self.commands.kubectl("-n", self.namespace, *arguments, user=user)

    def apply(self, *documents: Document) -> Answer:
        """`kubectl apply -f -`; an error fails the test."""
        answer = self.try_apply(*documents)
        assert answer.ok, answer.printed
        return answer

    def try_apply(self, *documents: Document, user: str = "") -> Answer:
        """The same, where a refusal is part of the story."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        return self.commands.kubectl(
            "-n", self.namespace, "apply", "-f", "-", stdin=text, user=user
        )

    def create(self, document: Document, *, user: str = "") -> Answer:
        """`kubectl create -f - -o json`."""
        return self.commands.kubectl(
            *("-n", self.namespace, "create", "-o", "json", "-f", "-"),
            stdin=json.dumps(document),
            user=user,
        )

    def stagework(self, *arguments: str) -> Answer:
        """`stagework ... -n NAMESPACE`."""
        return self.commands.stagework(*arguments, "-n", self.namespace)

    def results(self, run: str, folder: Path) -> Path:
        """`stagework results RUN`: the folder with one folder a stage."""
        answer = self.stagework("results", run, "--to", str(folder))
        assert answer.ok, answer.printed
        return folder


class Space(Prompt):
    """One namespace: what is typed there, what is seen of it, and what is waited for."""

    def run(self, name: str) -> Document:
        """A PipelineJob as it stands."""
        return self.api.get(f"{OURS}/namespaces/{self.namespace}/pipelinejobs/{name}")

    def is_gone(self, name: str) -> bool:
        """True once there is no PipelineJob of that name."""
        try:
            self.run(name)
        except Missing:
            return True
        return False

    def status_of(self, name: str) -> Document:
        """Its status."""
        return self.run(name).get("status", {})

    def stage_of(self, name: str, stage: str) -> Document:
        """The status of one of its stages."""
        return stage_in(self.run(name), stage)

    def wait_for(self, name: str, wanted: Condition, seconds: float = WAIT_SECONDS) -> Document:
        """Wait until it is so; gives the PipelineJob as it was seen then."""
        return eventually(
            lambda: self.run(name),
            wanted.holds,
            seconds=seconds,
            otherwise=lambda: f"{name} is to be {wanted.sentence}, but:\n{self.story_of(name)}",
        )

    def wait_for_end(self, name: str, word: str, seconds: float = WAIT_SECONDS) -> Document:
        """Wait for its end, which must be this one."""
        run = self.wait_for(name, ended(), seconds)
        assert summary(word).holds(run), f"not {word}, but:\n{self.story_of(name)}"
        return run

    def pods_of(self, name: str, stage: str = "") -> list[Document]:
        """Its Pods, or those of one stage, oldest first."""
        return self.pods_of_uid(self.run(name)["metadata"]["uid"], stage)

    def pods_of_uid(self, uid: str, stage: str = "") -> list[Document]:
        """The same of a run that may be gone."""
        selector = f"stagework.dev/run-uid={uid}"
        selector += f",stagework.dev/stage={stage}" if stage else ""
        pods = self.api.items(f"/api/v1/namespaces/{self.namespace}/pods", labelSelector=selector)
        return sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def pod_of(self, name: str, stage: str) -> Document:
        """The one Pod of a stage."""
        pods = self.pods_of(name, stage)
        assert len(pods) == 1, [pod["metadata"]["name"] for pod in pods]
        return pods[0]

    def wait_for_container(self, name: str, stage: str, state: str) -> Document:
        """Wait until the kubelet reports a Pod of the stage as running or terminated."""

        def matching() -> list[Document]:
            return [pod for pod in self.pods_of(name, stage) if state in container_state(pod)]

        return eventually(
            matching,
            bool,
            seconds=WAIT_SECONDS,
            otherwise=lambda: f"no {state} container of {stage}:\n{self.story_of(name)}",
        )[0]

    def jobs_of(self, name: str) -> list[Document]:
        """Its Jobs."""
        uid = self.run(name)["metadata"]["uid"]
        return self.api.items(
            f"/apis/batch/v1/namespaces/{self.namespace}/jobs",
            labelSelector=f"stagework.dev/run-uid={uid}",
        )

    def events_of(self, name: str) -> list[Document]:
        """Events about a PipelineJob."""
        return self.api.items(
            f"/api/v1/namespaces/{self.namespace}/events",
            fieldSelector=f"involvedObject.kind=PipelineJob,involvedObject.name={name}",
        )

    def container_starts(self, stage_job_prefix: str) -> list[str]:
        """Names of the Pods whose containers a kubelet has started, Pods since deleted too."""
        events = self.api.items(
            f"/api/v1/namespaces/{self.namespace}/events",
            fieldSelector="involvedObject.kind=Pod,reason=Started",
        )
        pods = [str(event["involvedObject"]["name"]) for event in events]
        return [pod for pod in pods if pod.startswith(stage_job_prefix)]

    def log_of(self, name: str, stage: str) -> str:
        """What a stage's one Pod printed."""
        return self.kubectl("logs", self.pod_of(name, stage)["metadata"]["name"]).out

    def interventions(self) -> list[Document]:
        """All Interventions of the namespace."""
        return self.api.items(f"{OURS}/namespaces/{self.namespace}/interventions")

    def answer_to(self, created: Answer) -> Document:
        """Wait for the operator's answer to an Intervention that was created."""
        assert created.ok, created.printed
        name = created.document()["metadata"]["name"]
        path = f"{OURS}/namespaces/{self.namespace}/interventions/{name}"
        return eventually(
            lambda: self.api.get(path).get("status", {}),
            lambda status: "answered" in status,
            seconds=WAIT_SECONDS,
            otherwise=lambda: f"Intervention {name} was not answered",
        )

    def story_of(self, name: str) -> str:
        """Everything that explains a failure."""
        try:
            run = self.run(name)
        except Missing:
            return f"{name} is gone"
        parts = [json.dumps(run.get("status", {}), indent=1, ensure_ascii=False)]
        parts += [f"event {event['reason']}: {event['message']}" for event in self.events_of(name)]
        for pod in self.pods_of(name):
            gates = [gate["name"] for gate in pod["spec"].get("schedulingGates", [])]
            about = {"gates": gates, **container_state(pod)}
            parts.append(f"pod {pod['metadata']['name']} {pod['status'].get('phase')} {about}")
        return "\n".join(parts)


def container_state(pod: Document) -> Document:
    """`waiting`, `running` or `terminated` of the stage's container; empty before."""
    statuses: list[Document] = pod["status"].get("containerStatuses", [])
    none: Document = {}
    return next((status["state"] for status in statuses if status["name"] == "stage"), none)
