"""A cluster in memory: the ClusterReader that tests give to the app."""

from dataclasses import dataclass, field, replace

from stagekit.contract import ENV_MODEL, ENV_RUN
from stagework.api.names import (
    ANNOTATION_INPUTS,
    API_VERSION,
    LABEL_ATTEMPT,
    LABEL_STAGE,
    STAGE_CONTAINER,
)
from stagework.api.observed import (
    AnnotatedMeta,
    ContainerManifest,
    EnvVariable,
    JobView,
    ObjectMeta,
    OwnerReference,
    PodManifest,
    PodManifestSpec,
)
from stagework.web.cluster import CommittedStage, RecordedAttempt, Run, User
from stagework.web.errors import ClusterUnavailable

AUDIENCE = "stagework"
OPERATOR = "system:serviceaccount:stagework-system:stagework-operator"


def controlled_by(
    kind: str, name: str, uid: str, api_version: str = "batch/v1"
) -> tuple[OwnerReference, ...]:
    """References of an object to its one, controlling owner."""
    owner = OwnerReference(uid=uid, controller=True, kind=kind, name=name, api_version=api_version)
    return (owner,)


@dataclass
class FakeCluster:
    """Tokens, rights, Pods, Jobs and runs; every question is counted."""

    tokens: dict[str, tuple[str, User]] = field(default_factory=dict)
    rights: set[tuple[str, str, str]] = field(default_factory=set)
    pods: dict[tuple[str, str], PodManifest] = field(default_factory=dict)
    jobs: dict[tuple[str, str], JobView] = field(default_factory=dict)
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    questions: list[str] = field(default_factory=list)
    is_away: bool = False

    def operator(self) -> str:
        """The operator's token."""
        self.tokens["operator-token"] = (AUDIENCE, User(OPERATOR))
        return "operator-token"

    def person(self, name: str, *rights: tuple[str, str]) -> str:
        """A person's token; rights are (verb, namespace)."""
        self.tokens[f"{name}-token"] = (AUDIENCE, User(name))
        self.rights |= {(name, verb, namespace) for verb, namespace in rights}
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
        key = (run.namespace, run.name)
        now = self.runs[key]
        self.runs[key] = replace(
            now, committed=(*now.committed, CommittedStage(stage, attempt, prefix))
        )

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
        name = f"{run.name}-{stage}-{attempt}"
        job_uid = f"job-of-{pod_uid}"
        key = (run.namespace, name)
        labels = {LABEL_STAGE: stage, LABEL_ATTEMPT: str(attempt)}
        annotations = {ANNOTATION_INPUTS: inputs} if inputs else {}
        meta = AnnotatedMeta(
            name=name,
            uid=pod_uid,
            labels=labels,
            annotations=annotations,
            owner_references=controlled_by("Job", name, job_uid),
        )
        env = (EnvVariable(ENV_RUN, run.name), EnvVariable(ENV_MODEL, model or None))
        spec = PodManifestSpec(containers=(ContainerManifest(STAGE_CONTAINER, env),))
        self.pods[key] = PodManifest(meta, spec)
        owners = controlled_by("PipelineJob", run.name, run.uid, API_VERSION)
        self.jobs[key] = JobView(ObjectMeta(name=name, uid=job_uid, owner_references=owners))
        if recorded:
            self.record(run, RecordedAttempt(stage, attempt, name, job_uid, pod_uid))
        extra = {
            "authentication.kubernetes.io/pod-name": (name,),
            "authentication.kubernetes.io/pod-uid": (pod_uid,),
        }
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
        self, user: User, *, verb: str, namespace: str, name: str = ""
    ) -> bool:
        """Whether the right was given."""
        self._ask(f"subject_access_review {verb} {namespace}/{name}")
        return (user.name, verb, namespace) in self.rights

    async def get_pod(self, namespace: str, name: str) -> PodManifest | None:
        """The Pod."""
        self._ask("get_pod")
        return self.pods.get((namespace, name))

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

    def _ask(self, question: str) -> None:
        self.questions.append(question)
        if self.is_away:
            raise ClusterUnavailable(question)
