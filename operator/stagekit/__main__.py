"""Command line: `stagekit run -- COMMAND` and `stagekit mark --outcome Succeeded`.

`fetch` and `keep` are what our own containers of a `contract: Files` stage do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from stagekit import (
    background,
    command,
    contract,
    environment,
    fetch,
    item_lines,
    keep,
    mark,
    text,
    values,
)
from stagekit.errors import ContractError, StageError


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; gives the exit code."""
    parser = argparse.ArgumentParser(prog="stagekit", description="Takes part in a pipeline.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run_verb = verbs.add_parser("run", help="run a program as this Pod's stage")
    run_verb.add_argument(
        "--grace-seconds",
        type=float,
        default=command.TERM_GRACE_SECONDS,
        help="from SIGTERM to SIGKILL of the program (default: %(default)s)",
    )
    run_verb.add_argument("command", nargs="+", metavar="COMMAND")
    _add_mark(verbs.add_parser("mark", help="write this stage's completion mark, or values"))
    verbs.add_parser("fetch", help="bring the inputs of a Files stage, in a container before it")
    verbs.add_parser("keep", help="keep the outputs of a Files stage, in a container beside it")
    _add_item(verbs.add_parser("item", help="say what has become of an item of the batch"))
    _add_job(verbs.add_parser("job", help="tell the board of a background job, if it listens"))
    options = parser.parse_args(list(arguments))
    if options.verb == "job":
        return _job(options)
    if options.verb == "item":
        return _item(options)
    if options.verb == "fetch":
        return fetch.run()
    if options.verb == "keep":
        return keep.run()
    if options.verb == "run":
        return command.run(options.command, grace_seconds=options.grace_seconds)
    return _mark(options)


def _add_mark(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--outcome", choices=sorted(contract.OUTCOMES), help="default: Succeeded")
    verb.add_argument("--reason", default="", help="one CamelCase word")
    verb.add_argument("--message", default="", help="a sentence of at most 128 bytes")
    verb.add_argument("--digest", default="", help="sha256 of the uploaded result.json")
    verb.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="STAGE=REASON",
        help="a stage below this one is not needed; may be repeated",
    )
    verb.add_argument(
        "--value",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a small value for people, below `stagekit run`; may be repeated. With nothing else "
        "the exit code stays the outcome",
    )


def _add_item(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("word", choices=[item_lines.BEGIN, *item_lines.STATES])
    verb.add_argument("number", type=int, help="its number, as in the list of items")
    verb.add_argument("reason", nargs="?", default="", help="one CamelCase word")
    verb.add_argument("message", nargs="?", default="", help="a sentence of at most 128 bytes")


def _add_job(verb: argparse.ArgumentParser) -> None:
    steps = verb.add_subparsers(dest="step", required=True)
    start = steps.add_parser("start", help="it begins; prints its id")
    start.add_argument("kind", help="what kind of work it is, such as reindex")
    start.add_argument("--label", default="", help="what people see")
    start.add_argument("--id", default="", help="its own name; begins anew under a known one")
    start.add_argument("--total", type=int, help="how much there is to do")
    start.add_argument("--machine", default="", help="machine class that does it")
    beat = steps.add_parser("heartbeat", help="it is at work")
    beat.add_argument("id")
    beat.add_argument("--processed", type=int, help="how much is done")
    beat.add_argument("--total", type=int, help="how much there is to do")
    finish = steps.add_parser("finish", help="it has ended")
    finish.add_argument("id")
    finish.add_argument("--processed", type=int, help="how much was done")
    finish.add_argument("--error", default="", help="why it has failed; absent: it has not")


def _job(options: argparse.Namespace) -> int:
    """Whatever becomes of it, the program that called goes on."""
    if options.step == "start":
        machine, total = options.machine, options.total
        own = background.start_job(
            options.kind, options.label, total=total, id=options.id, machine=machine
        )
        with contextlib.suppress(OSError):
            sys.stdout.write(f"{own}\n")
            sys.stdout.flush()
    elif options.step == "heartbeat":
        background.heartbeat(options.id, options.processed, options.total)
    else:
        background.finish_job(options.id, options.error, processed=options.processed)
    return contract.EXIT_OK


def _item(options: argparse.Namespace) -> int:
    file = os.environ.get(contract.ENV_ITEM_OUTCOMES_FILE, "")
    if not file:
        text.say(f"{contract.ENV_ITEM_OUTCOMES_FILE} is not set: this run has no items of a batch")
        return contract.EXIT_FAILED
    line = item_lines.line_of(options.word, options.number, options.reason, options.message)
    try:
        item_lines.add(Path(file), line)
    except OSError as error:
        text.say(f"nothing said of item {options.number}: {error}")
        return contract.EXIT_FAILED
    return contract.EXIT_OK


def _mark(options: argparse.Namespace) -> int:
    try:
        given = environment.read(os.environ)
        if options.value:
            _write_values(options.value)
        if _says_how_it_ended(options):
            _write_mark(options, given)
    except (StageError, OSError, ValueError) as error:
        text.say(f"no mark written: {error}")
        return contract.EXIT_FAILED
    return contract.EXIT_OK


def _says_how_it_ended(options: argparse.Namespace) -> bool:
    said = options.outcome or options.reason or options.message or options.digest or options.skip
    return bool(said) or not options.value


def _write_mark(options: argparse.Namespace, given: environment.Environment) -> None:
    """What another call has said of skips before stays said."""
    skips = mark.skips_of(mark.read(given.termination_file) or {})
    for pair in options.skip:
        skips = mark.with_skip(skips, *_pair(pair, "--skip STAGE=REASON"))
    mark.Mark(
        stage=given.stage,
        attempt=given.attempt,
        pod=given.pod_uid,
        outcome=options.outcome or contract.OUTCOME_SUCCEEDED,
        digest=options.digest,
        reason=options.reason,
        message=options.message,
        skips=skips,
    ).write(given.termination_file)


def _write_values(pairs: Sequence[str]) -> None:
    file = os.environ.get(contract.ENV_VALUES_FILE, "")
    if not file:
        raise ContractError(
            "--value works below `stagekit run`, which stores it with the results; by hand, write "
            "`values` into result.json"
        )
    named = (_pair(pair, "--value NAME=VALUE") for pair in pairs)
    values.add(Path(file), {name: values.of_text(value) for name, value in named})


def _pair(given: str, form: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator:
        raise ContractError(f"not of the form {form}: {given!r}")
    return name, value


def run() -> None:
    """Entry point of the `stagekit` command."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
