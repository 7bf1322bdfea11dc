"""A stage function, from its inputs to its mark."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import stagekit
from stagekit import Context, MissingInput, Refused, Skip
from tests.unit.stagekit.local import Local

Stage = Callable[[Context], None]


def run(function: Stage, *arguments: str) -> int:
    return stagekit.main({"ocr": function}, ["stage.py", *arguments])


def _give_everything(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another stage left, params, a source, a method and a machine."""
    prefix = local.earlier(
        "img_gen", {"image.png": b"picture", "d/x.json": b'{"a": 1}'}, values={"score": 2}
    )
    local.give("inputs", {"machine": "gpu", "stages": {"img_gen": prefix}})
    local.give("params", {"prompt": "shoes"})
    source = local.folder / "a picture.png"
    source.write_bytes(b"given")
    monkeypatch.setenv("STAGEWORK_INPUT_URI", str(source))
    monkeypatch.setenv("STAGEWORK_METHOD", "endpoint")


def test_a_stage_reads_inputs_params_and_source_and_leaves_outputs(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give_everything(local, monkeypatch)

    def stage(ctx: Context) -> None:
        assert ctx.inputs.file("img_gen", "image.png").read_bytes() == b"picture"
        assert ctx.inputs.json("img_gen", "d/x.json") == {"a": 1}
        assert ctx.inputs.values("img_gen") == {"score": 2}
        assert ctx.inputs.files("img_gen") == ["d/x.json", "image.png"]
        assert ctx.inputs.stages == ("img_gen",)
        assert not ctx.inputs.has("img_gen", "none")
        source = ctx.inputs.source()
        assert source is not None
        assert (source.name, source.read_bytes()) == ("a picture.png", b"given")
        assert ctx.params["prompt"] == "shoes"
        assert ctx.param("size", default="1080x1080") == "1080x1080"
        assert (ctx.method, ctx.machine) == ("endpoint", "gpu")
        (ctx.outputs / "sub").mkdir()
        (ctx.outputs / "sub/score.json").write_text("{}")
        (ctx.outputs / ".hidden").write_text("x")
        ctx.value("cer", 0.02)
        ctx.progress(1, 2, note="half")

    assert run(stage) == 0
    digest = hashlib.sha256((local.prefix / "result.json").read_bytes()).hexdigest()
    whose = {"v": 1, "stage": "ocr", "attempt": 2, "pod": "pod-1"}
    assert local.mark == {**whose, "outcome": "Succeeded", "digest": digest}
    result = local.result
    assert result["files"] == [
        {"path": "sub/score.json", "size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    ]
    assert result["values"] == {"cer": 0.02}
    assert (result["machine"], result["method"]) == ("gpu", "endpoint")
    assert result["startTime"] <= result["endTime"]
    assert (local.prefix / "sub/score.json").read_text() == "{}"


def _raise(error: BaseException) -> Stage:
    def stage(ctx: Context) -> None:
        (ctx.outputs / "partial.txt").write_text("so far")
        raise error

    return stage


@pytest.mark.parametrize(
    ("error", "code", "outcome", "reason", "message"),
    [
        (Refused("EmptyImage", "give a PNG"), 2, "Refused", "EmptyImage", "give a PNG"),
        (Skip("NoAudio", "silent"), 0, "Skipped", "NoAudio", "silent"),
        (ValueError("bad\nvalue"), 1, "Failed", "ValueError", "bad value"),
        (MissingInput("no file"), 1, "Failed", "MissingInput", "no file"),
        (SystemExit(0), 1, "Failed", "SystemExit", None),
        (RecursionError(), 1, "Failed", "RecursionError", None),
        (Refused("x" * 999, "\x1b[31m" + "y" * 9999), 2, "Refused", "X" + "x" * 63, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_how_a_stage_ends_is_in_mark_result_and_exit_code(  # noqa: PLR0917  (a table)
    local: Local, error: BaseException, code: int, outcome: str, reason: str, message: str | None
) -> None:
    assert run(_raise(error)) == code
    assert (local.mark["outcome"], local.mark["reason"]) == (outcome, reason)
    assert (local.result["outcome"], local.result["reason"]) == (outcome, reason)
    if message is not None:
        assert local.mark["message"] == message
    assert (local.prefix / "partial.txt").exists(), "what there is may help to find the cause"


def test_a_stage_says_which_stages_below_it_are_not_needed(local: Local) -> None:
    def stage(ctx: Context) -> None:
        ctx.skip("heads", "ItWasTails")
        ctx.skip("edge", "ItWasTails")

    assert run(stage) == 0
    skips = {"heads": "ItWasTails", "edge": "ItWasTails"}
    assert (local.mark["skips"], local.result["skips"]) == (skips, skips)


def test_a_stage_that_skips_itself_may_say_it_too(local: Local) -> None:
    def stage(ctx: Context) -> None:
        ctx.skip("heads", "NothingNew")
        raise Skip("NothingNew", "as it was")

    assert run(stage) == 0
    assert (local.mark["outcome"], local.mark["skips"]) == ("Skipped", {"heads": "NothingNew"})


def test_a_stage_learns_what_has_become_of_those_above_it(local: Local) -> None:
    outcomes = {"a": {"outcome": "Succeeded"}, "b": {"outcome": "Failed", "reason": "TimedOut"}}
    local.give("inputs", {"stages": {}, "outcomes": outcomes})

    def stage(ctx: Context) -> None:
        assert ctx.outcome_so_far == "Failed"
        assert (ctx.outcomes["a"].outcome, ctx.outcomes["a"].reason) == ("Succeeded", "")
        assert (ctx.outcomes["b"].outcome, ctx.outcomes["b"].reason) == ("Failed", "TimedOut")

    assert run(stage) == 0


def test_an_older_operator_says_nothing_of_outcomes(local: Local) -> None:
    local.give("inputs", {"stages": {}})

    def stage(ctx: Context) -> None:
        assert (ctx.outcomes, ctx.outcome_so_far) == ({}, "Succeeded")

    assert run(stage) == 0


def test_an_unknown_stage_names_those_that_the_image_has(local: Local) -> None:
    assert run(lambda _: None, "img_gen") == 2
    assert local.mark["reason"] == "UnknownStage"
    assert local.mark["message"] == "the image has no stage 'img_gen'; it has: ocr"


def test_a_missing_input_says_what_is_there(local: Local) -> None:
    local.give("inputs", {"stages": {"a": local.earlier("a", {"x": b"1"})}})

    def stage(ctx: Context) -> None:
        with pytest.raises(MissingInput, match="it left: x"):
            ctx.inputs.file("a", "y")
        with pytest.raises(MissingInput, match="dependsOn"):
            ctx.inputs.file("b", "y")
        with pytest.raises(stagekit.StageError):
            ctx.inputs.file("a", "../../../b")
        assert ctx.inputs.source() is None

    assert run(stage) == 0


def test_a_damaged_input_fails_the_stage(local: Local) -> None:
    prefix = local.earlier("a", {"x": b"right"})
    (local.folder / "artifacts" / prefix / "x").write_bytes(b"wrong")
    local.give("inputs", {"stages": {"a": prefix}})
    assert run(lambda ctx: ctx.value("x", str(ctx.inputs.file("a", "x")))) == 1
    assert local.mark["reason"] == "InputDamaged"


def test_an_input_is_fetched_once(local: Local) -> None:
    prefix = local.earlier("a", {"x": b"right"})
    local.give("inputs", {"stages": {"a": prefix}})

    def stage(ctx: Context) -> None:
        first = ctx.inputs.file("a", "x")
        (local.folder / "artifacts" / prefix / "x").unlink()
        assert ctx.inputs.file("a", "x") == first

    assert run(stage) == 0


def test_a_missing_param_refuses_the_run(local: Local) -> None:
    local.give("params", {"prompt": "x"})
    assert run(lambda ctx: ctx.value("x", ctx.param("size"))) == 2
    assert local.mark["message"] == "param 'size' is not set; the run has: prompt"


def test_params_come_from_the_environment_where_there_is_no_file(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWORK_PARAM_PROMPT", "shoes")
    assert run(lambda ctx: ctx.value("prompt", ctx.param("prompt"))) == 0
    assert local.result["values"] == {"prompt": "shoes"}


@pytest.mark.parametrize("name", ["result.json", "outcomes.jsonl"])
def test_names_that_stagekit_writes_are_taken(local: Local, name: str) -> None:
    def stage(ctx: Context) -> None:
        (ctx.outputs / name).write_text("mine")

    assert run(stage) == 1
    assert local.mark["outcome"] == "Failed"
    assert "another name" in local.mark["message"]
    assert not (local.prefix / "result.json").exists()


def test_values_are_small_scalars(local: Local) -> None:
    def stage(ctx: Context) -> None:
        for bad in ("", "1x", "a b", "x" * 65):
            with pytest.raises(ValueError, match="name"):
                ctx.value(bad, 1)
        with pytest.raises(ValueError, match="JSON cannot say"):
            ctx.value("x", float("nan"))
        for number in range(64):
            ctx.value(f"v{number}", number)
        with pytest.raises(ValueError, match="more than 64"):
            ctx.value("next_count", 1)
        ctx.value("v0", "x" * 1000)

    assert run(stage) == 0
    assert len(local.result["values"]["v0"]) == 256


class TestItems:
    def test_one_items_failure_never_takes_the_others_down(self, local: Local) -> None:
        def stage(ctx: Context) -> None:
            names = [Path("a/1.png"), Path("a/2.png"), Path("b/2.png"), Path("4.png"), Path("5")]
            for item in ctx.items(names):
                with item:
                    match item.id:
                        case "1.png":
                            raise ValueError("broken")
                        case "2.png":
                            raise Skip("Seen", "already there")
                        case "4.png":
                            raise Refused("EmptyImage", "empty")
                        case _:
                            pass

        assert run(stage) == 0
        assert local.outcomes == [
            {"id": "1.png", "state": "Failed", "reason": "ValueError", "message": "broken"},
            {"id": "2.png", "state": "Skipped", "reason": "Seen", "message": "already there"},
            {"id": "2.png#2", "state": "Succeeded"},
            {"id": "4.png", "state": "Refused", "reason": "EmptyImage", "message": "empty"},
            {"id": "5", "state": "Succeeded"},
        ]
        assert local.mark["counts"] == {"items": 5, "failed": 2, "refused": 1, "skipped": 1}
        assert (local.mark["outcome"], local.mark["reason"]) == ("Succeeded", "SomeItemsFailed")
        assert "outcomes.jsonl" in [file["path"] for file in local.result["files"]]

    @pytest.mark.parametrize(
        ("error", "outcome", "reason"),
        [(ValueError(), "Failed", "AllItemsFailed"), (Refused("X"), "Refused", "AllItemsRefused")],
    )
    def test_when_every_item_failed_the_stage_did(
        self, local: Local, error: Exception, outcome: str, reason: str
    ) -> None:
        def stage(ctx: Context) -> None:
            for item in ctx.items("ab"):
                with item:
                    raise error

        run(stage)
        assert (local.mark["outcome"], local.mark["reason"]) == (outcome, reason)

    def test_losing_the_service_is_no_items_fault(self, local: Local) -> None:
        from stagekit.errors import ServiceUnavailable  # noqa: PLC0415

        def stage(ctx: Context) -> None:
            for item in ctx.items("ab"):
                with item:
                    raise ServiceUnavailable("away")

        assert run(stage) == 1
        assert local.mark["reason"] == "ServiceUnavailable"

    def test_an_item_without_a_with_counts_and_no_items_are_no_failure(self, local: Local) -> None:
        def stage(ctx: Context) -> None:
            for _ in ctx.items(iter(["a"]), key=str.upper):
                pass
            nothing: list[str] = []
            assert list(ctx.items(nothing)) == []

        assert run(stage) == 0
        assert local.outcomes == [{"id": "A", "state": "Succeeded"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGEWORK_ATTEMPT", "0"),
        ("STAGEWORK_ATTEMPT", "-1"),
        ("STAGEWORK_ATTEMPT", "x"),
        ("STAGEWORK_ATTEMPT", "٣"),
        ("STAGEWORK_API_URL", ""),
        ("STAGEWORK_POD_UID", ""),
    ],
)
def test_a_bad_environment_is_named_and_is_no_mark(
    local: Local,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert run(lambda _: None) == 1
    assert name in capsys.readouterr().err
    assert (local.folder / "mark").read_text().startswith("cannot start: ")


@pytest.mark.parametrize("content", ["x", "[]", '{"stages": []}', "\xff\xfe" * 3, "[" * 100_000])
def test_an_unreadable_inputs_file_is_named(
    local: Local, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (local.folder / "inputs").write_text(content)
    assert run(lambda _: None) == 1
    assert "inputs" in capsys.readouterr().err


def test_stagekit_needs_nothing_but_the_standard_library() -> None:
    import subprocess  # noqa: PLC0415

    code = (
        "import sys, stagekit, stagekit.__main__\n"
        "roots = {name.partition('.')[0] for name in sys.modules}\n"
        "print(roots - set(sys.stdlib_module_names) - {'stagekit', '__main__'})"
    )
    folder = Path(stagekit.__file__).parents[1]
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_stage_that_is_given_no_service_says_which_contract_it_wants(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its image uses stagekit, and its pipeline names no contract."""
    monkeypatch.delenv("STAGEWORK_API_URL")

    assert stagekit.main({"ocr": lambda _: None}, ["x"]) == 1
    said = (local.folder / "mark").read_text()
    assert said.startswith("cannot start: STAGEWORK_API_URL is not set: give a stage that uses")
    assert "contract: Mark" in said
