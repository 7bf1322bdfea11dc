"""Items of a batch in a stage's function: given, fetched, judged and recorded one by one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stagekit
from stagekit import BatchItem, Context, Refused, Skip, batch, environment
from stagekit.batch import Chunk
from stagekit.errors import Defer, ServiceUnavailable
from stagekit.folder_link import FolderLink
from stagekit.heartbeat import Progress
from stagekit.inputs import Inputs
from stagekit.items import Ledger
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_over_http import Script, script
from tests.unit.stagekit.test_processes import eventually

__all__ = ["script"]

Stage = Callable[[Context], None]


def give_items(local: Local, patch: pytest.MonkeyPatch, *items: dict[str, Any]) -> None:
    """The run works on these items of a batch, numbered from 10."""
    rows = [{"number": number, **item} for number, item in enumerate(items, start=10)]
    listed = local.folder / "items"
    listed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    patch.setenv("STAGEWORK_INPUT_ITEMS", str(listed))


def pictures(local: Local, patch: pytest.MonkeyPatch, **contents: bytes) -> None:
    """Items with a file each; the id is its name."""
    folder = local.folder / "given"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.png").write_bytes(content)
    items = ({"id": name, "uri": str(folder / f"{name}.png")} for name in contents)
    give_items(local, patch, *items)


def run(function: Stage) -> int:
    return stagekit.main({"ocr": function}, ["stage.py"])


def said(local: Local) -> list[tuple[Any, ...]]:
    """Number, state and reason of each line."""
    return [(line["number"], line["state"], line.get("reason", "")) for line in local.outcomes]


def test_each_item_has_its_own_file_params_and_outputs(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, left=b"one", right=b"other")
    seen: list[Path] = []

    def stage(ctx: Context) -> None:
        assert ctx.has_batch_items
        for item in ctx.batch_items():
            with item:
                file = item.value.file()
                assert not [earlier for earlier in seen if earlier.exists()], "removed by now"
                assert item.value.file() == file, "fetched once"
                seen.append(file)
                (item.value.outputs / "copy").write_bytes(file.read_bytes())

    assert run(stage) == 0
    assert [file.name for file in seen] == ["10-left.png", "11-right.png"]
    assert (local.prefix / "items/10/copy").read_bytes() == b"one"
    assert (local.prefix / "items/11/copy").read_bytes() == b"other"
    assert said(local) == [(10, "Succeeded", ""), (11, "Succeeded", "")]
    assert [line["outputs"] for line in local.outcomes] == [["items/10/copy"], ["items/11/copy"]]
    assert local.mark["counts"] == {"items": 2}
    times = [line["at"] for line in local.outcomes]
    assert times == sorted(times)
    assert all(0 <= at < 60 for at in times)


def test_of_many_outputs_the_topmost_are_named(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_items(local, monkeypatch, {"id": "a"}, {"id": "b"})

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                (item.value.outputs / "pages").mkdir()
                for name in ("z.json", ".hidden", *(f"pages/{n}.png" for n in range(10))):
                    (item.value.outputs / name).write_text("x")
                if item.id == "b":
                    raise ValueError

    assert run(stage) == 0
    first, second = local.outcomes
    pages = [f"items/10/pages/{n}.png" for n in range(7)]
    assert first["outputs"] == ["items/10/z.json", *pages]
    assert "outputs" not in second, "what a failed one has left is no result"


def test_an_item_may_have_params_alone(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    give_items(local, monkeypatch, {"id": "a", "params": {"size": "1x1"}}, {"id": "b"})

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                assert (item.value.uri, item.value.params) == ("", {"size": "1x1"})

    assert run(stage) == 0
    assert said(local) == [(10, "Succeeded", ""), (11, "Failed", "AssertionError")]


def test_a_run_without_a_batch_has_no_items(local: Local) -> None:
    def stage(ctx: Context) -> None:
        assert not ctx.has_batch_items
        assert list(ctx.batch_items()) == []

    assert run(stage) == 0
    assert not (local.prefix / "outcomes.jsonl").exists()


def test_what_goes_wrong_with_one_item_never_takes_the_others_down(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, broken=b"", refused=b"x", skipped=b"x", gone=b"x", good=b"x")
    (local.folder / "given/gone.png").unlink()

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                item.value.file()
                match item.id:
                    case "broken":
                        raise ValueError("cut off")
                    case "refused":
                        raise Refused("EmptyImage", "give a PNG")
                    case "skipped":
                        raise Skip("SeenBefore")
                    case _:
                        pass

    assert run(stage) == 0
    assert said(local) == [
        (10, "Failed", "ValueError"),
        (11, "Refused", "EmptyImage"),
        (12, "Skipped", "SeenBefore"),
        (13, "Refused", "InputNotFetched"),
        (14, "Succeeded", ""),
    ]
    assert local.outcomes[0]["message"] == "cut off"
    assert local.mark["counts"] == {"items": 5, "failed": 3, "refused": 2, "skipped": 1}
    assert local.mark["reason"] == "SomeItemsFailed"
    assert "item" not in local.result, "it did not end on an item"


def test_a_stage_that_failed_with_all_its_items_says_what_became_of_each(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=b"x", b=b"x")

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                raise ValueError(item.id)

    assert run(stage) == 1
    assert local.mark["reason"] == "AllItemsFailed"
    assert local.mark["message"] == "all 2 items failed: ValueError"
    assert said(local) == [(10, "Failed", "ValueError"), (11, "Failed", "ValueError")]


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (ServiceUnavailable("away"), "Failed", "ServiceUnavailable"),
        (Defer("EndpointUnavailable"), "Deferred", "EndpointUnavailable"),
    ],
)
def test_losing_a_service_ends_the_stage_and_names_the_item_at_work(
    local: Local, monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: str, reason: str
) -> None:
    pictures(local, monkeypatch, a=b"x", b=b"x", c=b"x")

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                if item.id == "b":
                    raise error

    run(stage)
    assert (local.mark["outcome"], local.mark["reason"]) == (outcome, reason)
    assert said(local) == [(10, "Succeeded", "")]
    assert local.result["item"] == 11


def test_items_of_the_stages_own_do_not_count_for_the_batch(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=b"x")

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                for page in ctx.items(["1", "2"]):
                    with page:
                        raise ValueError

    assert run(stage) == 0
    assert ["number" in line for line in local.outcomes] == [False, False, True]
    assert local.mark["counts"] == {"items": 1}


def earlier(local: Local, stage: str, lines: list[dict[str, Any]], **files: bytes) -> str:
    """A stage above that has left outcomes and files; a name `x_10_y` is `items/10/y`."""
    named = {
        f"items/{name.split('_')[1]}/{name.split('_')[2]}": content
        for name, content in files.items()
    }
    outcomes = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return local.earlier(stage, {**named, "outcomes.jsonl": outcomes})


def outcome(number: int, state: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "number": number, "state": state, **more}


def test_an_item_that_a_stage_above_has_set_aside_is_not_given_again(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=b"", b=b"", c=b"", d=b"", e=b"")
    lines = [outcome(10, "Failed"), outcome(11, "Succeeded"), {"id": "page 1", "state": "Failed"}]
    first = earlier(local, "first", lines, x_11_size=b"3")
    second = earlier(local, "second", [outcome(12, "Refused"), outcome(13, "Skipped")])
    local.give("inputs", {"stages": {"first": first, "second": second}})

    def stage(ctx: Context) -> None:
        for item in ctx.batch_items():
            with item:
                assert item.value.file_from("first", "size").read_bytes() == b"3"

    assert run(stage) == 0
    assert said(local) == [(11, "Succeeded", ""), (14, "Failed", "MissingInput")]


def test_a_batch_all_of_which_was_set_aside_is_no_failure(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=b"")
    first = earlier(local, "first", [outcome(10, "Skipped")])
    local.give("inputs", {"stages": {"first": first}})

    assert run(lambda ctx: ctx.value("items", len(list(ctx.batch_items())))) == 0
    assert local.result["values"] == {"items": 0}


def test_heartbeats_name_the_item_at_work(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(local, monkeypatch, a=b"", b=b"")
    given = environment.read(os.environ)
    link, progress, work = FolderLink(given), Progress(), local.folder / "work"
    chunk = Chunk(link, Inputs(link, work / "in", {}, ""), work / "in/source")
    beats: list[dict[str, Any]] = []
    for item in batch.iterate(chunk, work / "out", Ledger(work / "lines"), progress):
        with item:
            beats.append(json.loads(progress.encode()))
    beats.append(json.loads(progress.encode()))
    assert beats == [
        {"done": 0, "total": 2, "item": 10},
        {"done": 1, "total": 2, "item": 11},
        {"done": 2, "total": 2},
    ]


KILLED = """
import sys, time, stagekit
def stage(ctx):
    for item in ctx.batch_items():
        with item:
            if item.value.number == 11:
                time.sleep(60)
