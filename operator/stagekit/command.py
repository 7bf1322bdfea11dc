"""`stagekit run -- COMMAND`: any program as a stage.

1. Bring all inputs to `in/<stage>/...` and `in/source/<name>` below the work folder; items of a
   batch to `in/source/<number>-<name>`.
2. Run the program in a process group of its own; its output passes through untouched.
3. SIGTERM is passed on; a program that ignores it is killed; there is no mark then (exit 143).
4. A fence that falls kills the group at once (exit 75, no mark).
5. Its exit code is the outcome (0 Succeeded, 2 Refused, 77 Skipped, else Failed), unless it wrote
   a mark of its own with `stagekit mark`; `out/` is uploaded, and the mark written.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final

from stagekit import contract, environment, item_lines, mark, text, values
from stagekit.ending import Ending, from_code
from stagekit.errors import Refused, StageError
from stagekit.retry import Patience
from stagekit.session import Session

TERM_GRACE_SECONDS: Final = 25.0
"""From SIGTERM to SIGKILL of the program; shorter than a Pod's usual 30 s."""


class Child:
    """The wrapped program, with all that it has started."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        # A session of its own makes a process group that can be killed as a whole.
        self._process = subprocess.Popen(  # noqa: S603
            list(command), env=dict(variables), start_new_session=True
        )

    def wait(self) -> int:
        """Exit code, negative for a signal; whatever it left running is killed."""
        code = self._process.wait()
        self.signal(signal.SIGKILL)
        return code

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class _Stop:
    """SIGTERM: passed on once, followed by SIGKILL when the grace is over."""

    def __init__(self, grace_seconds: float) -> None:
        self.came = False
        self._grace = grace_seconds
        self._child: Child | None = None
        self._timer: threading.Timer | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        self.came = True
        if self._child is not None:
            self._pass_on(self._child, number)

    def attach(self, child: Child) -> None:
        """From now on signals reach this program; one that came before reaches it at once."""
        self._child = child
        if self.came:
            self._pass_on(child, signal.SIGTERM)

    def _pass_on(self, child: Child, number: int) -> None:
        child.signal(number)
        if self._timer is None:
            self._timer = threading.Timer(self._grace, child.signal, [signal.SIGKILL])
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """The program has ended: nothing is left to kill."""
        self._child = None
        if self._timer is not None:
            self._timer.cancel()


def run(
    command: Sequence[str],
    grace_seconds: float = TERM_GRACE_SECONDS,
    patience: Patience | None = None,
) -> int:
    """Run a program as this Pod's stage; gives the exit code."""
    try:
        given = environment.read(os.environ)
        session = Session(given, _exit_fenced, patience)
    except (StageError, OSError) as error:
        text.say_last(f"cannot start: {error}")
        return contract.EXIT_FAILED
    stop = _Stop(grace_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    session.start()
    try:
        return _run(session, command, stop)
    finally:
        session.stop()


def _run(session: Session, command: Sequence[str], stop: _Stop) -> int:
    unready = _made_ready(session)
    if unready is not None:
        _take_outcomes(session)
        return session.finish(unready)
    own_mark, own_values = session.private / "mark.json", session.private / "values.json"
    for file in (own_mark, own_values):
        file.unlink(missing_ok=True)
    variables = {
        **os.environ,
        contract.ENV_TERMINATION_FILE: str(own_mark),
        contract.ENV_VALUES_FILE: str(own_values),
        **({} if session.chunk is None else item_lines.variables(session.work)),
    }
    if stop.came:
        return contract.EXIT_INTERRUPTED
    try:
        child = Child(command, variables)
    except (OSError, ValueError) as error:
        message = f"cannot start {command[0]!r}: {error}"
        return session.finish(Ending(contract.OUTCOME_FAILED, "CommandNotStarted", message))
    _fenced_children.append(child)
    stop.attach(child)
    code = child.wait()
    _fenced_children.clear()
    stop.end()
    if stop.came:
        text.say(f"interrupted (the program ended with {code}): no mark is written")
        return contract.EXIT_INTERRUPTED
    _take_outcomes(session)
    ending = _said(mark.read(str(own_mark)), code) or _judged(from_code(code), session)
    return session.finish(ending, values.read(own_values))


def _take_outcomes(session: Session) -> None:
    """What the program has said of the batch's items goes into outcomes.jsonl."""
    for outcome in item_lines.read(session.work).outcomes:
        session.ledger.record(outcome)


def _judged(ending: Ending, session: Session) -> Ending:
    """A program that has ended well, by what it has said of the batch's items."""
    reported = item_lines.read(session.work)
    bad = session.ledger.summary().get("failed", 0)
    if ending.outcome != contract.OUTCOME_SUCCEEDED or not bad:
        return ending
    if bad == reported.total:
        return Ending(*session.ledger.verdict())
    return Ending(ending.outcome, "SomeItemsFailed", f"{bad} of {reported.total} failed")


def _made_ready(session: Session) -> Ending | None:
    """Bring all that the program may want; gives how the stage ends where that ends it."""
    try:
        session.inputs.fetch_all()
        if session.chunk is None:
            return None
        listed = item_lines.place(session.chunk, session.work, session.inputs.source())
    except Refused as verdict:
        return Ending(contract.OUTCOME_REFUSED, verdict.reason, verdict.message)
    except StageError as error:
        return Ending(contract.OUTCOME_FAILED, error.reason, str(error))
    if not listed:
        message = "stages above have set all items aside"
        return Ending(contract.OUTCOME_SKIPPED, "NoItemsLeft", message)
    session.progress.follow(lambda: item_lines.read(session.work).progress())
    return None


def _said(fields: Mapping[str, object] | None, code: int) -> Ending | None:
    """The program's own mark, believed only where the exit code does not contradict it."""
    if fields is None:
        return None
    outcome = str(fields["outcome"])
    good = outcome in (contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED)
    if good and code != contract.EXIT_OK:
        return None
    said = (str(fields.get("reason", "")), str(fields.get("message", "")))
    return Ending(outcome, *said, mark.skips_of(fields) if good else {})


_fenced_children: list[Child] = []
"""What the fence kills: at most the one program of this process."""


def _exit_fenced(silence: float) -> None:
    text.say(f"no answer from anybody for {silence:.0f} s: this attempt ends itself")
    for child in tuple(_fenced_children):
        child.signal(signal.SIGKILL)
    os._exit(contract.EXIT_FENCED)
