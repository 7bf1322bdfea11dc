"""`stagekit fetch`: the container before a stage that knows nothing of us (`contract: Files`).

1. Bring all inputs to `in/<stage>/...` and `input/<name>` below the work folder (items of a
   batch to `input/<number>-<name>`), make `out/`, and copy the files with inputs and params there:
   the stage does not see the volume with the token.
2. An input that can never be had is said in a mark (Refused, exit 2), so is any other failure.
3. SIGTERM: no mark, exit 143. A fence that falls: exit 75.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import FrameType

from stagekit import contract, environment, item_lines, text
from stagekit.batch import Chunk
from stagekit.contact import Contact, exit_fenced
from stagekit.ending import Ending
from stagekit.environment import Environment
from stagekit.errors import Interrupted, Refused, StageError
from stagekit.inputs import Inputs
from stagekit.link import Link
from stagekit.mark import mark_of
from stagekit.retry import Patience


def run(patience: Patience | None = None) -> int:
    """Bring everything that the stage may want; gives the exit code."""
    # The first process of a container dies of no signal that it does not handle.
    signal.signal(signal.SIGTERM, _on_term)
    try:
        return _run(patience)
    except Interrupted:
        text.say("interrupted: no mark is written")
        return contract.EXIT_INTERRUPTED


def _run(patience: Patience | None) -> int:
    try:
        given = environment.read(os.environ)
    except StageError as error:
        text.say_last(f"cannot start: {error}")
        return contract.EXIT_FAILED
    contact = Contact(given, exit_fenced, patience)
    contact.start()
    try:
        prepare(given, contact.link)
    except Refused as verdict:
        ending = Ending(contract.OUTCOME_REFUSED, verdict.reason, verdict.message)
        return _said(given, ending, contract.EXIT_REFUSED)
    except (StageError, OSError) as error:
        reason = error.reason if isinstance(error, StageError) else "InputsNotWritten"
        ending = Ending(contract.OUTCOME_FAILED, reason, str(error))
        return _said(given, ending, contract.EXIT_FAILED)
    finally:
        contact.stop()
    return contract.EXIT_OK


def prepare(given: Environment, link: Link) -> None:
    """Make the folders and fill them; raises Refused, StageError or OSError."""
    work = Path(given.work_dir)
    inputs, source = work / contract.IN_FOLDER, work / contract.INPUT_FOLDER
    for folder in (inputs, source, work / contract.OUT_FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
    brought = Inputs(link, inputs, given.stages, given.input_uri, source)
    brought.fetch_all()
    if given.input_items:
        item_lines.place(Chunk(link, brought, source), work, brought.source())
    params = json.dumps(dict(given.params), ensure_ascii=False)
    (work / contract.PARAMS_COPY).write_text(params, encoding="utf-8")
    announced = Path(os.environ.get(contract.ENV_INPUTS_FILE, ""))
    if announced.is_file():
        (work / contract.INPUTS_COPY).write_bytes(announced.read_bytes())


def _said(given: Environment, ending: Ending, code: int) -> int:
    text.say(f"inputs: {ending.reason}: {ending.message}")
    mark_of(given, ending).write(given.termination_file)
    return code


def _on_term(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted
