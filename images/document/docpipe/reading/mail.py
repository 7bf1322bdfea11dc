"""Mail (EML): headers and body are its first page, the pages of its attachments follow. Child only.

The standard library takes a mail apart. Of a body in two forms the plain one is read, unless it is
empty. An attachment that no stage reads, or that is broken, leaves a note on the first page.
"""

from __future__ import annotations

import email
import email.policy
import tempfile
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final, cast

import msgspec

import stagekit
from docpipe.pages import Answer, Failure, Kind, Opened, Page, Task
from docpipe.reading import charsets, kinds, markup, plain
from stagekit.text import clean

HEADERS: Final = ("From", "To", "Cc", "Date", "Subject")
_MOST_ATTACHMENTS: Final = 50
_DEEPEST: Final = 3
"""Mails within mails that are followed."""

Reader = Callable[[Task, Path], Iterator[Answer]]


def read(
    task: Task, path: Path, reader_of: Callable[[Kind], Reader], depth: int = 0
) -> Iterator[Answer]:
    """The mail's page, then those of its attachments, read by `reader_of` their kinds."""
    began = time.monotonic()
    message = _parsed(path.read_bytes())
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        parts: list[_Part] = []
        for name, file in _attachments(message, Path(folder), notes):
            try:
                parts.append(_opened(task, name, file, _inner(reader_of, depth)))
            except (stagekit.Refused, stagekit.Skip) as error:
                notes.append(f"attachment {name} was left out: {error.message}")
            except Exception:  # noqa: BLE001  (parsers raise whatever they like at odd files)
                notes.append(f"attachment {name} was left out: it is damaged")
        count = 1 + sum(part.pages for part in parts)
        yield Opened("mail", count, _header(message, "Subject"), _header(message, "From"))
        text = _text(message, notes)
        if task.first <= 1 <= task.last:
            took = round(time.monotonic() - began, 3)
            yield Page(1, "markup", markup=text, note="; ".join(notes), seconds=took)
        before = 1
        for part in parts:
            yield from part.answers(task, before)
            before += part.pages


class _Part(msgspec.Struct):
    """An attachment that could be opened: its pages, still to be read."""

    name: str
    pages: int
    rest: Iterator[Answer]

    def answers(self, task: Task, before: int) -> Iterator[Answer]:
        """Its pages under the mail's numbers; the first says which attachment it is."""
        for answer in self.rest:
            if isinstance(answer, Page | Failure) and answer.number:
                number = answer.number + before
                if not task.first <= number <= task.last:
                    continue
                about = f"attachment {self.name}" if answer.number == 1 else ""
                if isinstance(answer, Page):
                    note = "; ".join(filter(None, (about, answer.note)))
                    yield msgspec.structs.replace(answer, number=number, note=note)
                else:
                    yield msgspec.structs.replace(answer, number=number)


def _inner(reader_of: Callable[[Kind], Reader], depth: int) -> Callable[[Kind], Reader]:
    """Readers of a mail's attachments: those of the document kinds, and of mails within it."""

    def chosen(kind: Kind) -> Reader:
        if kind == "sound" or (kind == "mail" and depth >= _DEEPEST):
            raise stagekit.Skip("NoPages", "it has no pages")
        if kind == "mail":
            return lambda task, path: read(task, path, reader_of, depth + 1)
        return reader_of(kind)

    return chosen


def _opened(task: Task, name: str, file: Path, reader_of: Callable[[Kind], Reader]) -> _Part:
    kind = kinds.of(file)
    inner = msgspec.structs.replace(task, path=str(file), kind=kind, first=1)
    rest = reader_of(kind)(inner, file)
    first = next(rest)
    if isinstance(first, Opened):
        return _Part(name, first.pages, rest)
    raise stagekit.Skip("NoPages", "it has no pages")


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(charsets.joined(str(message[name] or "")).split())
    except (ValueError, IndexError, AttributeError, TypeError):  # a header that cannot be parsed
        return ""


def _text(message: EmailMessage, notes: list[str]) -> str:
    subject = _header(message, "Subject")
    lines = [f"{name}: {value}" for name in HEADERS[:-1] if (value := _header(message, name))]
    head = ([f"# {subject}"] if subject else []) + ["  \n".join(lines)]
    return "\n\n".join(filter(None, [*head, _body(message, notes)]))


def _body(message: EmailMessage, notes: list[str]) -> str:
    for form in ("plain", "html"):
        part = message.get_body((form,))
        if part is None:
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        text = _decoded(content, part.get_content_charset())
        text = markup.fragment(text) if form == "html" else plain.clean(text)
        if text.strip():
            return text
    if message.get_content_maintype() in ("text", "multipart"):
        notes.append("the mail has no body")
    return ""


def _decoded(content: bytes, charset: str | None) -> str:
    """In the mail's own encoding, where the bytes fit it."""
    try:
        return content.decode(charset or "")
    except (LookupError, UnicodeDecodeError):
        return charsets.decoded(content)


def _attachments(
    message: EmailMessage, folder: Path, notes: list[str]
) -> Iterator[tuple[str, Path]]:
    """Names and stored contents of what came with the mail."""
    for number, part in enumerate(message.iter_attachments(), start=1):
        name = clean(str(part.get_filename() or f"{number}"), 80)
        if number > _MOST_ATTACHMENTS:
            notes.append(f"attachments after the {_MOST_ATTACHMENTS}th were left out")
            return
        content = part.get_payload(decode=True)
        if part.get_content_type() == "message/rfc822":
            inner = cast("list[EmailMessage]", part.get_payload())
            content = inner[0].as_bytes() if inner else b""
        if isinstance(content, bytes) and content:
            file = folder / f"{number}"
            file.write_bytes(content)
            yield name, file
        else:
            notes.append(f"attachment {name} was left out: it is empty")
