"""Items of a batch for programs that are no function: files, a list, and lines on them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stagekit import contract, environment, fetch, item_lines
from stagekit.__main__ import main
from stagekit.batch import Chunk
from stagekit.folder_link import FolderLink
from stagekit.inputs import Inputs
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_batch_items import earlier, outcome, pictures, said
from tests.unit.stagekit.test_fetch_and_keep import Beside, service, work_of
from tests.unit.stagekit.test_over_http import become
from tests.unit.stagekit.test_stage_contract_page import block
from tests.unit.web.fake_cluster import end_stage
from tests.unit.web.service import Service

__all__ = ["service"]

KIT = f"{sys.executable} -m stagekit"


def wrap(local: Local, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A shell script below `stagekit run`, with the items that the test's environment names."""
    items = {name: os.environ[name] for name in ("STAGEWORK_INPUT_ITEMS",) if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "stagekit", "run", "--", "sh", "-ec", script],
        env=local.process(**items, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


class TestWrapped:
    def test_a_program_finds_files_and_a_list_and_says_what_became_of_each(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"abc", empty=b"", seen=b"x", gone=b"x", b=b"b")
        (local.folder / "given/gone.png").unlink()
        script = f"""
            cd "$STAGEWORK_WORK_DIR"
            cp "$STAGEWORK_ITEMS_FILE" out/list
            cat in/source/10-a.png > out/a
            {KIT} item done 10
            {KIT} item failed 11 EmptyFile 'give one
            with something in it'
            echo 'skipped 12 SeenBefore' >> "$STAGEWORK_ITEM_OUTCOMES_FILE"
            echo 'done 99' >> "$STAGEWORK_ITEM_OUTCOMES_FILE"
            echo 'nonsense' >> "$STAGEWORK_ITEM_OUTCOMES_FILE"
        """
        done = wrap(local, script)
        assert done.returncode == 0, done.stderr
        assert said(local) == [
            (10, "Succeeded", ""),
            (11, "Failed", "EmptyFile"),
            (12, "Skipped", "SeenBefore"),
            (13, "Refused", "InputNotFetched"),
        ]
        assert local.outcomes[1]["message"] == "give one with something in it"
        assert [line["id"] for line in local.outcomes] == ["a", "empty", "seen", "gone"]
        assert (local.mark["outcome"], local.mark["reason"]) == ("Succeeded", "SomeItemsFailed")
        assert local.mark["message"] == "2 of 5 failed"
        assert (local.prefix / "a").read_text() == "abc"
        files = [row["file"] for row in lines_of(local.prefix / "list")]
        names = ["10-a.png", "11-empty.png", "12-seen.png", "14-b.png"]
        assert files == [f"in/source/{name}" for name in names]

    def test_a_program_that_says_nothing_leaves_its_items_to_its_exit_code(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x")
        assert wrap(local, "exit 1").returncode == 1
        assert "counts" not in local.mark
        assert not (local.prefix / "outcomes.jsonl").exists()

    def test_a_program_that_failed_all_its_items_has_failed(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x", b=b"x")
        assert wrap(local, f"for n in 10 11; do {KIT} item failed $n Bad; done").returncode == 1
        assert (local.mark["outcome"], local.mark["reason"]) == ("Failed", "AllItemsFailed")
        assert said(local) == [(10, "Failed", "Bad"), (11, "Failed", "Bad")]

    def test_a_program_that_is_killed_leaves_what_it_had_said_and_the_item_at_work(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x", b=b"x")
        script = f"{KIT} item begin 10; {KIT} item done 10; {KIT} item begin 11; kill -9 $$"
        assert wrap(local, script).returncode == 1
        assert said(local) == [(10, "Succeeded", "")]
        assert (local.mark["reason"], local.result["item"]) == ("KilledBySignal", 11)

    def test_the_last_line_on_an_item_counts(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x", b=b"x")
        script = f"{KIT} item failed 10 Bad; {KIT} item done 10; {KIT} item done 11"
        assert wrap(local, f"{script}; {KIT} item begin 11; {KIT} item failed 11").returncode == 0
        assert said(local) == [(10, "Succeeded", ""), (11, "Failed", "")]

    def test_items_none_of_which_can_be_fetched_are_refused(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x", b=b"x")
        for file in (local.folder / "given").iterdir():
            file.unlink()
        assert wrap(local, "exit 0").returncode == 2
        assert local.mark["reason"] == "InputNotFetched"
        assert local.mark["message"].startswith("none of 2 items was there: ")
        assert [number for number, _, _ in said(local)] == [10, 11]

    def test_a_program_is_not_started_for_no_items(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x")
        first = earlier(local, "first", [outcome(10, "Failed")])
        local.give("inputs", {"stages": {"first": first}})
        assert wrap(local, "exit 1").returncode == 0
        assert (local.mark["outcome"], local.mark["reason"]) == ("Skipped", "NoItemsLeft")

    def test_the_one_item_of_a_run_with_an_input_is_that_input(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"x")
        uri = str(local.folder / "given/a.png")
        script = 'cd "$STAGEWORK_WORK_DIR"; ls in/source > out/files; cp items.jsonl out/list'
        assert wrap(local, script, STAGEWORK_INPUT_URI=uri).returncode == 0
        assert (local.prefix / "files").read_text() == "a.png\n"
        assert json.loads((local.prefix / "list").read_text())["file"] == "in/source/a.png"

    def test_without_a_batch_there_is_nothing_to_say_of_items(self, local: Local) -> None:
        script = f'echo "$STAGEWORK_ITEMS_FILE" > "$STAGEWORK_WORK_DIR/out/x"; {KIT} item done 1'
        done = wrap(local, script)
        assert done.returncode == 1
        assert "this run has no items of a batch" in done.stderr
        assert (local.prefix / "x").read_text() == "\n"


def test_a_line_that_cannot_be_added_is_said(
    local: Local, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STAGEWORK_ITEM_OUTCOMES_FILE", str(local.folder / "none/there"))
    assert main(["item", "done", "3"]) == 1
    assert "nothing said of item 3" in capsys.readouterr().err


def place(local: Local, work: Path, folder: str = "input") -> None:
    """The items as the container before a Files stage places them."""
    (work / "out").mkdir(parents=True, exist_ok=True)
    link = FolderLink(environment.read(local.variables(**_items())))
    inputs = Inputs(link, work / "in", {}, "")
    item_lines.place(Chunk(link, inputs, work / folder), work)


def _items() -> dict[str, str]:
    return {"STAGEWORK_INPUT_ITEMS": os.environ["STAGEWORK_INPUT_ITEMS"]}


class TestFiles:
    def test_items_lie_where_a_program_looks_for_its_input(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"one", gone=b"x", b=b"two")
        (local.folder / "given/gone.png").unlink()
        assert fetch.run() == 0
        work = local.folder / "work"
        given = {file.name: file.read_bytes() for file in (work / "input").iterdir()}
        assert given == {"10-a.png": b"one", "12-b.png": b"two"}
        assert [(row["number"], row["file"]) for row in lines_of(work / "items.jsonl")] == [
            (10, "input/10-a.png"),
            (12, "input/12-b.png"),
        ]
        assert item_lines.read(work).outcomes[0].reason == "InputNotFetched"

    def test_items_none_of_which_can_be_fetched_are_refused_before_the_stage(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, gone=b"x")
        (local.folder / "given/gone.png").unlink()
        assert fetch.run() == contract.EXIT_REFUSED
        assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", "InputNotFetched")

    def test_what_the_program_has_said_is_kept(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
    ) -> None:
        pictures(local, monkeypatch, a=b"one", empty=b"", b=b"two")
        prefix = become(local, monkeypatch, service, "ocr", "pod-1")
        work = work_of(local, "pod-1")
        place(local, work)
        beside = Beside()
        variables = {**item_lines.variables(work), "STAGEWORK_WORK_DIR": str(work)}
        script = block("bash")
        subprocess.run(["sh", "-ec", script], env={**os.environ, **variables}, check=True)
        end_stage(service.cluster, "ocr")
        assert beside.terminate() == 0
        lines = lines_of(service.root / prefix / "outcomes.jsonl")
        assert [(line["number"], line["state"]) for line in lines] == [
            (10, "Succeeded"),
            (11, "Failed"),
            (12, "Succeeded"),
        ]
        assert [line.get("outputs") for line in lines] == [
            ["items/10/small.gz"],
            None,
            ["items/12/small.gz"],
        ]
        assert lines[1]["message"] == "give a file with something in it"
        result = json.loads((service.root / prefix / "result.json").read_bytes())
        assert result["counts"] == local.mark["counts"] == {"items": 3, "failed": 1}
        paths = [file["path"] for file in result["files"]]
        assert paths == [*(f"items/{n}/small.gz" for n in (10, 11, 12)), "outcomes.jsonl"]

    def test_a_killed_program_leaves_the_item_at_work(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
    ) -> None:
        pictures(local, monkeypatch, a=b"one", b=b"two")
        prefix = become(local, monkeypatch, service, "ocr", "pod-1")
        work = work_of(local, "pod-1")
        place(local, work)
        item_lines.add(work / "item-outcomes", "begin 11\n")
        beside = Beside()
        end_stage(service.cluster, "ocr", 137)
        assert beside.terminate() == 0
        assert json.loads((service.root / prefix / "result.json").read_bytes())["item"] == 11

    def test_an_item_that_was_begun_anew_has_no_outcome_yet(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"one", b=b"two")
        work = local.folder / "work"
        place(local, work)
        for line in ("begin 10", "failed 10 Busy", "done 11", "begin 10"):
            item_lines.add(work / "item-outcomes", f"{line}\n")
        reported = item_lines.read(work)
        assert [one.number for one in reported.outcomes] == [11]
        assert reported.progress() == {"done": 1, "total": 2, "item": 10}

    def test_a_link_in_place_of_the_lines_is_not_followed(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"one")
        work = local.folder / "work"
        place(local, work)
        secret = local.folder / "secret"
        secret.write_text("failed 10 Token the token\n")
        (work / "item-outcomes").unlink()
        (work / "item-outcomes").symlink_to(secret)
        assert item_lines.read(work).outcomes == []

    def test_a_link_in_place_of_an_items_folder_is_not_followed(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"one")
        work = local.folder / "work"
        place(local, work)
        (work / "out/items").mkdir()
        (work / "out/items/10").symlink_to(local.folder / "given")
        item_lines.add(work / "item-outcomes", "done 10\n")
        assert [one.outputs for one in item_lines.read(work).outcomes] == [()]

    def test_lines_may_hold_any_bytes(self, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
        pictures(local, monkeypatch, a=b"one")
        work = local.folder / "work"
        place(local, work)
        (work / "item-outcomes").write_bytes(b"\xff\xfe 10\nfailed 10 Bad \x1b[31m\xff\n\nfailed\n")
        (one,) = item_lines.read(work).outcomes
        assert json.loads(one.encode())["reason"] == "Bad"
        assert "\x1b" not in one.encode()
