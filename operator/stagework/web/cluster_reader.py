"""The ClusterReader that asks the API server; only the fields in use are decoded."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from stagekit.contract import ENV_MODEL
from stagework.api.names import ANNOTATION_INPUTS, API_VERSION, GROUP, STAGE_CONTAINER
from stagework.cluster.client.errors import ApiError, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.web.cluster import Commit, Job, Owner, Pod, Run, User
from stagework.web.errors import ClusterUnavailable

_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
_ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_READY_SECONDS = 3.0

T = TypeVar("T")


class _OwnerReference(msgspec.Struct):
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    ownerReferences: list[_OwnerReference] = []

    def controller(self) -> Owner | None:
        found = next((each for each in self.ownerReferences if each.controller), None)
        return None if found is None else Owner(found.kind, found.name, found.uid)


class _PodStatus(msgspec.Struct):
    phase: str = ""


class _Variable(msgspec.Struct):
    name: str = ""
    value: str | None = None


class _Container(msgspec.Struct):
    name: str = ""
    env: list[_Variable] = []


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = []

    def variable(self, name: str) -> str:
        """A variable's literal value in the stage's container."""
        stage = (each for each in self.containers if each.name == STAGE_CONTAINER)
        found = (v.value for each in stage for v in each.env if v.name == name)
        return next(found, None) or ""


class _Pod(msgspec.Struct):
    metadata: _Meta
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)


class _Job(msgspec.Struct):
    metadata: _Meta


class _Input(msgspec.Struct):
    uri: str = ""


class _Stage(msgspec.Struct):
    env: list[_Variable] = []


class _Stages(msgspec.Struct):
    """The spec of a Pipeline, or of a run with stages of its own."""

    stages: list[_Stage] | None = None

    def models(self) -> tuple[str, ...]:
        """Addresses of the models that its stages name."""
        stages = self.stages or []
        named = (v.value for each in stages for v in each.env if v.name == ENV_MODEL)
        return tuple(value for value in named if value)


class _RunSpec(_Stages):
    input: _Input | None = None


class _CommitStatus(msgspec.Struct):
    attempt: int = 0
    prefix: str = ""


class _StageStatus(msgspec.Struct):
    name: str
    commit: _CommitStatus | None = None


class _RunStatus(msgspec.Struct):
    stages: list[_StageStatus] = []


class _Run(msgspec.Struct):
    metadata: _Meta
    spec: _RunSpec = msgspec.field(default_factory=_RunSpec)
    status: _RunStatus = msgspec.field(default_factory=_RunStatus)

    def plain(self) -> Run:
        commits = tuple(
            Commit(stage.name, stage.commit.attempt, stage.commit.prefix)
            for stage in self.status.stages
            if stage.commit is not None and stage.commit.prefix
        )
        uri = self.spec.input.uri if self.spec.input is not None else ""
        meta = self.metadata
        return Run(meta.namespace, meta.name, meta.uid, uri, commits, self.spec.models())


class _Pipeline(msgspec.Struct):
    spec: _Stages = msgspec.field(default_factory=_Stages)


class _List(msgspec.Struct, Generic[T]):
    items: list[T] = []


class _ReviewUser(msgspec.Struct):
    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class _ReviewStatus(msgspec.Struct):
    authenticated: bool = False
    user: _ReviewUser = msgspec.field(default_factory=_ReviewUser)
    audiences: list[str] = []


class _Review(msgspec.Struct):
    status: _ReviewStatus = msgspec.field(default_factory=_ReviewStatus)


class _AccessStatus(msgspec.Struct):
    allowed: bool = False


class _Access(msgspec.Struct):
    status: _AccessStatus = msgspec.field(default_factory=_AccessStatus)


class KubeReader:
    """Asks the API server through the one client; needs the verbs listed in the chart."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def token_review(self, token: str, audience: str) -> User | None:
        """POST a TokenReview; the audience must be among those that the server confirms."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        }
        status = (await self._create(_REVIEWS, body, _Review)).status
        if not status.authenticated or audience not in status.audiences:
            return None
        user = status.user
        extra = {key: tuple(values) for key, values in user.extra.items()}
        return User(user.username, user.uid, tuple(user.groups), extra)

    async def subject_access_review(
        self, user: User, *, verb: str, namespace: str, name: str = ""
    ) -> bool:
        """POST a SubjectAccessReview about PipelineJobs."""
        attributes = {
            "group": GROUP,
            "resource": "pipelinejobs",
            "verb": verb,
            "namespace": namespace,
            "name": name,
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user.name,
                "uid": user.uid,
                "groups": list(user.groups),
                "extra": {key: list(values) for key, values in user.extra.items()},
                "resourceAttributes": attributes,
            },
        }
        return (await self._create(_ACCESS, body, _Access)).status.allowed

    async def get_pod(self, namespace: str, name: str) -> Pod | None:
        """GET a Pod."""
        path = f"/api/v1/namespaces/{_word(namespace)}/pods/{_word(name)}"
        found = await self._get(path, _Pod)
        if found is None:
            return None
        meta = found.metadata
        return Pod(
            name=meta.name,
            uid=meta.uid,
            owner=meta.controller(),
            labels=meta.labels,
            inputs=meta.annotations.get(ANNOTATION_INPUTS, ""),
            model_uri=found.spec.variable(ENV_MODEL),
            is_finished=found.status.phase in ("Succeeded", "Failed"),
        )

    async def get_job(self, namespace: str, name: str) -> Job | None:
        """GET a Job."""
        path = f"/apis/batch/v1/namespaces/{_word(namespace)}/jobs/{_word(name)}"
        found = await self._get(path, _Job)
        if found is None:
            return None
        return Job(found.metadata.name, found.metadata.uid, found.metadata.controller())

    async def get_run(self, namespace: str, name: str) -> Run | None:
        """GET a PipelineJob."""
        path = f"/apis/{API_VERSION}/namespaces/{_word(namespace)}/pipelinejobs/{_word(name)}"
        found = await self._get(path, _Run)
        return None if found is None else found.plain()

    async def list_runs(self, namespaces: tuple[str, ...]) -> list[Run]:
        """LIST PipelineJobs in pages, per namespace or over all."""
        paths = _paths("pipelinejobs", namespaces)
        return [each.plain() for path in paths for each in await self._list(path, _List[_Run])]

    async def list_models(self, namespaces: tuple[str, ...]) -> frozenset[str]:
        """LIST Pipelines likewise."""
        paths = _paths("pipelines", namespaces)
        found = [each.spec for path in paths for each in await self._list(path, _List[_Pipeline])]
        return frozenset(model for spec in found for model in spec.models())

    async def is_reachable(self) -> bool:
        """GET /version within 3 s."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._api.get("/version")
        except (ApiError, TimeoutError):
            return False
        return True

    async def _list(self, path: str, kind: type[_List[T]]) -> list[T]:
        found: list[T] = []
        try:
            pages: AsyncIterator[bytes] = self._api.list_pages(path, on_restart=found.clear)
            async for page in pages:
                found += msgspec.json.decode(page, type=kind).items
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"list {path}: {error}") from error
        return found

    async def _get(self, path: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(await self._api.get(path), type=kind)
        except NotFound:
            return None
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"get {path}: {error}") from error

    async def _create(self, path: str, body: object, kind: type[T]) -> T:
        try:
            answer = await self._api.create(path, msgspec.json.encode(body))
            return msgspec.json.decode(answer, type=kind)
        except (ApiError, msgspec.MsgspecError) as error:
            # The error text of a review could quote the token: only its kind is told.
            raise ClusterUnavailable(f"create {path}: {type(error).__name__}") from None


def _paths(kind: str, namespaces: tuple[str, ...]) -> list[str]:
    base = f"/apis/{API_VERSION}"
    return [f"{base}/namespaces/{_word(each)}/{kind}" for each in namespaces] or [f"{base}/{kind}"]


def _word(name: str) -> str:
    """One segment of a path, whatever a token says its Pod is called."""
    return quote(name, safe="")
