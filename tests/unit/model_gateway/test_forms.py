"""An upload's form on its way: the model's field becomes ours, everything else stays."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.model_gateway.errors import Unfit
from stagework.model_gateway.forms import PARTS_MAX, FormRewriter

KIND = 'multipart/form-data; charset=utf-8; boundary="-edge-"'


def part(name: str, body: bytes, more: str = "") -> bytes:
    """One part with its boundary."""
    head = f'---edge-\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + body + b"\r\n"


def passed(body: bytes, pieces: list[int]) -> dict[str, bytes]:
    """What the other side reads, when the body comes in pieces of these sizes."""
    form = FormRewriter(KIND, "ours")
    out, at = b"", 0
    for size in [*pieces, len(body)]:
        out += form.feed(body[at : at + size])
        at += size
    out += form.finish()
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + out)
    fields: dict[str, bytes] = {}
    for field in parsed.iter_parts():
        name = str(field.get_param("name", header="Content-Disposition"))
        assert name not in fields
        fields[name] = cast("bytes", field.get_payload(decode=True))
    return fields


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
    form = FormRewriter(KIND, "ours")

    def whole() -> Any:
        form.feed(body)
        form.finish()

    with pytest.raises(Unfit):
        whole()


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; b=1"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    with pytest.raises(Unfit):
        FormRewriter(kind, "ours")


def head(name: str, more: str = "") -> bytes:
    """A part whose head goes on as given."""
    return part(name, b"x", more)


@pytest.mark.parametrize(
    "part_head",
    [
        head("file", '; name="model"'),
        head("file", '; filename="a\\"; name=\\"model"'),
        head("file", '; filename="a%22; name=%22model"'),
        head("file", '\r\nX-Other: a\nContent-Disposition: form-data; name="model"'),
        head("file", '\r\nContent-Disposition: form-data; name="model"'),
        head(' model" ; name="file'),
    ],
    ids=["twice", "escaped", "percent", "bare line end", "second header", "name in a name"],
)
def test_no_head_smuggles_another_model_past(part_head: bytes) -> None:
    body = part_head + b"---edge---\r\n"
    try:
        fields = passed(body, [])
    except Unfit:
        return
    assert fields["model"] == b"ours"
    assert set(fields) <= {"model", "file"}


def test_a_files_name_and_type_arrive_as_they_were_given() -> None:
    more = '; filename="소리 %22a%22.wav"\r\nContent-Type: audio/wav'
    form = FormRewriter(KIND, "ours")
    sent = form.feed(part("file", b"sound", more) + b"---edge---") + form.finish()
    heads = sent.split(b"\r\n\r\n")
    assert (
        'name="file"; filename="소리 %22a%22.wav"\r\nContent-Type: audio/wav'.encode() in heads[1]
    )


def test_the_boundary_that_is_sent_is_not_the_callers() -> None:
    form = FormRewriter(KIND, "ours")
    sent = form.feed(part("file", b"sound") + b"---edge---") + form.finish()
    assert b"-edge-" not in sent
    assert FormRewriter(KIND, "ours").content_type != form.content_type


@pytest.mark.parametrize(
    "body",
    [
        part("prompt", b"x") * (PARTS_MAX + 1),
        part("prompt", b"x", '; filename="' + "a" * 5000 + '"'),
        part("prompt", b"x", "\r\nX-A: b" * 20),
        b"---edge-\r\nsecret\r\n\r\nx",
    ],
    ids=["too many parts", "a long header", "too many headers", "no header"],
)
def test_a_form_beyond_the_limits_is_refused_without_quoting_it(body: bytes) -> None:
    form = FormRewriter(KIND, "ours")
    with pytest.raises(Unfit) as caught:
        form.feed(body + b"\r\n---edge---\r\n")
    assert "secret" not in str(caught.value)
