"""Settings of model endpoints: what is refused, and what is the default."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stagework.settings import EndpointSettings, SettingsError, load

FLEET = {"machineClasses": [{"key": "gpu", "nodeSelector": {"a": "b"}}]}


def settings_of(folder: Path, **chat: Any) -> EndpointSettings:
    """The chat endpoint of a settings file."""
    file = folder / "settings.yaml"
    fields = {"url": "http://models:8000/v1", "model": "m", **chat}
    file.write_text(yaml.safe_dump({"fleet": FLEET, "models": {"chat": fields}}))
    chat_settings = load(str(file)).models.chat
    assert chat_settings is not None
    return chat_settings


def test_url_and_model_are_enough(tmp_path: Path) -> None:
    chat = settings_of(tmp_path)
    assert (chat.keyFile, chat.machine, chat.maxConcurrent, chat.retries) == ("", "", 4, 5)


def test_a_slash_at_the_end_of_the_url_does_not_matter(tmp_path: Path) -> None:
    assert settings_of(tmp_path, url="https://models/v1/").url == "https://models/v1"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"url": "models:8000"}, "url"),
        ({"url": "http://me:secret@models/v1"}, "url"),
        ({"url": "http://models/v1?key=secret"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"model": ""}, "model"),
        ({"machine": "cray"}, "models.chat.machine: unknown class 'cray'"),
        ({"maxConcurrent": 0}, "maxConcurrent"),
        ({"timeoutSeconds": 0}, "timeoutSeconds"),
        ({"key": "secret"}, "key"),
    ],
)
def test_what_cannot_work_is_refused_by_name(
    tmp_path: Path, wrong: dict[str, Any], word: str
) -> None:
    with pytest.raises(SettingsError, match=word):
        settings_of(tmp_path, **wrong)
