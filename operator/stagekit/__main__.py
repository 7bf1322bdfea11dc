"""Command line: `stagekit run -- COMMAND` and `stagekit mark --outcome Succeeded`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from stagekit import command, contract, environment, text
from stagekit.errors import StageError
from stagekit.mark import Mark


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
    mark_verb = verbs.add_parser("mark", help="write this stage's completion mark")
    mark_verb.add_argument("--outcome", required=True, choices=sorted(contract.OUTCOMES))
    mark_verb.add_argument("--reason", default="", help="one CamelCase word")
    mark_verb.add_argument("--message", default="", help="a sentence of at most 128 bytes")
    mark_verb.add_argument("--digest", default="", help="sha256 of the uploaded result.json")
    options = parser.parse_args(list(arguments))
    if options.verb == "run":
        return command.run(options.command, grace_seconds=options.grace_seconds)
    return _mark(options)


def _mark(options: argparse.Namespace) -> int:
    try:
        given = environment.read(os.environ)
        Mark(
            stage=given.stage,
            attempt=given.attempt,
            pod=given.pod_uid,
            outcome=options.outcome,
            digest=options.digest,
            reason=options.reason,
            message=options.message,
        ).write(given.termination_file)
    except (StageError, OSError) as error:
        text.say(f"no mark written: {error}")
        return contract.EXIT_FAILED
    return contract.EXIT_OK


def run() -> None:
    """Entry point of the `stagekit` command."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
