"""The ClusterReader that asks the API server, through the one client and with the shared views."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.names import GROUP
from stagework.api.observed import JobView, PodManifest
from stagework.api.resources import JOBS, PODS, ApiResource, ObjectRef
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.web.cluster import Run, User
from stagework.web.errors import ClusterUnavailable
from stagework.web.run_facts import models_of, run_of

_AUTHENTICATION_REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
_AUTHORIZATION_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_READY_SECONDS: Final = 3.0

T = TypeVar("T")


class _TokenStatus(msgspec.Struct):
    authenticated: bool = False
    user: User = User()
    audiences: list[str] = []


class _TokenReview(msgspec.Struct):
    status: _TokenStatus = msgspec.field(default_factory=_TokenStatus)


class _AccessStatus(msgspec.Struct):
    allowed: bool = False


class _AccessReview(msgspec.Struct):
    status: _AccessStatus = msgspec.field(default_factory=_AccessStatus)


_token_review = msgspec.json.Decoder(_TokenReview)
_access_review = msgspec.json.Decoder(_AccessReview)
_pod = msgspec.json.Decoder(PodManifest)
_job = msgspec.json.Decoder(JobView)
_page = msgspec.json.Decoder(ListPage[OwnObject])


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
        status = (await self._create(_AUTHENTICATION_REVIEWS, body, _token_review.decode)).status
        if not status.authenticated or audience not in status.audiences:
            return None
        return status.user

    async def subject_access_review(
        self, user: User, *, verb: str, namespace: str, name: str = ""
    ) -> bool:
        """POST a SubjectAccessReview about PipelineJobs."""
        attributes = {
            "group": GROUP,
            "resource": PIPELINEJOB.plural,
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
                "groups": user.groups,
                "extra": user.extra,
                "resourceAttributes": attributes,
            },
        }
        review = await self._create(_AUTHORIZATION_REVIEWS, body, _access_review.decode)
        return review.status.allowed

    async def get_pod(self, namespace: str, name: str) -> PodManifest | None:
        """GET a Pod."""
        return await self._get(_path(PODS, namespace, name), _pod.decode)

    async def get_job(self, namespace: str, name: str) -> JobView | None:
        """GET a Job."""
        return await self._get(_path(JOBS, namespace, name), _job.decode)

    async def get_run(self, namespace: str, name: str) -> Run | None:
        """GET a PipelineJob."""
        path = _path(PIPELINEJOB.resource, namespace, name)
        return await self._get(path, lambda body: run_of(from_bytes(body)))

    async def list_runs(self, namespaces: tuple[str, ...]) -> list[Run]:
        """LIST PipelineJobs in pages, per namespace or over all."""
        return await self._list(PIPELINEJOB.resource, namespaces, run_of)

    async def list_models(self, namespaces: tuple[str, ...]) -> frozenset[str]:
        """LIST Pipelines likewise."""
        models = await self._list(PIPELINE.resource, namespaces, models_of)
        return frozenset(model for of_one in models for model in of_one)

    async def is_reachable(self) -> bool:
        """GET /version within 3 s."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._api.get("/version")
        except (ApiError, TimeoutError):
            return False
        return True

    async def _list(
        self, resource: ApiResource, namespaces: tuple[str, ...], convert: Callable[[OwnObject], T]
    ) -> list[T]:
        """All of them, each converted as its page comes: the pages are not kept."""
        collected: list[T] = []
        for namespace in namespaces or ("",):
            path = paths.collection(resource, _segment(namespace))
            collected += await self._list_one(path, convert)
        return collected

    async def _list_one(self, path: str, convert: Callable[[OwnObject], T]) -> list[T]:
        collected: list[T] = []
        try:
            async for page in self._api.list_pages(path, on_restart=collected.clear):
                collected += [convert(view) for view in _page.decode(page).items or []]
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"list {path}: {error}") from error
        return collected

    async def _get(self, path: str, decode: Callable[[bytes], T]) -> T | None:
        try:
            return decode(await self._api.get(path))
        except NotFound:
            return None
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"get {path}: {error}") from error

    async def _create(self, path: str, body: object, decode: Callable[[bytes], T]) -> T:
        try:
            return decode(await self._api.create(path, msgspec.json.encode(body)))
        except (ApiError, msgspec.MsgspecError) as error:
            # The error text of a review could quote the token: only its kind is told.
            raise ClusterUnavailable(f"create {path}: {type(error).__name__}") from None


def _path(resource: ApiResource, namespace: str, name: str) -> str:
    return paths.object_path(ObjectRef(resource, _segment(namespace), _segment(name)))


def _segment(name: str) -> str:
    """One segment of a path, whatever a token says its Pod is called."""
    return quote(name, safe="")
