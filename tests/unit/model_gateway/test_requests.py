"""What of a request to a model server is passed on: the fields and parts that we know."""

import json
from typing import Any

import pytest

from stagework.model_gateway.errors import Unfit
from stagework.model_gateway.requests import rebuilt
from stagework.settings import EndpointSettings

SETTINGS = EndpointSettings(url="http://models.example.org", model="ours", maxTokens=100)
CHAT = "chat/completions"
PICTURE = "data:image/png;base64,AAAA"


def chat(content: Any = "Hello", **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **more}


def passed(request: Any, path: str = CHAT) -> Any:
    """What the server is sent."""
    raw = request if isinstance(request, bytes) else json.dumps(request).encode()
    return json.loads(rebuilt(path, raw, SETTINGS))


def test_what_stages_use_arrives_as_it_was_sent() -> None:
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
    ]
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    request = chat(
        parts,
        n=2,
        max_tokens=100,
        temperature=0.5,
        stop=["a"],
        response_format={"type": "json_schema", "json_schema": {"name": "A", "schema": schema}},
    )
    assert passed(request) == {**request, "model": "ours"}


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        (
            "images/generations",
            {"prompt": "a", "size": "8x8", "n": 1, "response_format": "b64_json"},
        ),
        ("embeddings", {"input": ["a", "b"], "encoding_format": "float", "dimensions": 8}),
        ("embeddings", {"input": [[1, 2], [3]]}),
    ],
)
def test_the_other_paths_have_their_own(path: str, request_: dict[str, Any]) -> None:
    assert passed(request_, path) == {**request_, "model": "ours"}


@pytest.mark.parametrize(
    "more",
    [
        {"model": "theirs"},
        {"models": ["theirs"]},
        {"user": "me"},
        {"tools": [{"type": "web_search"}]},
        {"extra_body": {"model": "theirs"}},
        {"chat_template": "{{ x }}"},
        {"guided_grammar": "x"},
        {"mm_processor_kwargs": {}},
        {"store": True},
        {"stream_options": {}},
        {"service_tier": "priority"},
    ],
)
def test_no_field_chooses_the_model_or_how_the_server_works(more: dict[str, Any]) -> None:
    assert passed(chat(**more)) == {**chat(), "model": "ours"}


def test_a_key_that_is_there_twice_is_there_once() -> None:
    raw = json.dumps(chat())[:-1] + ', "model": "a", "model": "b", "n": 1, "n": 2}'
    sent = rebuilt(CHAT, raw.encode(), SETTINGS)
    assert sent.count(b'"model"') == sent.count(b'"n"') == 1
    assert json.loads(sent)["model"] == "ours"


def test_a_part_has_nothing_beside_what_its_type_has() -> None:
    part = {"type": "text", "text": "a", "video_url": {"url": "http://10.0.0.1"}, "cache": 1}
    assert passed(chat([part]))["messages"][0]["content"] == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "video_url", "video_url": {"url": "http://10.0.0.1/"}},
        {"type": "file", "file": {"file_id": "x"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "audio_url", "audio_url": {"url": "http://10.0.0.1/"}},
        {"type": "image_url", "image_url": "http://10.0.0.1/"},
        {"type": "image_url", "image_url": {"url": "http://10.0.0.1/"}},
        {"type": "image_url", "image_url": {"url": " data:image/png;base64,"}},
        {"type": "image_url", "image_url": {"url": "data:text/html,x"}},
        {"image_url": {"url": PICTURE}},
        "text",
        7,
    ],
)
def test_a_part_of_another_type_is_refused_and_nothing_of_it_is_told(part: Any) -> None:
    with pytest.raises(Unfit) as caught:
        passed(chat([part]))
    assert "look at $.messages[0]" in str(caught.value)
    assert "10.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        *({"n": number} for number in (0, -1, 5, 2**62)),
        {"max_tokens": 101},
        {"max_completion_tokens": 101},
        {"max_tokens": 0},
    ],
)
def test_more_than_the_settings_allow_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Unfit) as caught:
        passed(chat(**more))
    assert "must be between 1 and" in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"a":',
        b"\xff",
        b"[" * 100_000,
        b'{"messages": []}',
        json.dumps(chat(stream=True)).encode(),
        json.dumps(chat(n="1")).encode(),
        json.dumps({"messages": [{"role": "tool", "content": "x"}]}).encode(),
        json.dumps(chat(response_format={"type": "grammar"})).encode(),
    ],
)
def test_what_is_no_request_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(Unfit):
        passed(raw)
