"""Stages that ask a model endpoint: the whole way through stagekit, the gateway and a server."""

import io
import wave
from pathlib import Path

import modelcalls
import pytest
from pydantic import BaseModel, Field

import stagekit
from tests.support.modelserver.server import KEY, MODEL, ModelServer, running
from tests.unit.model_gateway.gateway import PROMPT, Gateway, opened
from tests.unit.model_gateway.stage import Stage
from tests.unit.stagekit.local import Local


class Words(BaseModel):
    """What is asked for."""

    title: str = Field(max_length=30)
    score: float = Field(ge=0.25, le=0.75)
    tags: list[str] = Field(min_length=2, max_length=3)


def ask(ctx: stagekit.Context) -> None:
    """Words by the endpoint, or built-in ones."""
    asked = [modelcalls.system("Write."), modelcalls.user(PROMPT)]
    made = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: model.ask(asked, Words),
        builtin=lambda: Words(title="built in", score=0.5, tags=["a", "b"]),
    )
    (ctx.outputs / "words.json").write_text(made.model_dump_json())


def words(stage: Stage) -> Words:
    """What the stage left."""
    return Words.model_validate_json((stage.folder / "words.json").read_bytes())


def test_the_endpoint_does_the_work_and_the_result_says_so(
    stage: Stage, server: ModelServer
) -> None:
    assert stage.run(ask, METHOD="endpoint") == 0
    assert words(stage).title == "the unmistakable prompt of a"
    result = stage.result
    assert result["method"] == "endpoint"
    assert result["values"] == {"method": "endpoint", "model_machine": "macmini"}
    assert {request["key"] for request in server.requests} == {KEY}


@pytest.mark.parametrize("keeps_to_schema", [True, False])
def test_a_schema_is_kept_with_and_without_the_servers_help(
    tmp_path: Path, local: Local, monkeypatch: pytest.MonkeyPatch, *, keeps_to_schema: bool
) -> None:
    with (
        running(keeps_to_schema=keeps_to_schema) as server,
        opened(tmp_path, server.url, machine="gpu") as gateway,
    ):
        stage = Stage(gateway, local, monkeypatch)
        assert stage.run(ask, METHOD="endpoint") == 0
        assert stage.result["values"]["model_machine"] == "gpu"


@pytest.mark.parametrize(
    ("variables", "method"),
    [({}, "builtin"), ({"METHOD": "builtin"}, "builtin"), ({"METHOD": "auto"}, "endpoint")],
)
def test_the_environment_chooses_the_method(
    stage: Stage, variables: dict[str, str], method: str
) -> None:
    assert stage.run(ask, **variables) == 0
    assert stage.result["method"] == method


def test_builtin_asks_nobody(stage: Stage, server: ModelServer) -> None:
    assert stage.run(ask) == 0
    assert server.requests == []


def test_without_an_endpoint_auto_is_builtin_and_endpoint_is_refused(
    tmp_path: Path, local: Local, monkeypatch: pytest.MonkeyPatch, server: ModelServer
) -> None:
    with opened(tmp_path, server.url, roles=("images",)) as gateway:
        stage = Stage(gateway, local, monkeypatch)
        assert stage.run(ask, METHOD="auto") == 0
        assert stage.result["method"] == "builtin"
        assert stage.run(ask, METHOD="endpoint") == 2
        assert stage.mark["reason"] == "EndpointNotSet"


def test_an_endpoint_that_stays_down_fails_the_attempt_with_the_reason(
    stage: Stage, server: ModelServer
) -> None:
    server.show("server error")
    assert stage.run(ask, METHOD="endpoint") == 1
    assert (stage.mark["outcome"], stage.mark["reason"]) == ("Failed", "EndpointUnavailable")
    assert "in 6 tries" in stage.mark["message"]


def test_one_that_comes_back_in_time_is_waited_for(stage: Stage, server: ModelServer) -> None:
    for kind in ("server error", "cut", "no protocol"):
        server.show(kind, times=4)
        assert stage.run(ask, METHOD="endpoint") == 0, kind
        assert stage.result["method"] == "endpoint"


def test_down_may_also_mean_to_defer(stage: Stage, server: ModelServer) -> None:
    server.show("server error")
    assert stage.run(ask, METHOD="endpoint", WHEN_DOWN="defer") == 3
    assert (stage.mark["outcome"], stage.mark["reason"]) == ("Deferred", "EndpointUnavailable")


def test_down_may_also_mean_the_builtin_method_and_the_result_says_so(
    stage: Stage, server: ModelServer
) -> None:
    server.show("server error")
    assert stage.run(ask, METHOD="endpoint", WHEN_DOWN="builtin") == 0
    assert words(stage).title == "built in"
    assert stage.result["method"] == "builtin"
    assert stage.result["values"]["fallback"] == "EndpointUnavailable"


def test_after_a_fallback_the_next_items_do_not_wait_again(
    stage: Stage, server: ModelServer
) -> None:
    asked = [modelcalls.user("one")]

    def run(ctx: stagekit.Context) -> None:
        choice = modelcalls.Choice(ctx, "chat")
        for item in ctx.items(range(4)):
            with item:
                if item.value == 1:
                    server.show("server error")
                choice.run(endpoint=lambda model: model.text(asked), builtin=lambda: "built in")

    assert stage.run(run, METHOD="endpoint", WHEN_DOWN="builtin") == 0
    assert stage.result["method"] == "endpoint+builtin"
    assert stage.mark["counts"] == {"items": 4}
    # The probe, the first item, and the second one's six tries.
    assert len(server.requests) == 1 + 1 + 6


