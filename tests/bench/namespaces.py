"""A bench's own namespace on the kind cluster: made, and gone with everything in it."""

import asyncio
from contextlib import suppress

import orjson

from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi


async def make(api: KubeApi, name: str) -> None:
    """Make it, unless it is there."""
    if not await _there(api, _path(name)):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await api.create("/api/v1/namespaces", orjson.dumps(body))


async def remove(api: KubeApi, name: str, *, seconds: float) -> None:
    """Delete it, if it is there, and wait until it is gone."""
    with suppress(NotFound):
        await api.delete(_path(name))
    async with asyncio.timeout(seconds):
        while await _there(api, _path(name)):  # noqa: ASYNC110 - a namespace has no other end
            await asyncio.sleep(1)


async def _there(api: KubeApi, path: str) -> bool:
    try:
        await api.get(path)
    except NotFound:
        return False
    return True


def _path(name: str) -> str:
    return f"/api/v1/namespaces/{name}"
