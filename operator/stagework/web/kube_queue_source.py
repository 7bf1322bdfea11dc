"""The QueueSource that asks the API server."""

from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.api.observed import NodeView
from stagework.api.pipeline import PipelineSpec
from stagework.api.resources import NODES, REVISIONS
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.web import access_reviews
from stagework.web.kube_calls import KubeCalls
from stagework.web.queue_source import Right
from stagework.web.user import User

T = TypeVar("T")


class _Revision(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"{}")


_nodes = msgspec.json.Decoder(ListPage[NodeView])
_revision = msgspec.json.Decoder(_Revision)


class KubeQueueSource:
    """Through the one client, as the API service's own account; its rights are in the chart."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._calls = KubeCalls(api)

    async def run_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """LIST PipelineJobs in pages, per namespace or over all."""
        return await self._calls.list_own(PIPELINEJOB.resource, namespaces, _as_it_is)

    async def run_object(self, namespace: str, name: str) -> OwnObject | None:
        """GET a PipelineJob."""
        return await self._calls.get(PIPELINEJOB.resource, namespace, name, from_bytes)

    async def revision_stages(self, namespace: str, name: str) -> tuple[Stage, ...]:
        """GET a ControllerRevision; one that is gone or not understood keeps nothing."""
        return await self._calls.get(REVISIONS, namespace, name, _stages_of) or ()

    async def nodes(self) -> list[NodeView]:
        """LIST nodes."""
        return await self._calls.list_pages(paths.collection(NODES), _nodes, _as_it_is)

    async def may(self, user: User, right: Right) -> bool:
        """POST a SubjectAccessReview."""
        attributes = {
            "group": right.group,
            "resource": right.resource,
            "verb": right.verb,
            "namespace": right.namespace,
            "name": right.name,
        }
        body = access_reviews.question(user, attributes)
        return await self._calls.review(access_reviews.PATH, body, access_reviews.is_allowed)

    async def create_intervention(self, namespace: str, body: dict[str, Any]) -> str:
        """POST an Intervention."""
        made = await self._calls.create(INTERVENTION.resource, namespace, body)
        return made.metadata.name


def _as_it_is(view: T) -> T:
    return view


def _stages_of(revision: bytes) -> tuple[Stage, ...]:
    try:
        raw = _revision.decode(revision).data
        return tuple(PipelineSpec.model_validate_json(bytes(raw)).stages)
    except (ValidationError, msgspec.MsgspecError):
        return ()
