"""The ClusterReader that asks the API server, through the one client and with the shared views."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

import msgspec

from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.names import GROUP, LABEL_ATTEMPT, LABEL_RUN_UID, LABEL_STAGE
from stagework.api.observed import JobView, PodManifest
from stagework.api.resources import JOBS, PODS
from stagework.cluster.cache.own_objects import from_bytes
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.cluster.client.paths import collection
from stagework.web import access_reviews
from stagework.web.cluster import Run
from stagework.web.errors import ClusterUnavailable
from stagework.web.kube_batch_source import KubeBatchSource
from stagework.web.kube_calls import KubeCalls, object_path, segment
from stagework.web.kube_queue_source import KubeQueueSource
from stagework.web.kube_schedule_source import KubeScheduleSource
from stagework.web.kube_sign_ins import KubeSignIns
from stagework.web.run_facts import models_of, run_of
from stagework.web.user import User

_AUTHENTICATION_REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
_READY_SECONDS: Final = 3.0
_NO_LOG: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST})
"""So it is answered where a Pod is gone, or its container has never run."""


class _TokenStatus(msgspec.Struct):
    authenticated: bool = False
    user: User = User()
    audiences: list[str] = []


class _TokenReview(msgspec.Struct):
    status: _TokenStatus = msgspec.field(default_factory=_TokenStatus)


_token_review = msgspec.json.Decoder(_TokenReview)
_pod = msgspec.json.Decoder(PodManifest)
_pods = msgspec.json.Decoder(ListPage[PodManifest])
_job = msgspec.json.Decoder(JobView)


class KubeReader:
    """Asks the API server through the one client; needs the verbs listed in the chart.

    `queue` and `sign_ins` ask through the same client.
    """

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._calls = KubeCalls(api)
        self.queue = KubeQueueSource(api)
        self.sign_ins = KubeSignIns(api, self._calls)
        self.batches = KubeBatchSource(self._calls)
        self.schedules = KubeScheduleSource(self._calls)

    async def token_review(self, token: str, audience: str) -> User | None:
        """POST a TokenReview; the audience must be among those that the server confirms."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        }
        review = await self._calls.review(_AUTHENTICATION_REVIEWS, body, _token_review.decode)
        status = review.status
        if not status.authenticated or audience not in status.audiences:
            return None
        return status.user

    async def subject_access_review(
        self,
        user: User,
        *,
        verb: str,
        namespace: str,
        name: str = "",
        resource: str = PIPELINEJOB.plural,
    ) -> bool:
        """POST a SubjectAccessReview about a resource of ours."""
        attributes = {
            "group": GROUP,
            "resource": resource,
            "verb": verb,
            "namespace": namespace,
            "name": name,
        }
        return await self._is_allowed(user, attributes)

    async def may_read_logs(self, user: User, namespace: str) -> bool:
        """POST a SubjectAccessReview about `pods/log`."""
        attributes = {
            "group": PODS.group,
            "resource": PODS.plural,
            "subresource": "log",
            "verb": "get",
            "namespace": namespace,
        }
        return await self._is_allowed(user, attributes)

    async def pod_log(
        self, namespace: str, name: str, container: str, last_lines: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """GET a Pod's log, in pieces."""
        path = f"{object_path(PODS, namespace, name)}/log"
        params = {"container": container}
        if last_lines is not None:
            params["tailLines"] = str(last_lines)
        try:
            async with aclosing(self._api.stream(path, params)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except ApiError as error:
            if error.status not in _NO_LOG:
                raise ClusterUnavailable(f"get {path}: {error}") from error

    async def _is_allowed(self, user: User, attributes: dict[str, str]) -> bool:
        body = access_reviews.question(user, attributes)
        return await self._calls.review(access_reviews.PATH, body, access_reviews.is_allowed)

    async def get_pod(self, namespace: str, name: str) -> PodManifest | None:
        """GET a Pod."""
        return await self._calls.get(PODS, namespace, name, _pod.decode)

    async def stage_pods(
        self, namespace: str, run_uid: str, stage: str, attempt: int
    ) -> list[PodManifest]:
        """LIST Pods by their labels; of one attempt that is one, or a few."""
        labels = {LABEL_RUN_UID: run_uid, LABEL_STAGE: stage, LABEL_ATTEMPT: str(attempt)}
        selector = ",".join(f"{label}={value}" for label, value in labels.items())
        found = await self._calls.read(
            collection(PODS, segment(namespace)), _pods.decode, {"labelSelector": selector}
        )
        return list(found.items or ()) if found is not None else []

    async def get_job(self, namespace: str, name: str) -> JobView | None:
        """GET a Job."""
        return await self._calls.get(JOBS, namespace, name, _job.decode)

    async def get_run(self, namespace: str, name: str) -> Run | None:
        """GET a PipelineJob."""
        return await self._calls.get(
            PIPELINEJOB.resource, namespace, name, lambda body: run_of(from_bytes(body))
        )

    async def list_runs(self, namespaces: tuple[str, ...]) -> list[Run]:
        """LIST PipelineJobs in pages, per namespace or over all."""
        return await self._calls.list_own(PIPELINEJOB.resource, namespaces, run_of)

    async def list_models(self, namespaces: tuple[str, ...]) -> frozenset[str]:
        """LIST Pipelines likewise."""
        models = await self._calls.list_own(PIPELINE.resource, namespaces, models_of)
        return frozenset(model for of_one in models for model in of_one)

    async def is_reachable(self) -> bool:
        """GET /version within 3 s."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._api.get("/version")
        except (ApiError, TimeoutError):
            return False
        return True