@pytest.mark.parametrize(("when_down", "code"), [("fail", 1), ("defer", 3)])
def test_an_outage_ends_the_stage_and_fails_no_item(
    stage: Stage, server: ModelServer, when_down: str, code: int
) -> None:
    asked = [modelcalls.user("one")]

    def run(ctx: stagekit.Context) -> None:
        choice = modelcalls.Choice(ctx, "chat")
        server.show("server error")
        for item in ctx.items(range(3)):
            with item:
                choice.run(endpoint=lambda model: model.text(asked), builtin=lambda: "")

    assert stage.run(run, METHOD="endpoint", WHEN_DOWN=when_down) == code
    assert stage.mark["reason"] == "EndpointUnavailable"
    assert "counts" not in stage.mark


def test_a_rate_limit_is_waited_out_and_costs_no_tries(stage: Stage, server: ModelServer) -> None:
    server.show("rate limit", times=20, seconds=0)
    assert stage.run(ask, METHOD="endpoint") == 0


def test_a_rate_limit_longer_than_the_stages_time_is_an_outage(
    stage: Stage, server: ModelServer
) -> None:
    server.show("rate limit", seconds=100)
    assert stage.run(ask, METHOD="endpoint", TIMEOUT_SECONDS="100") == 1
    assert stage.mark["reason"] == "EndpointUnavailable"
    assert "in 1 tries" in stage.mark["message"]


@pytest.mark.parametrize("kind", ["invalid JSON", "wrong schema"])
def test_an_unfit_reply_is_repaired_once(stage: Stage, server: ModelServer, kind: str) -> None:
    assert stage.run(ask, METHOD="endpoint") == 0
    before = len(server.requests)
    server.show(kind, times=1)
    assert stage.run(ask, METHOD="endpoint") == 0
    assert len(server.requests) - before == 2
    server.show(kind, times=2)
    assert stage.run(ask, METHOD="endpoint", WHEN_DOWN="builtin") == 1
    assert (stage.mark["outcome"], stage.mark["reason"]) == ("Failed", "ReplyInvalid")
    assert "surprise" not in stage.mark["message"]


def test_a_wrong_key_is_a_refusal_and_is_not_tried_again(stage: Stage, server: ModelServer) -> None:
    server.state.key = "another"
    assert stage.run(ask, METHOD="endpoint", WHEN_DOWN="builtin") == 1
    assert stage.mark["reason"] == "EndpointRefused"
    assert len(server.requests) == 2  # the probe, and the one try


def test_no_secret_leaves_the_stage(
    stage: Stage, server: ModelServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for fault in ("", "server error", "cut", "invalid JSON", "wrong schema", "rate limit"):
        if fault:
            server.show(fault, seconds=1000)
        stage.run(ask, METHOD="endpoint")
        told = str(stage.mark) + str(stage.result)
        for secret in (PROMPT, "marmalade", MODEL, KEY, "surprise"):
            assert secret not in told, fault
    printed = "".join(capfd.readouterr())
    for secret in (PROMPT, "marmalade", MODEL, KEY, "surprise", "token-of-pod-9"):
        assert secret not in printed


def test_vectors_pictures_and_transcripts_come_checked(stage: Stage, tmp_path: Path) -> None:
    recording = tmp_path / "talk.wav"
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000) + b"\1" * 16000)
    recording.write_bytes(held.getvalue())
    found: dict[str, object] = {}

    def run(ctx: stagekit.Context) -> None:
        def nothing() -> None:
            raise AssertionError

        def all_of(role: str) -> modelcalls.Model:
            model = modelcalls.Choice(ctx, role).model
            assert model is not None
            return model

        found["vectors"] = all_of("embeddings").embed(["a red shoe", "a red shoe", "tea"])
        found["picture"] = all_of("images").picture("a shoe", 64, 48)
        found["said"] = all_of("transcription").transcribe(recording, "en")
        seen = all_of("vision")
        part = modelcalls.picture(found["picture"])  # pyright: ignore[reportArgumentType]
        found["seen"] = seen.text([modelcalls.user("Look.", part)]) if seen.images else nothing()

    assert stage.run(run, METHOD="endpoint") == 0, stage.mark
    vectors = found["vectors"]
    assert isinstance(vectors, list)
    assert vectors[0] == vectors[1] != vectors[2]
    assert isinstance(found["picture"], bytes)
    assert found["picture"].startswith(b"\x89PNG")
    assert isinstance(found["said"], modelcalls.Transcript)
    assert (found["said"].text, found["said"].seconds) == ("silence sound", 2.0)
    assert found["seen"] == "You said: Look. A picture of 64x48."


def test_vectors_that_are_too_few_are_no_reply(stage: Stage, server: ModelServer) -> None:
    def run(ctx: stagekit.Context) -> None:
        server.show("wrong schema")
        texts = ["a", "b"]
        modelcalls.run(ctx, "embeddings", endpoint=lambda model: model.embed(texts), builtin=list)

    assert stage.run(run, METHOD="endpoint") == 1
    assert stage.mark["reason"] == "ReplyInvalid"


def test_a_wrong_choice_of_when_down_is_said_at_once(gateway: Gateway, stage: Stage) -> None:
    assert gateway.service.port
    assert stage.run(ask, WHEN_DOWN="perhaps") == 1
