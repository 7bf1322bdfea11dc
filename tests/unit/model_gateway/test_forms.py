"""An upload's form on its way: the model's field becomes ours, everything else stays."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.model_gateway.errors import Unfit
from stagework.model_gateway.forms import Form

KIND = 'multipart/form-data; charset=utf-8; boundary="-edge-"'


def part(name: str, body: bytes, more: str = "") -> bytes:
    """One part with its boundary."""
    head = f'---edge-\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + body + b"\r\n"


def passed(body: bytes, pieces: list[int]) -> dict[str, bytes]:
    """What the other side reads, when the body comes in pieces of these sizes."""
    form = Form(KIND, "ours")
    out, at = b"", 0
    for size in [*pieces, len(body)]:
        out += form.feed(body[at : at + size])
        at += size
    out += form.finish()
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + out)
    found: dict[str, bytes] = {}
    for each in parsed.iter_parts():
        name = str(each.get_param("name", header="Content-Disposition"))
        assert name not in found
        found[name] = cast("bytes", each.get_payload(decode=True))
    return found


@given(
    recording=st.binary(max_size=300) | st.just(b"\r\n---edg\r\n---edge\r\n--" * 5),
    pieces=st.lists(st.integers(1, 60), max_size=40),
)
def test_a_recording_arrives_whole_however_it_is_cut(recording: bytes, pieces: list[int]) -> None:
    body = (
        part("model", b"theirs")
        + part("file", recording, '; filename="a.wav"')
        + part("evil", b"x")
        + part("language", b"ko")
        + b"---edge---\r\n"
    )
    if b"\r\n---edge-" in recording:
        return
    assert passed(body, pieces) == {"model": b"ours", "file": recording, "language": b"ko"}


def test_an_empty_field_is_still_a_field() -> None:
    body = part("file", b"") + part("prompt", b"") + b"---edge---"
    assert passed(body, []) == {"model": b"ours", "file": b"", "prompt": b""}


@pytest.mark.parametrize(
    "body", [b"", b"nothing", part("file", b"cut off"), b"---edge-\r\n" + b"x" * 9000]
)
def test_what_is_no_whole_form_is_refused(body: bytes) -> None:
    form = Form(KIND, "ours")

    def whole() -> Any:
        form.feed(body)
        form.finish()

    with pytest.raises(Unfit):
        whole()


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; b=1"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    with pytest.raises(Unfit):
        Form(kind, "ours")
