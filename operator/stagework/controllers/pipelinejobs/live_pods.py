"""Reads a Pod that our watch does not show, to know whether it is there all the same."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from stagework.api.observed import PodView
from stagework.api.resources import PODS
from stagework.cluster.client import paths
from stagework.cluster.client.claimed_times import decoded
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage, identity
from stagework.plans.pipelinejob.snapshot import PodQuestion, PodRead
from stagework.service_client.results import LookupFailed

_page = msgspec.json.Decoder(ListPage[msgspec.Raw])
_pod = msgspec.json.Decoder(PodView)

_JOB_UID = "batch.kubernetes.io/controller-uid"
"""The label by which the Job controller knows the Pods of a Job."""


class LivePods:
    """Pods by uid, from the API server itself; their names are not recorded, so it lists them."""

    def __init__(self, api: KubeApi, wall_clock: Callable[[], datetime]) -> None:
        self._api = api
        self._wall_clock = wall_clock

    async def read(self, namespace: str, question: PodQuestion) -> PodRead:
        """The Pod of that uid, or that there is none; raises LookupFailed to be asked again."""
        at, replaced = self._wall_clock(), False
        path = paths.collection(PODS, namespace)
        try:
            async for body in self._api.list_pages(path, _selector(question), on_restart=_nothing):
                for raw in _page.decode(body).items or ():
                    if identity(raw).uid == question.uid:
                        return PodRead(decoded(_pod, raw), at)
                    replaced = replaced or question.counted_by != ""
        except (ApiError, msgspec.DecodeError) as error:
            raise LookupFailed(f"Pod {question.uid}: {error}") from error
        return PodRead(None, at, replaced)


def _selector(question: PodQuestion) -> dict[str, str]:
    """A Pod that has lost the label of its Job is that Job's no more, and is not counted."""
    if question.counted_by:
        return {"labelSelector": f"{_JOB_UID}={question.counted_by}"}
    return {"fieldSelector": f"spec.nodeName={question.node}"} if question.node else {}


def _nothing() -> None:
    """Nothing is kept of the pages before."""
