"""One suite for every kind of Alerts: the twin, and apprise over HTTP with a ConfigMap."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from stagework.alerts.alerts import Alerts, Message, Sending
from stagework.alerts.apprise_sink import AppriseSink
from stagework.alerts.memory import MemoryUnavailable
from stagework.alerts.remembered import RememberedAlerts
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.config_map import ConfigMapMemory
from tests.support.alerts import Ears, MemoryAlerts, MemoryInProcess, Receiver, SaidInProcess
from tests.support.fakeapi.resources import CONFIG_MAPS
from tests.support.fakeapi.server import FakeApi

DOWN = Message("the store is down", "it has not answered for 5 min")
UP = Message("the store is well again")


@dataclass
class Installation:
    """What outlives one process that has alerts."""

    start: Callable[[], Alerts]
    """A process starts."""
    receiver: SaidInProcess | Receiver


@pytest_asyncio.fixture(params=["twin", "apprise and ConfigMap"])
async def installation(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Installation]:
    if request.param == "twin":
        said = SaidInProcess()
        yield Installation(lambda: MemoryAlerts(said), said)
        return
    async with FakeApi() as server, Receiver() as receiver, KubeApi(Target(server.url)) as api:
        server.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "memory"}})
        receiver.write_to(tmp_path)

        def start() -> Alerts:
            memory = ConfigMapMemory(api, "ns", "memory")
            return RememberedAlerts(AppriseSink(tmp_path), memory)

        yield Installation(start, receiver)


async def test_what_is_wrong_is_said_once_and_what_is_well_once(installation: Installation) -> None:
    alerts = installation.start()
    assert await alerts.well("store", UP) is Sending.KNOWN
    assert await alerts.failing("store", DOWN) is Sending.SENT
    assert await alerts.failing("store", DOWN) is Sending.KNOWN
    assert await alerts.well("store", UP) is Sending.SENT
    assert await alerts.well("store", UP) is Sending.KNOWN
    assert installation.receiver.titles == [DOWN.title, UP.title]
    assert installation.receiver.texts[0] == DOWN.text


async def test_a_restart_forgets_nothing(installation: Installation) -> None:
    assert await installation.start().failing("store", DOWN) is Sending.SENT
    assert await installation.start().once("digest 2026-11-30", Message("3 done")) is Sending.SENT
    assert await installation.start().failing("store", DOWN) is Sending.KNOWN
    assert await installation.start().once("digest 2026-11-30", Message("3 done")) is Sending.KNOWN
    assert await installation.start().well("store", UP) is Sending.SENT
    assert installation.receiver.titles == [DOWN.title, "3 done", UP.title]


async def test_what_is_open_outlives_a_restart(installation: Installation) -> None:
    assert await installation.start().open_keys() == ()
    await installation.start().failing("store", DOWN)
    assert await installation.start().open_keys() == ("store",)
    await installation.start().well("store", UP)
    assert await installation.start().open_keys() == ()


async def test_keys_do_not_know_each_other(installation: Installation) -> None:
    alerts = installation.start()
    assert await alerts.failing("store", DOWN) is Sending.SENT
    assert await alerts.failing("nodes", Message("no node of class gpu")) is Sending.SENT
    assert await alerts.well("nodes", Message("gpu is back")) is Sending.SENT
    assert await alerts.failing("store", DOWN) is Sending.KNOWN


async def test_what_nobody_has_taken_is_said_the_next_time(installation: Installation) -> None:
    installation.receiver.deaf = True
    assert await installation.start().failing("store", DOWN) is Sending.FAILED
    installation.receiver.deaf = False
    assert await installation.start().failing("store", DOWN) is Sending.SENT
    installation.receiver.deaf = True
    assert await installation.start().well("store", UP) is Sending.FAILED
    installation.receiver.deaf = False
    assert await installation.start().well("store", UP) is Sending.SENT
    assert installation.receiver.titles == [DOWN.title, UP.title]


async def test_who_speaks_all_the_time_knows_first_what_was_said() -> None:
    memory, ears = MemoryInProcess(), Ears()
    await RememberedAlerts(ears, memory).failing("store", DOWN)
    memory.away = True
    with pytest.raises(MemoryUnavailable):
        await RememberedAlerts.from_memory(ears, memory)
    memory.away = False
    alerts = await RememberedAlerts.from_memory(ears, memory)
    memory.away = True
    assert await alerts.failing("store", DOWN) is Sending.KNOWN
    assert ears.titles == [DOWN.title]


async def test_what_cannot_be_understood_counts_as_empty() -> None:
    memory = MemoryInProcess()
    memory.values["alerts"] = b"no JSON"
    assert await (await RememberedAlerts.from_memory(Ears(), memory)).open_keys() == ()
