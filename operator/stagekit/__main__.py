"""Command line: `stagekit run -- COMMAND` and `stagekit mark --outcome Succeeded`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from stagekit import command, contract, environment, mark, text, values
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
    options = parser.parse_args(list(arguments))
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
