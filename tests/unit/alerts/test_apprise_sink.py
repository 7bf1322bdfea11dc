"""Receivers that fail, hang or do not exist, and secrets that must not be seen."""

import logging
import os
from pathlib import Path

import pytest

from stagework.alerts.alerts import Message, Sending
from stagework.alerts.apprise_sink import AppriseSink, urls_of
from stagework.alerts.remembered import RememberedAlerts
from tests.support.alerts import MemoryInProcess, Receiver

DOWN = Message("down", "the store is down")


async def test_without_a_receiver_nothing_is_sent_and_nothing_is_remembered(tmp_path: Path) -> None:
    memory = MemoryInProcess()
    for folder in (tmp_path, tmp_path / "missing"):
        alerts = RememberedAlerts(AppriseSink(folder), memory)
        assert await alerts.failing("store", DOWN) is Sending.NOWHERE
    assert memory.values == {}


def test_every_file_of_the_secret_has_urls_and_remarks(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("json://b\n  # later\n\n json://c \n")
    (tmp_path / "a").write_text("json://a")
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    (tmp_path / ".hidden").write_text("json://hidden")
    assert list(urls_of(tmp_path)) == ["json://a", "json://b", "json://c"]


async def test_one_receiver_that_fails_does_not_keep_others_from_it(tmp_path: Path) -> None:
    async with Receiver() as deaf, Receiver() as receiver:
        deaf.deaf = True
        (tmp_path / "urls").write_text(f"{deaf.url}\nnot a url at all\n{receiver.url}\n")
        assert await AppriseSink(tmp_path).send(DOWN) is Sending.SENT
        assert receiver.titles == ["down"]


async def test_a_receiver_that_never_answers_costs_a_bounded_time(tmp_path: Path) -> None:
    async with Receiver() as hanging, Receiver() as receiver:
        hanging.hangs = True
        (tmp_path / "urls").write_text(f"{hanging.url}\n{receiver.url}\n")
        sink = AppriseSink(tmp_path, timeout_seconds=2)
        assert await sink.send(DOWN) is Sending.SENT
        (tmp_path / "urls").write_text(hanging.url)
        assert await sink.send(DOWN) is Sending.FAILED


async def test_a_changed_secret_counts_at_once(tmp_path: Path) -> None:
    sink = AppriseSink(tmp_path)
    assert await sink.send(DOWN) is Sending.NOWHERE
    async with Receiver() as receiver:
        receiver.write_to(tmp_path)
        assert await sink.send(DOWN) is Sending.SENT


async def test_secrets_are_in_no_text_no_log_and_no_environment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Receiver() as receiver:
        receiver.write_to(tmp_path)
        said = f"cannot reach {receiver.url} (s3cret-password), token=abc"
        with caplog.at_level(logging.DEBUG):
            assert await AppriseSink(tmp_path).send(Message(said, said)) is Sending.SENT
            receiver.deaf = True
            assert await AppriseSink(tmp_path).send(Message(said, said)) is Sending.FAILED
    for shown in (*receiver.titles, *receiver.texts, caplog.text, str(os.environ)):
        assert "s3cret-password" not in shown
        assert "abcdef123456" not in shown
    assert "abc" not in receiver.texts[0]


async def test_a_memory_that_is_away_means_twice_rather_than_never(tmp_path: Path) -> None:
    memory = MemoryInProcess()
    async with Receiver() as receiver:
        receiver.write_to(tmp_path)
        memory.away = True
        before = RememberedAlerts(AppriseSink(tmp_path), memory)
        assert await before.failing("store", DOWN) is Sending.SENT
        alerts = RememberedAlerts(AppriseSink(tmp_path), memory)
        assert await alerts.failing("store", DOWN) is Sending.SENT
        assert await alerts.failing("store", DOWN) is Sending.KNOWN, "it knows as long as it lives"


@pytest.mark.parametrize("raw", [b"\xff", b"[]", b'{"open": 3}'])
async def test_a_memory_that_makes_no_sense_counts_as_empty(tmp_path: Path, raw: bytes) -> None:
    memory = MemoryInProcess()
    memory.values["alerts"] = raw
    async with Receiver() as receiver:
        receiver.write_to(tmp_path)
        alerts = RememberedAlerts(AppriseSink(tmp_path), memory)
        assert await alerts.failing("store", DOWN) is Sending.SENT
    assert b"store" in memory.values["alerts"]
