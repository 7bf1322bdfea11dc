"""A ConfigMap as a memory."""

import os

import pytest

from stagework.alerts.memory import MemoryUnavailable
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.config_map import LARGEST_BYTES, ConfigMapMemory
from tests.support.fakeapi.resources import CONFIG_MAPS
from tests.support.fakeapi.server import FakeApi


async def test_it_keeps_bytes_by_name_and_touches_nothing_else() -> None:
    async with FakeApi() as server, KubeApi(Target(server.url)) as api:
        meta = {"name": "memory", "labels": {"of": "the release"}}
        server.store.create(CONFIG_MAPS, "ns", {"metadata": meta, "data": {"mine": "kept"}})
        memory = ConfigMapMemory(api, "ns", "memory")
        assert await memory.read("a") == b""
        await memory.write("a", b"\x00\xff")
        await memory.write("b", b"second")
        assert await ConfigMapMemory(api, "ns", "memory").read("a") == b"\x00\xff"
        stored = server.store.get(CONFIG_MAPS, "ns", "memory").data
        assert stored["data"] == {"mine": "kept"}
        assert stored["metadata"]["labels"] == {"of": "the release"}


async def test_one_that_is_gone_is_empty_and_cannot_be_written() -> None:
    async with FakeApi() as server, KubeApi(Target(server.url)) as api:
        memory = ConfigMapMemory(api, "ns", "memory")
        assert await memory.read("a") == b""
        with pytest.raises(MemoryUnavailable, match="helm upgrade"):
            await memory.write("a", b"1")


async def test_what_is_too_large_is_refused_before_it_is_sent() -> None:
    async with FakeApi() as server, KubeApi(Target(server.url)) as api:
        server.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "memory"}})
        memory = ConfigMapMemory(api, "ns", "memory")
        await memory.write("a", os.urandom(LARGEST_BYTES))
        with pytest.raises(MemoryUnavailable, match="more than"):
            await memory.write("a", bytes(LARGEST_BYTES + 1))


async def test_it_reads_only_what_it_may_and_says_why_it_cannot() -> None:
    async with FakeApi(rights=()) as server, KubeApi(Target(server.url)) as api:
        with pytest.raises(MemoryUnavailable, match="ConfigMap memory"):
            await ConfigMapMemory(api, "ns", "memory").read("a")
