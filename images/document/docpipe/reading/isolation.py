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
from docpipe.pages import Answer, Opened, Page, Picture, Task, Trouble

_MOST_DEATHS = 3
_decoder = msgspec.json.Decoder(Answer)


class _Died(Exception):  # noqa: N818
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.trouble = (reason, message)


def ask(task: Task, silence: float = limits.PAGE_SECONDS) -> Iterator[Answer]:
    """All answers to a task; `silence` is the longest wait for one, in seconds."""
    deaths, opened, at = 0, False, task.first
    while True:
        try:
            for answer in _one_child(msgspec.structs.replace(task, first=at), silence):
                if isinstance(answer, Opened):
                    if opened:
                        continue
                    opened = True
                elif isinstance(answer, Page | Picture | Trouble) and answer.number:
                    at = answer.number + 1
                yield answer
        except _Died as death:
            deaths += 1
            alone = opened and task.verb != "listen"
            yield Trouble(at if alone else 0, *death.trouble)
            if not alone or deaths >= _MOST_DEATHS:
                if alone:
                    yield Trouble(0, "TooManyCrashes", "pages crashed the reader again and again")
                return
            at += 1
        else:
            return


def opened(answers: Iterator[Answer]) -> Opened:
    """The first answer about a document; raises what is wrong with it."""
    answer = next(answers, None)
    if isinstance(answer, Opened):
        return answer
    if isinstance(answer, Trouble):
        kind = stagekit.Skip if answer.skipped else stagekit.Refused
        raise kind(answer.reason, answer.message)
    raise stagekit.Refused("BrokenDocument", "the document cannot be opened")


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
    rest = b""
    until = time.monotonic() + silence
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise _Died("ReaderTooSlow", f"it took longer than {silence:g} seconds")
        step = os.read(source, 1 << 20)
        if not step:
            return
        *lines, rest = (rest + step).split(b"\n")
        if lines:
            until = time.monotonic() + silence
        yield from lines
