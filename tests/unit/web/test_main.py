"""The `stagework-api` command: what it builds, and how it fails."""

import asyncio
import http.client
import json
import logging
import os
import signal
import socket
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore
from stagework.settings import S3Settings
from stagework.web import main
from tests.support.fakeapi.server import FakeApi
from tests.unit.web.service import settings

ROOT = Path(__file__).parents[3]


def test_the_store_is_the_bucket_where_one_is_set_else_the_volume(tmp_path: Path) -> None:
    assert isinstance(main.store_of(settings(directory=str(tmp_path / "v"))), LocalStore)
    for name in ("id", "secret"):
        (tmp_path / name).write_text(f"{name}\n")
    s3 = S3Settings(
        endpoint="https://s3.example.org",
        bucket="artifacts",
        accessKeyIdFile=str(tmp_path / "id"),
        secretAccessKeyFile=str(tmp_path / "secret"),
    )
    assert isinstance(main.store_of(settings(s3=s3)), ObjectStore)


def test_a_missing_settings_file_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("STAGEWORK_SETTINGS", str(tmp_path / "none.yaml"))
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith("stagework-api: cannot read ")
    assert message.count("\n") == 1


def test_logs_are_json_with_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    try:
        main.log_as_json("INFO")
        logging.getLogger("stagework.web").info("request", extra={"status": 200})
    finally:
        root.handlers = before
        root.setLevel(level)
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"], line["status"]) == ("INFO", "request", 200)
    assert line["time"]


SERVE = """
import asyncio, sys
from stagework import settings
from stagework.web import main
asyncio.run(main.serve(settings.load(), "127.0.0.1", *map(int, sys.argv[1:])))
"""


async def test_it_serves_until_sigterm(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as free,
        socket.create_server(("127.0.0.1", 0)) as free_too,
    ):
        port, heartbeat_port = free.getsockname()[1], free_too.getsockname()[1]
    configured = settings(directory=str(tmp_path / "volume")).model_dump(mode="json")
    (tmp_path / "settings.yaml").write_text(json.dumps(configured))
    async with FakeApi() as fake:
        config = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": fake.url}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "operator"),
            "STAGEWORK_SETTINGS": str(tmp_path / "settings.yaml"),
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
        }
        env.pop("KUBERNETES_SERVICE_HOST", None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVE, str(port), str(heartbeat_port), env=env
        )
        while await asyncio.to_thread(_status, heartbeat_port, "/livez") != HTTPStatus.OK:
            assert process.returncode is None
        assert await asyncio.to_thread(_status, port, "/v1/input") == HTTPStatus.UNAUTHORIZED
        process.terminate()
        # uvicorn shuts down in order and then ends by the signal it was sent.
        assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGTERM


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        with connection.getresponse() as response:
            return response.status
    except OSError:
        return 0
    finally:
        connection.close()
