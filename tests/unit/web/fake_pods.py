"""Pods and their logs in memory, and how often the cluster was asked."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from stagework.api.names import LABEL_ATTEMPT, LABEL_STAGE
from stagework.api.observed import PodManifest
from stagework.web.errors import ClusterUnavailable


@dataclass
class WithPods:
    """What a cluster in memory has of them; every question is noted."""

    pods: dict[tuple[str, str], PodManifest] = field(
        default_factory=dict[tuple[str, str], PodManifest], kw_only=True
    )
    logs: dict[tuple[str, str, str], bytes] = field(
        default_factory=dict[tuple[str, str, str], bytes], kw_only=True
    )
    questions: list[str] = field(default_factory=list[str], kw_only=True)
    is_away: bool = field(default=False, kw_only=True)

    async def pod_log(
        self, namespace: str, name: str, container: str, last_lines: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The log, in two pieces."""
        self._ask(f"pod_log {namespace}/{name} {container}")
        log = self.logs.get((namespace, name, container), b"")
        if last_lines is not None:
            log = b"".join(log.splitlines(keepends=True)[-last_lines:])
        for piece in (log[: len(log) // 2], log[len(log) // 2 :]):
            yield piece

    async def get_pod(self, namespace: str, name: str) -> PodManifest | None:
        """The Pod."""
        self._ask("get_pod")
        return self.pods.get((namespace, name))

    async def stage_pods(
        self, namespace: str, run_uid: str, stage: str, attempt: int
    ) -> list[PodManifest]:
        """Those whose labels say so."""
        self._ask("stage_pods")
        wanted = {LABEL_STAGE: stage, LABEL_ATTEMPT: str(attempt)}
        return [
            pod
            for (where, _), pod in self.pods.items()
            if where == namespace and wanted.items() <= pod.metadata.labels.items()
        ]

    def _ask(self, question: str) -> None:
        self.questions.append(question)
        if self.is_away:
            raise ClusterUnavailable(question)
