"""A cluster in memory: the ClusterReader that tests give to the app."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from stagekit.contract import ENV_MODEL, ENV_RUN
from stagework.api.kinds import PIPELINEJOB
from stagework.api.names import (
    ANNOTATION_INPUTS,
    API_VERSION,
    KEEP_CONTAINER,
    LABEL_ATTEMPT,
    LABEL_STAGE,
    STAGE_CONTAINER,
)
from stagework.api.observed import (
    AnnotatedMeta,
    ContainerManifest,
    ContainerState,
    ContainerStatus,
    EnvVariable,
    JobView,
    ObjectMeta,
    OwnerReference,
    PodManifest,
    PodManifestSpec,
    PodStatus,
    Terminated,
)
from stagework.api.tasks import task_object_name
from stagework.web.cluster import CommittedStage, RecordedAttempt, Run
from stagework.web.user import User
from tests.unit.web.fake_batches import WithBatches
from tests.unit.web.fake_pods import WithPods
from tests.unit.web.fake_queue import WithQueue
from tests.unit.web.fake_schedules import WithSchedules
from tests.unit.web.fake_sign_ins import FakeSignIns

AUDIENCE = "stagework"
OPERATOR = "system:serviceaccount:stagework-system:stagework-operator"


def controlled_by(
    kind: str, name: str, uid: str, api_version: str = "batch/v1"
) -> tuple[OwnerReference, ...]:
    """References of an object to its one, controlling owner."""
    owner = OwnerReference(uid=uid, controller=True, kind=kind, name=name, api_version=api_version)
    return (owner,)


DELETED_AT = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class FakeCluster(WithBatches, WithPods, WithQueue, WithSchedules):
    """Tokens, rights, Pods, Jobs and runs; every question is counted."""

    tokens: dict[str, tuple[str, User]] = field(default_factory=dict)
    rights: set[tuple[str, str, str]] = field(default_factory=set)
    jobs: dict[tuple[str, str], JobView] = field(default_factory=dict)
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    sign_ins: FakeSignIns = field(default_factory=FakeSignIns)

    def operator(self) -> str:
        """The operator's token."""
        self.tokens["operator-token"] = (AUDIENCE, User(OPERATOR))
        return "operator-token"

    def person(self, name: str, *rights: tuple[str, str]) -> str:
        """A person's token; rights are (verb, namespace)."""
        self.tokens[f"{name}-token"] = (AUDIENCE, User(name))
        self.rights |= self.queue.grant(name, rights)
        return f"{name}-token"

    def run(
        self, name: str = "ad", namespace: str = "team", uid: str = "run-1", uri: str = ""
    ) -> Run:
        """A PipelineJob."""
        run = Run(namespace, name, uid, uri)
        self.runs[namespace, name] = run
        return run

    def commit(self, run: Run, stage: str, prefix: str, attempt: int = 1) -> None:
        """The operator commits a stage's outcome."""
        now, done = self.runs[run.namespace, run.name], CommittedStage(stage, attempt, prefix)
        self.runs[run.namespace, run.name] = replace(now, committed=(*now.committed, done))

    def record(self, run: Run, *attempts: RecordedAttempt) -> None:
        """The operator records what works for a run."""
        now = self.runs.get((run.namespace, run.name))
        if now is not None and now.uid == run.uid:
            others = [a for a in now.attempts if a.stage not in {each.stage for each in attempts}]
            self.runs[run.namespace, run.name] = replace(now, attempts=(*others, *attempts))

    def stage_pod(
        self,
        run: Run,
        stage: str,
        pod_uid: str,
        attempt: int = 1,
        *,
        inputs: str = "",
        model: str = "",
        recorded: bool = True,
    ) -> str:
        """A running stage Pod with its Job, recorded in the run's status; gives its token."""
        name, job_uid = f"{run.name}-{stage}-{attempt}", f"job-of-{pod_uid}"
        meta = AnnotatedMeta(
            name=name,
            uid=pod_uid,
            labels={LABEL_STAGE: stage, LABEL_ATTEMPT: str(attempt)},
            annotations={ANNOTATION_INPUTS: inputs} if inputs else {},
            owner_references=controlled_by("Job", name, job_uid),
        )
        env = (EnvVariable(ENV_RUN, run.name), EnvVariable(ENV_MODEL, model or None))
        spec = PodManifestSpec(containers=(ContainerManifest(STAGE_CONTAINER, env),))
        key = run.namespace, name
        self.pods[key] = PodManifest(meta, spec)
        owners = controlled_by("PipelineJob", run.name, run.uid, API_VERSION)
        self.jobs[key] = JobView(ObjectMeta(name=name, uid=job_uid, owner_references=owners))
        if recorded:
            self.record(run, RecordedAttempt(stage, attempt, name, job_uid, pod_uid))
        proof = "authentication.kubernetes.io/pod-"
        extra = {f"{proof}name": (name,), f"{proof}uid": (pod_uid,)}
        user = User(f"system:serviceaccount:{run.namespace}:default", extra=extra)
        token = f"token-of-{pod_uid}"
        self.tokens[token] = (AUDIENCE, user)
        return token

    async def token_review(self, token: str, audience: str) -> User | None:
        """The user, if the token is for this audience."""
        self._ask("token_review")
        known = self.tokens.get(token)
        return known[1] if known is not None and known[0] == audience else None

    async def subject_access_review(
        self,
        user: User,
        *,
        verb: str,
        namespace: str,
        name: str = "",
        resource: str = PIPELINEJOB.plural,
    ) -> bool:
        """Whether the right was given; for other things than runs as `create backgroundjobs`."""
        asked = verb if resource == PIPELINEJOB.plural else f"{verb} {resource}"
        self._ask(f"subject_access_review {asked} {namespace}/{name}")
        return (user.name, asked, namespace) in self.rights

    async def may_read_logs(self, user: User, namespace: str) -> bool:
        """Whether the right to get logs was given."""
        self._ask(f"may_read_logs {namespace}")
        return (user.name, "get pods/log", namespace) in self.rights

    async def get_job(self, namespace: str, name: str) -> JobView | None:
        """The Job."""
        self._ask("get_job")
        return self.jobs.get((namespace, name))

    async def get_run(self, namespace: str, name: str) -> Run | None:
        """The PipelineJob."""
        self._ask("get_run")
        return self.runs.get((namespace, name))

    async def list_runs(self, namespaces: tuple[str, ...]) -> list[Run]:
        """All PipelineJobs."""
        self._ask("list_runs")
        return [run for run in self.runs.values() if not namespaces or run.namespace in namespaces]

    async def list_models(self, namespaces: tuple[str, ...]) -> frozenset[str]:
        """All models."""
        self._ask(f"list_models {namespaces}")
        return frozenset(self.models)

    async def is_reachable(self) -> bool:
        """Whether it is there."""
        self.questions.append("is_reachable")
        return not self.is_away


