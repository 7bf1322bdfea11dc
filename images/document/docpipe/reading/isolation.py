"""Runs tasks in child processes and gives their answers; what a child dies of is an answer too.

1. A child that is silent for too long, or ends before its last page, has met a page that it
   cannot bear: this page is given up with a reason.
2. The next child goes on after that page.
3. Dying before the document was opened, or on three pages, gives up the whole rest.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec

import stagekit
from docpipe import limits
from docpipe.pages import Answer, Failure, Opened, Page, Picture, Task

_MOST_DEATHS = 3
_decoder = msgspec.json.Decoder(Answer)


class _Died(Exception):  # noqa: N818
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def ask(task: Task, silence: float = limits.PAGE_SECONDS) -> Iterator[Answer]:
    """All answers to a task; `silence` is the longest wait for one, in seconds."""
    deaths, opened, page = 0, False, task.first
    while True:
        try:
            for answer in _one_child(msgspec.structs.replace(task, first=page), silence):
                if isinstance(answer, Opened):
                    if opened:
                        continue
                    opened = True
                elif isinstance(answer, Page | Picture | Failure) and answer.number:
                    page = answer.number + 1
                yield answer
        except _Died as death:
            deaths += 1
            one_page = opened and task.verb != "listen"
            yield Failure(page if one_page else 0, death.reason, death.message)
            if not one_page or deaths >= _MOST_DEATHS:
                if one_page:
                    yield Failure(0, "TooManyCrashes", "pages crashed the reader again and again")
                return
            page += 1
        else:
            return


def opened(answers: Iterator[Answer]) -> Opened:
    """The first answer about a document; raises what is wrong with it."""
    answer = next(answers, None)
    if isinstance(answer, Opened):
        return answer
    if isinstance(answer, Failure):
        raise ending(answer)
    raise stagekit.Refused("BrokenDocument", "the document cannot be opened")


def ending(failure: Failure) -> stagekit.Skip | stagekit.Refused:
    """How a failure of the whole document ends the stage."""
    kind = stagekit.Skip if failure.skipped else stagekit.Refused
    return kind(failure.reason, failure.message)


def _one_child(task: Task, silence: float) -> Iterator[Answer]:
    child = subprocess.Popen(
        [sys.executable, "-m", "docpipe.reading.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert child.stdin is not None  # noqa: S101  (asked for above)
    assert child.stdout is not None  # noqa: S101
    try:
        child.stdin.write(msgspec.json.encode(task))
        child.stdin.close()
        yield from map(_decoder.decode, _lines(child.stdout.fileno(), silence))
        code = child.wait(timeout=10)
        if code:
            how = f"signal {-code}" if code < 0 else f"code {code}"
            raise _Died("ReaderCrashed", f"the reader crashed on it ({how})")
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def _lines(source: int, silence: float) -> Iterator[bytes]:
    unfinished = b""
    until = time.monotonic() + silence
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise _Died("ReaderTooSlow", f"it took longer than {silence:g} seconds")
        received = os.read(source, 1 << 20)
        if not received:
            return
        *lines, unfinished = (unfinished + received).split(b"\n")
        if lines:
            until = time.monotonic() + silence
        yield from lines
