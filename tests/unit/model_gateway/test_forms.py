"""A recording's form: read by one library, written by another, of fields that we know."""

import asyncio
from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

import pytest
from aiohttp.abc import AbstractStreamWriter
from hypothesis import given
from hypothesis import strategies as st

from stagework.model_gateway import forms
from stagework.model_gateway.errors import Unfit

KIND = 'multipart/form-data; charset=utf-8; boundary="-edge-"'


def part(name: str, body: bytes, more: str = "") -> bytes:
    """One part with its boundary."""
    head = f'---edge-\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + body + b"\r\n"


async def pieces_of(body: bytes, pieces: list[int]) -> AsyncIterator[bytes]:
    at = 0
    for size in [*pieces, len(body)]:
        yield body[at : at + size]
        at += size


def read(body: bytes, pieces: list[int] | None = None, kind: str = KIND) -> forms.Recording:
    """As it comes in pieces of these sizes."""
    return asyncio.run(forms.read(kind, pieces_of(body, pieces or [])))


class _Written(bytearray):
    """Where aiohttp writes a body."""

    async def write(self, chunk: bytes) -> None:
        self.extend(chunk)


def sent(recording: forms.Recording) -> list[tuple[str, str | None, str, bytes]]:
    """What the other side reads: name, file's name, type and content of every part."""

    async def written() -> tuple[str, bytes]:
        payload = recording.form("ours")()
        out = _Written()
        writer: AbstractStreamWriter = cast("Any", out)
        await payload.write(writer)
        return payload.content_type, bytes(out)

    kind, body = asyncio.run(written())
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return [
        (
            str(field.get_param("name", header="Content-Disposition")),
            field.get_filename(),
            field.get_content_type(),
            cast("bytes", field.get_payload(decode=True)),
        )
        for field in parsed.iter_parts()
    ]


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
    form = read(body, pieces)
    assert (form.content, form.extension) == (recording, ".wav")
    assert form.fields == [("language", "ko")]


def test_the_other_side_reads_our_model_and_what_we_have_read() -> None:
    more = '; filename="../../소리.WAV"\r\nContent-Type: audio/wav'
    form = read(
        part("file", b"a\r\n--\0sound", more)
        + part("model", b"theirs")
        + part("prompt", "말".encode())
        + part("timestamp_granularities[]", b"word")
        + part("timestamp_granularities[]", b"segment")
        + b"---edge---\r\n"
    )
    fields = {(name, content) for name, _, _, content in sent(form)}
    assert fields == {
        ("model", b"ours"),
        ("prompt", "말".encode()),
        ("timestamp_granularities[]", b"word"),
        ("timestamp_granularities[]", b"segment"),
        ("file", b"a\r\n--\0sound"),
    }
    assert ("file", "recording.wav", "audio/wav", b"a\r\n--\0sound") in sent(form)


@pytest.mark.parametrize("more", ["", "\r\nContent-Type: text/html", "\r\nContent-Type: audio/\0x"])
def test_a_files_type_is_a_sound_or_nothing_is_said_of_it(more: str) -> None:
    try:
        form = read(part("file", b"x", f'; filename="a"{more}') + b"---edge---\r\n")
    except Unfit:
        return
    assert (form.content_type, form.extension) == ("application/octet-stream", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        part("file", b"cut off"),
        b"---edge-\r\n" + b"x" * 9000,
        part("language", b"ko") + b"---edge---\r\n",
        part("file", b"x") + part("prompt", b"\xff") + b"---edge---\r\n",
        part("file", b"x") + part("prompt", b"x" * (forms.FIELD_MAX_BYTES + 1)) + b"---edge---\r\n",
        part("file", b"x") + part("response_format", b"srt") + b"---edge---\r\n",
        part("x", b"x") * (forms.PARTS_MAX + 1) + part("file", b"x") + b"---edge---\r\n",
    ],
    ids=[
        *("empty", "no form", "cut off", "long head", "no file", "no UTF-8", "long field"),
        *("another reply", "many parts"),
    ],
)
def test_what_is_no_whole_form_of_a_recording_is_refused(body: bytes) -> None:
    with pytest.raises(Unfit):
        read(body)


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; b=1"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    with pytest.raises(Unfit):
        read(b"", kind=kind)


@pytest.mark.parametrize(
    "again",
    [
        part("file", b"another"),
        part("language", b"ko") + part("language", b"en"),
        part("model", b"a") + part("model", b"b"),
        part("prompt", b"x", '\r\nContent-Disposition: form-data; name="model"'),
        part("prompt", b"x", "\r\nContent-Type: text/plain\r\ncontent-type: text/html"),
    ],
    ids=["file", "field", "model", "two dispositions", "two types"],
)
def test_what_is_there_twice_is_refused(again: bytes) -> None:
    with pytest.raises(Unfit):
        read(part("file", b"x", '; filename="a.wav"') + again + b"---edge---\r\n")


@pytest.mark.parametrize(
    "more",
    [
        '; name="model"',
        '; filename="a\\"; name=\\"model"',
        '; filename="a%22; name=%22model"',
        '\r\nX-Other: a\nContent-Disposition: form-data; name="model"',
    ],
    ids=["twice", "escaped", "percent", "bare line end"],
)
def test_no_head_smuggles_another_model_past(more: str) -> None:
    try:
        form = read(part("file", b"x", more) + b"---edge---\r\n")
    except Unfit:
        return
    models: list[Any] = [content for name, _, _, content in sent(form) if name == "model"]
    assert models == [b"ours"]
