"""A Pod that our watch does not show is looked for where it was."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
import pytest

from stagework.cluster.client.errors import ApiError, Unreachable
from stagework.controllers.pipelinejobs.live_pods import LivePods
from stagework.plans.pipelinejob.snapshot import PodQuestion
from stagework.service_client.results import LookupFailed
from tests.support.builders import NAMESPACE, T0


class Pages:
    """Stands in for the API server: lists Pods in pages of one."""

    def __init__(self, *pods: dict[str, Any], failure: ApiError | None = None) -> None:
        self._pods = pods
        self._failure = failure
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def list_pages(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        on_restart: Callable[[], None],
    ) -> AsyncIterator[bytes]:
        del on_restart
        self.asked.append((path, params))
        if self._failure is not None:
            raise self._failure
        for pod in self._pods:
            yield orjson.dumps({"metadata": {"resourceVersion": "7"}, "items": [pod]})


BROKEN = {"metadata": {"uid": "x", "name": 5}}
OTHER = {"metadata": {"uid": "p2", "name": "pod-2"}}
OURS = {"metadata": {"uid": "p1", "name": "pod-1"}, "status": {"phase": "Running"}}


def _pods(pages: Any) -> LivePods:
    return LivePods(pages, lambda: T0)


async def test_it_is_found_by_its_uid_on_its_node_whatever_else_is_there() -> None:
    pages = Pages(BROKEN, OURS)

    read = await _pods(pages).read(NAMESPACE, PodQuestion("p1", "gpu-0"))

    assert read.pod is not None
    assert (read.pod.metadata.name, read.pod.status.phase, read.at) == ("pod-1", "Running", T0)
    assert pages.asked == [
        (f"/api/v1/namespaces/{NAMESPACE}/pods", {"fieldSelector": "spec.nodeName=gpu-0"})
    ]


async def test_one_whose_node_is_unknown_is_looked_for_everywhere() -> None:
    pages = Pages(BROKEN)

    assert (await _pods(pages).read(NAMESPACE, PodQuestion("p1"))).pod is None
    assert pages.asked[0][1] == {}


@pytest.mark.parametrize("others", [(), (OTHER,)], ids=["alone", "replaced"])
async def test_of_a_job_that_was_counted_all_pods_are_looked_for(others: tuple[Any, ...]) -> None:
    pages = Pages(*others)

    read = await _pods(pages).read(NAMESPACE, PodQuestion("p1", "gpu-0", counted_by="j1"))

    assert (read.pod, read.replaced) == (None, len(others) > 0)
    selector = {"labelSelector": "batch.kubernetes.io/controller-uid=j1"}
    assert pages.asked == [(f"/api/v1/namespaces/{NAMESPACE}/pods", selector)]


@pytest.mark.parametrize(
    "pages", [Pages(failure=Unreachable("cut off")), Pages({"metadata": {"uid": "p1", "name": 5}})]
)
async def test_no_answer_is_not_taken_for_its_end(pages: Pages) -> None:
    with pytest.raises(LookupFailed, match="Pod p1"):
        await _pods(pages).read(NAMESPACE, PodQuestion("p1", "gpu-0"))