def delete_stage_pod(cluster: FakeCluster, stage: str, attempt: int = 1) -> None:
    """Somebody deletes a stage's Pod: kubelets report no container until all have ended."""
    key = next(key for key in cluster.pods if key[1].endswith(f"-{stage}-{attempt}"))
    pod = cluster.pods[key]
    meta = msgspec.structs.replace(pod.metadata, deletion_timestamp=DELETED_AT)
    cluster.pods[key] = msgspec.structs.replace(pod, metadata=meta)


def end_stage(
    cluster: FakeCluster,
    stage: str,
    exit_code: int = 0,
    attempt: int = 1,
    *,
    deleted: bool = False,
    restarts: int = 0,
) -> None:
    """A kubelet reports that a stage's container has ended."""
    key = next(key for key in cluster.pods if key[1].endswith(f"-{stage}-{attempt}"))
    pod = cluster.pods[key]
    ended = ContainerState(terminated=Terminated(exit_code))
    status = PodStatus(
        phase="Running",
        container_statuses=(ContainerStatus(STAGE_CONTAINER, ended),),
        init_container_statuses=(ContainerStatus(KEEP_CONTAINER, restart_count=restarts),),
    )
    gone = DELETED_AT if deleted else None
    meta = msgspec.structs.replace(pod.metadata, deletion_timestamp=gone)
    cluster.pods[key] = msgspec.structs.replace(pod, metadata=meta, status=status)


def task_token(cluster: FakeCluster, name: str, *rights: tuple[str, str]) -> str:
    """A built-in task's token, bound to its Pod as a kubelet's is; rights as a person's."""
    account = f"system:serviceaccount:stagework-system:{task_object_name(name)}"
    extra = {"authentication.kubernetes.io/pod-uid": ("pod-of-task",)}
    cluster.tokens[f"{name}-token"] = (AUDIENCE, User(account, extra=extra))
    cluster.rights |= cluster.queue.grant(account, rights)
    return f"{name}-token"
