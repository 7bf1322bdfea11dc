"""The command: what it prints, how it ends, and what it says of wrong data."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stagework.api.tasks import PROGRAMS
from stagework.tasks.main import main
from stagework.tasks.registry import RUNS
from tests.support.fakeapi.resources import CONFIG_MAPS
from tests.support.fakeapi.server import FakeApi
from tests.support.operators.setup import settings_document, write_files


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(tmp_path, monkeypatch, "http://127.0.0.1:1")


def use(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    nobody = "http://127.0.0.1:1"
    document = settings_document()
    document |= {"api": {"url": nobody}, "tasks": {"operatorUrl": nobody}}
    for name, value in write_files(folder, url, document).items():
        monkeypatch.setenv(name, value)


def test_every_program_has_its_module_and_its_data() -> None:
    assert set(RUNS) == set(PROGRAMS)


async def test_a_task_prints_one_line_and_ends_well_whatever_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeApi() as server:
        use(tmp_path, monkeypatch, server.url)
        name = {"name": "stagework-task-health-check"}
        server.store.create(CONFIG_MAPS, "stagework-system", {"metadata": name})
        code = await asyncio.to_thread(main, ["health_check"])
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (code, said["task"], said["ok"]) == (0, "health_check", True)
    assert said["summary"] == "failing: operator, api-service"
    alerts = {check["name"]: check["alert"] for check in said["checks"]}
    assert alerts["operator"] == "nowhere"


async def test_a_task_that_cannot_do_its_work_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeApi(rights=()) as server:
        use(tmp_path, monkeypatch, server.url)
        assert await asyncio.to_thread(main, ["data_cleanup"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "pipelinejobs" in said["summary"]


@pytest.mark.parametrize(
    ("task", "data", "why"),
    [
        ("backup", {"keep": 0}, "keep: Input should be greater than or equal to 1"),
        ("backup", {"kept": 1}, "kept: Extra inputs"),
        ("api_sync", {}, "pipeline: Field required"),
        ("api_sync", {"pipeline": "ad", "url": "http://example.org"}, "url: String should match"),
        ("health_check", [], "jobData of health_check"),
        ("data_cleanup", "{", "neither JSON nor YAML"),
    ],
)
def test_data_that_cannot_be_used_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: str, data: Any, why: str
) -> None:
    file = tmp_path / "data"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    assert main([task, "--job-data", str(file)]) == 2
    assert why in json.loads(capsys.readouterr().out)["summary"]


def test_missing_data_and_missing_settings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--job-data", str(tmp_path / "none")]) == 2
    assert "cannot read" in json.loads(capsys.readouterr().out)["summary"]
    monkeypatch.setenv("STAGEWORK_SETTINGS", str(tmp_path / "none.yaml"))
    assert main(["backup"]) == 2


def test_the_job_that_runs_it_is_printed_for_kubectl(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("keep: 9\n")
    assert main(["backup", "--job-data", str(file), "--print-job"]) == 0
    job = yaml.safe_load(capsys.readouterr().out)
    assert job["kind"] == "Job"
    assert job["metadata"]["name"].startswith("stagework-task-backup-2")
    template = job["spec"]["template"]
    assert template["spec"]["serviceAccountName"] == "stagework-task-backup"
    assert template["metadata"]["annotations"]["stagework.dev/job-data"] == '{"keep": 9}'
