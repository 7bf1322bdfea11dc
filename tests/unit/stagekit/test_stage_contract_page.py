"""docs/stage-contract.md: its shell example runs, and it names all that the contract has."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

import stagekit
from stagekit import contract
from stagework.policies.mark import Mark, read_mark
from tests.unit.stagekit.local import ROOT, Local
from tests.unit.web.service import running

PAGE = (ROOT / "docs/stage-contract.md").read_text()


def block(language: str, place: int = 0) -> str:
    """An example of the page, the first one of its language unless `place` says another."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[place]


def test_the_shell_example_is_a_whole_stage(local: Local, tmp_path: Path) -> None:
    with running(tmp_path / "volume") as service:
        run = service.cluster.run()
        token = local.folder / "token"
        token.write_text(service.cluster.stage_pod(run, "ocr", "pod-1", attempt=2))
        (local.folder / "work").mkdir()
        env = local.process(STAGEWORK_API_URL=service.url, STAGEWORK_TOKEN_FILE=str(token))
        done = subprocess.run(
            ["sh", "-c", block("sh")], env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        prefix = "team/run-1/ocr/2-pod-1"
        assert service.stored() == [f"{prefix}/hello.txt", f"{prefix}/result.json"]
        mark = read_mark((local.folder / "mark").read_text(), stage="ocr", attempt=2, pod="pod-1")
        assert isinstance(mark, Mark)
        results = service.ask(
            "GET", "/v1/results/team/run-1/ocr/2", service.cluster.operator()
        ).json["results"]
        assert [result["digest"] for result in results] == [mark.digest]


def test_the_python_example_runs(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = local.earlier("img_gen", {"image.png": b"picture"})
    local.give("inputs", {"stages": {"img_gen": prefix}})
    monkeypatch.setenv("STAGEWORK_STAGE", "measure")
    scope: dict[str, object] = {"__name__": "example"}
    exec(block("python"), scope)  # noqa: S102  (our own page)
    function = cast("Callable[[stagekit.Context], None]", scope["run"])
    assert stagekit.main({"measure": function}, ["x"]) == 0
    assert local.mark["counts"] == {"items": 2}


def test_the_example_of_a_batch_runs(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, items = local.folder / "a.png", local.folder / "items"
    picture.write_bytes(b"picture")
    rows = [{"id": "a", "uri": str(picture)}, {"id": "b", "uri": "/none"}]
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("STAGEWORK_INPUT_ITEMS", str(items))
    scope: dict[str, object] = {"__name__": "example"}
    exec(block("python", 1), scope)  # noqa: S102  (our own page)
    stages = {
        name: cast("Callable[[stagekit.Context], None]", scope[name])
        for name in ("measure", "report")
    }
    monkeypatch.setenv("STAGEWORK_STAGE", "measure")
    assert stagekit.main(stages, ["x"]) == 0
    assert local.mark["counts"] == {"items": 2, "failed": 1, "refused": 1}
    local.give("inputs", {"stages": {"measure": "team/run-1/measure/2-pod-1"}})
    monkeypatch.setenv("STAGEWORK_STAGE", "report")
    assert stagekit.main(stages, ["x"]) == 0
    assert local.mark["counts"] == {"items": 1}


def test_the_page_names_every_variable_outcome_and_exit_code() -> None:
    words = [value for name, value in vars(contract).items() if name.startswith("ENV_")]
    words += [*contract.OUTCOMES, contract.HEADER_SHA256, contract.HEADER_FILE_NAME]
    words += [f"| {value} |" for name, value in vars(contract).items() if name.startswith("EXIT_")]
    for word in words:
        assert word in PAGE, word


def test_what_stagekit_writes_is_what_the_operator_reads(local: Local) -> None:
    def stage(_: stagekit.Context) -> None:
        raise stagekit.Skip("NoAudio", "a silent film")

    stagekit.main({"ocr": stage}, ["x"])
    mark = read_mark((local.folder / "mark").read_text(), stage="ocr", attempt=2, pod="pod-1")
    assert isinstance(mark, Mark)
    assert (mark.outcome, mark.reason, mark.message) == ("Skipped", "NoAudio", "a silent film")
