"""The child process that opens strangers' files, as `python -m docpipe.reading.worker`.

It takes a task on stdin, has limits of memory and processor time, and answers a line of JSON a
page. It may crash or hang without harm: `isolation` starts another one after the page that did it.
"""

# ruff: noqa: PLC0415  (libraries are loaded only for the kind of document that wants them)

from __future__ import annotations

import os
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

import stagekit
from docpipe import limits
from docpipe.pages import Answer, Kind, Task
from docpipe.reading.errors import failure

Work = Callable[[Task, Path], Iterator[Answer]]


def _reader(kind: Kind) -> Work:
    """The function that reads a kind of document; libraries are loaded only for their kind."""
    if kind == "pdf":
        from docpipe.reading import pdf

        return pdf.read
    if kind == "picture":
        from docpipe.reading.ocr import scans

        return scans.read
    if kind in ("docx", "pptx", "xlsx"):
        from docpipe.reading import office

        return office.read
    if kind == "mail":
        from docpipe.reading import mail

        return lambda task, path: mail.read(task, path, _reader)
    from docpipe.reading import plain

    return plain.read


def _drawer(kind: Kind) -> Work:
    if kind == "pdf":
        from docpipe.reading import pdf

        return pdf.draw
    if kind == "picture":
        from docpipe.reading.ocr import scans

        return scans.draw
    from docpipe.reading import typeset

    return lambda task, path: typeset.draw(task, _reader(kind)(task, path))


def answers(task: Task) -> Iterator[Answer]:
    """The answers to one task; what goes wrong is an answer too."""
    try:
        if task.verb == "listen":
            from docpipe.reading import sounds

            yield from sounds.listen(task, Path(task.path))
        else:
            work = _reader(task.kind) if task.verb == "read" else _drawer(task.kind)
            yield from work(task, Path(task.path))
    except (stagekit.Refused, stagekit.Skip, MemoryError) as error:
        yield failure(0, error)
    except Exception as error:  # noqa: BLE001  (parsers raise whatever they like at odd files)
        traceback.print_exc()
        yield failure(0, error)


def main() -> int:
    """Answer the task on stdin."""
    resource.setrlimit(resource.RLIMIT_DATA, (limits.CHILD_BYTES, limits.CHILD_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    # Libraries print what they like; only answers may stand on the real stdout.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for answer in answers(task):
        out.write(msgspec.json.encode(answer) + b"\n")
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
