"""`stagekit.main`: runs one stage function of an image that holds several.

1. Choose the function: by the first argument, or by `STAGEWORK_STAGE`.
2. Run it in the main thread, with heartbeats and the fence in threads of their own.
3. SIGTERM ends it where it stands: no mark, exit 143. After the function has returned,
   SIGTERM no longer interrupts: the work is done and only wants to be stored.
4. Store what it left and write the mark; the exit code says the outcome.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from stagekit import contract, environment, text
from stagekit.contact import exit_fenced
from stagekit.context import Context
from stagekit.ending import Ending
from stagekit.errors import Defer, Interrupted, Refused, Skip, StageError
from stagekit.retry import Patience
from stagekit.session import Session

StageFunction = Callable[[Context], None]
"""What a stage is: a function that gets a Context."""


def main(
    stages: Mapping[str, StageFunction],
    argv: Sequence[str] | None = None,
    patience: Patience | None = None,
) -> int:
    """Run the chosen stage; gives the exit code for `sys.exit`."""
    arguments = list(sys.argv if argv is None else argv)[1:]
    chosen = arguments[0] if arguments else os.environ.get(contract.ENV_STAGE, "")
    try:
        given = environment.read(os.environ, stage=chosen)
        session = Session(given, exit_fenced, patience)
    except (StageError, OSError) as error:
        text.say_last(f"cannot start: {error}")
        return contract.EXIT_FAILED
    session.start()
    term = _Term()
    try:
        with term.installed():
            return _run(session, stages, chosen, term)
    except (Interrupted, KeyboardInterrupt):
        text.say("interrupted: no mark is written")
        return contract.EXIT_INTERRUPTED
    finally:
        session.stop()


def _run(session: Session, stages: Mapping[str, StageFunction], chosen: str, term: _Term) -> int:
    function = stages.get(chosen)
    if function is None:
        known = ", ".join(sorted(stages))
        message = f"the image has no stage {chosen!r}; it has: {known}"
        return session.finish(Ending(contract.OUTCOME_REFUSED, "UnknownStage", message))
    context = Context(
        session.environment,
        session.inputs,
        session.outputs,
        session.ledger,
        session.progress,
        link=session.link,
        chunk=session.chunk,
    )
    ending = replace(_ending(function, context, session), skips=context.skips)
    term.is_finishing = True
    return session.finish(ending, context.values, context.method_used)


def _ending(function: StageFunction, context: Context, session: Session) -> Ending:
    try:
        function(context)
    except Skip as verdict:
        return Ending(contract.OUTCOME_SKIPPED, verdict.reason, verdict.message)
    except Refused as verdict:
        return Ending(contract.OUTCOME_REFUSED, verdict.reason, verdict.message)
    except Defer as verdict:
        return Ending(contract.OUTCOME_DEFERRED, verdict.reason, verdict.message)
    except StageError as error:
        text.say(str(error))
        return Ending(contract.OUTCOME_FAILED, error.reason, str(error))
    except SystemExit as error:
        message = f"the stage's code called sys.exit({error.code!r}); it should return or raise"
        return Ending(contract.OUTCOME_FAILED, "SystemExit", message)
    except Exception as error:  # noqa: BLE001  (whatever stage code raises is its outcome)
        traceback.print_exc()
        return Ending(contract.OUTCOME_FAILED, type(error).__name__, str(error))
    return Ending(*session.ledger.verdict())


class _Term:
    """SIGTERM ends the stage's function at once; while results are stored it only speaks."""

    def __init__(self) -> None:
        self.is_finishing = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self.is_finishing:
            raise Interrupted
        text.say("SIGTERM: the work is done, storing its results first")

    @contextmanager
    def installed(self) -> Generator[None]:
        """Handle SIGTERM inside; only the main thread can (tests call main from others)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
