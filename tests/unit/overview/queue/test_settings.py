"""What an administrator says of the queue's numbers."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from stagework.settings import QueueSettings, Settings
from tests.support.builders.queue import old_fleet


def settings(**queue: Any) -> Settings:
    return Settings(fleet=old_fleet(), queue=QueueSettings(**queue))


def test_hours_and_days_are_utc_unless_said_otherwise() -> None:
    assert settings().queue.zone == ZoneInfo("UTC")
    assert settings(timeZone="Asia/Seoul").queue.zone == ZoneInfo("Asia/Seoul")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timeZone": "Seoul"}, "unknown time zone 'Seoul'"),
    ({"timeZone": "../../etc/passwd"}, "unknown time zone"),
    ({"pools": {"summarize": ["macmini", "cray"]}}, "queue.pools.summarize: unknown class 'cray'"),
    ({"backgroundMachines": {"reindex": "cray"}}, "queue.backgroundMachines.reindex: unknown"),
]


@pytest.mark.parametrize(("queue", "sentence"), WRONG)
def test_what_is_not_there_is_refused_with_its_name(queue: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace(".", r"\.")):
        settings(**queue)