sys.exit(stagekit.main({"ocr": stage}))
"""


def test_an_attempt_that_is_killed_has_named_the_item_that_it_died_on(
    local: Local, script: Script
) -> None:
    (local.folder / "token").write_text("token")
    items = [{"position": n, "number": n, "id": str(n)} for n in (10, 11, 12)]
    script.answers = [(200, {}, json.dumps({"round": 0, "items": items}).encode())]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env=local.process(
            STAGEWORK_API_URL=script.url,
            STAGEWORK_TOKEN_FILE=str(local.folder / "token"),
            STAGEWORK_INPUT_ITEMS="r0-10-3",
        ),
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: bool(script.beats) and "item" in script.beats[-1])
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    assert script.beats[-1] == {"done": 1, "total": 3, "item": 11}
    assert not local.is_marked


def test_progress_forgets_an_item_that_is_done() -> None:
    progress = Progress()
    progress.begin(0)
    assert progress.item == 0
    progress.begin(None)
    assert (progress.item, progress.encode()) == (None, b"{}")


@pytest.mark.parametrize("content", ["x\n", "[1]\n", '{"number": true}\n', '{"number": "1"}\n'])
def test_an_unreadable_list_fails_the_stage(
    local: Local, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    listed = local.folder / "items"
    listed.write_text(content)
    monkeypatch.setenv("STAGEWORK_INPUT_ITEMS", str(listed))

    assert run(lambda ctx: ctx.value("n", len(list(ctx.batch_items())))) == 1
    assert local.mark["reason"] == "BadEnvironment"


class TestPerItem:
    """A stage that was written for one input."""

    @staticmethod
    def measure(ctx: Context) -> None:
        """Measures the run's input."""
        source = ctx.inputs.source()
        assert source is not None
        size = source.stat().st_size
        if not size:
            raise Refused("EmptyFile")
        if size == 1:
            raise Skip("TooSmall")
        (ctx.outputs / "size.txt").write_text(f"{size} {ctx.param('unit', 'bytes')}")
        ctx.value("size", size)
        ctx.method_used = "builtin"
        ctx.progress(7, 9, note="measured")

    def test_it_is_called_once_without_a_batch(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = local.folder / "x.txt"
        source.write_text("abc")
        monkeypatch.setenv("STAGEWORK_INPUT_URI", str(source))

        assert run(stagekit.per_item(self.measure)) == 0
        assert (local.prefix / "size.txt").read_text() == "3 bytes"

    def test_it_is_called_for_each_item_of_one(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"abc", empty=b"", small=b"x", b=b"ab")
        rows = [json.loads(row) for row in (local.folder / "items").read_text().splitlines()]
        give_items(local, monkeypatch, *rows[:3], {**rows[3], "params": {"unit": "B"}})

        assert run(stagekit.per_item(self.measure)) == 0
        assert said(local) == [
            (10, "Succeeded", ""),
            (11, "Refused", "EmptyFile"),
            (12, "Succeeded", "TooSmall"),
            (13, "Succeeded", ""),
        ]
        assert [line.get("nothingToDo", False) for line in local.outcomes] == [
            False, False, True, False,
        ]  # fmt: skip
        assert (local.prefix / "items/10/size.txt").read_text() == "3 bytes"
        assert (local.prefix / "items/13/size.txt").read_text() == "2 B"
        values = json.loads((local.prefix / "items/13/values.json").read_text())
        assert (values, local.result["values"]) == ({"size": 2}, {})
        assert local.result["method"] == "builtin"

    def test_it_sees_what_stages_above_have_left_for_the_item(
        self, local: Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures(local, monkeypatch, a=b"abc", b=b"ab")
        nothing = outcome(11, "Succeeded", nothingToDo=True)
        values = b'{"size": 3}'
        files = {"x_10_size.txt": b"3", "x_11_size.txt": b"half", "x_10_values.json": values}
        first = earlier(local, "first", [outcome(10, "Succeeded"), nothing], **files)
        shared = local.earlier("shared", {"words.txt": b"for all"})
        local.give("inputs", {"stages": {"first": first, "shared": shared}})
        seen: dict[str, Any] = {}

        def stage(ctx: Context) -> None:
            name = Path(str(ctx.inputs.source())).name
            assert ctx.inputs.file("shared", "words.txt").read_bytes() == b"for all"
            if name == "10-a.png":
                assert ctx.inputs.json("first", "size.txt") == 3
                seen["values"] = ctx.inputs.values("first")
            else:
                assert "first" not in ctx.inputs.stages
                assert not ctx.inputs.has("first", "size.txt")
                ctx.inputs.file("first", "size.txt")

        assert run(stagekit.per_item(stage)) == 0
        assert seen == {"values": {"size": 3}}
        assert said(local) == [(10, "Succeeded", ""), (11, "Failed", "MissingInput")]

    @pytest.mark.parametrize(
        ("error", "state", "reason"),
        [
            (ValueError(), "Failed", "AllItemsFailed"),
            (Refused("X"), "Refused", "AllItemsRefused"),
        ],
    )
    def test_an_item_all_of_whose_pages_failed_has_failed(
        self,
        local: Local,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        state: str,
        reason: str,
    ) -> None:
        pictures(local, monkeypatch, a=b"", b=b"")

        def stage(ctx: Context) -> None:
            source = ctx.inputs.source()
            assert source is not None
            for page in ctx.items(["1", "2"]):
                with page:
                    if source.name == "10-a.png":
                        raise error

        assert run(stagekit.per_item(stage)) == 0
        assert said(local) == [(10, state, reason), (11, "Succeeded", "")]
        pages = (local.prefix / "items/10/outcomes.jsonl").read_text().splitlines()
        assert [json.loads(page)["id"] for page in pages] == ["1", "2"]


def test_a_batch_item_says_what_it_is(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    give_items(local, monkeypatch, {"id": "a"})
    seen: list[BatchItem] = []

    def stage(ctx: Context) -> None:
        seen.extend(item.value for item in ctx.batch_items())

    assert run(stage) == 0
    assert [(item.number, item.id) for item in seen] == [(10, "a")]
