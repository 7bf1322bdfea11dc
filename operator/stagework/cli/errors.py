"""What a person sees when a command cannot do its work: the cause, and the next command to type.

CommandError            exit 1 (2 where time ran out)
├── ClusterUnreachable  no answer from the API server, or no kubeconfig
├── NotThere            the object (or the kind itself) does not exist
├── NotAllowed          RBAC: the missing right and the command that grants it
├── Refused             the server refuses what was sent
└── TimeRanOut          exit 2
"""

# These names read as sentences where they are caught: `except NotThere`.
# ruff: noqa: N818

from typing import Final

EXIT_OK: Final = 0
"""Done, or the run succeeded."""
EXIT_FAILED: Final = 1
"""The run failed, something was refused, or the command could not be carried out."""
EXIT_TIMEOUT: Final = 2
"""Time ran out before there was an answer (also: wrong usage, as everywhere)."""

EXIT_HELP: Final = (
    "Exit codes: 0 done (the run succeeded); 1 failed, refused, or could not be carried out "
    "(the cause and the next command are on stderr); 2 time ran out, or wrong usage."
)
"""Stands at the end of `--help`."""


class CommandError(Exception):
    """A command could not do its work."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, *, command: str = "") -> None:
        """`command` is what to type next."""
        super().__init__(message)
        self.message = message
        self.command = command

    def lines(self) -> list[str]:
        """The error as it is printed on stderr."""
        return [f"error: {self.message}", *([f"  next: {self.command}"] if self.command else [])]


class ClusterUnreachable(CommandError):
    """No answer from the API server, or no way to find it."""


class NotThere(CommandError):
    """The object does not exist."""


class NotAllowed(CommandError):
    """The caller lacks a right."""


class Refused(CommandError):
    """The server refuses what was sent."""


class TimeRanOut(CommandError):
    """No answer in time."""

    exit_code = EXIT_TIMEOUT
