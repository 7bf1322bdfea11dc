"""Defer, the stage's own time, and endpoints where there is no service."""

import pytest

import stagekit
from stagekit.context import Context
from tests.unit.stagekit.local import Local


def test_a_deferred_stage_says_so_in_its_mark_and_with_its_exit_code(local: Local) -> None:
    def stage(_: Context) -> None:
        raise stagekit.Defer("EndpointUnavailable", "the chat endpoint is away")

    assert stagekit.main({"ocr": stage}, ["x"]) == 3
    assert (local.mark["outcome"], local.mark["reason"]) == ("Deferred", "EndpointUnavailable")
    assert local.result["outcome"] == "Deferred"


def test_deferring_ends_the_stage_and_fails_no_item(local: Local) -> None:
    def stage(ctx: Context) -> None:
        for item in ctx.items(["a", "b"]):
            with item:
                raise stagekit.Defer("Away")

    assert stagekit.main({"ocr": stage}, ["x"]) == 3
    assert "counts" not in local.mark


def test_the_method_that_was_really_used_is_in_the_result(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWORK_METHOD", "auto")

    def stage(ctx: Context) -> None:
        assert ctx.method == "auto"
        ctx.method_used = "builtin"

    assert stagekit.main({"ocr": stage}, ["x"]) == 0
    assert local.result["method"] == "builtin"


@pytest.mark.parametrize(("written", "most"), [("100", 100.0), ("", None), ("soon", None)])
def test_a_stage_knows_what_is_left_of_its_time(
    local: Local, monkeypatch: pytest.MonkeyPatch, written: str, most: float | None
) -> None:
    monkeypatch.setenv("STAGEWORK_TIMEOUT_SECONDS", written)
    seen: list[float | None] = []
    assert stagekit.main({"ocr": lambda ctx: seen.append(ctx.seconds_left())}, ["x"]) == 0
    assert local.is_marked
    (left,) = seen
    assert left is None if most is None else left is not None and most - 5 < left <= most


def test_without_a_service_there_are_no_endpoints(local: Local) -> None:
    seen: list[object] = []
    assert stagekit.main({"ocr": lambda ctx: seen.append(ctx.endpoint("chat"))}, ["x"]) == 0
    assert seen == [None]
    assert local.is_marked


@pytest.mark.parametrize("word", ["fail", "DEFER", "builtin", ""])
def test_what_follows_an_outage_is_said(
    local: Local, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("STAGEWORK_WHEN_DOWN", word)
    seen: list[str] = []
    assert stagekit.main({"ocr": lambda ctx: seen.append(ctx.when_down)}, ["x"]) == 0
    assert seen == [word.lower() or "fail"]
    assert local.is_marked
