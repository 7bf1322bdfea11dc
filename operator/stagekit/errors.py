"""Every error of stagekit, as a tree.

StageError                the stage fails; it may be tried again
├── MissingInput          an input file is not there
├── DigestMismatch        an input arrived damaged, several times
├── OutputsUnreadable     something in `out/` cannot be read, or not be stored under its name
├── ContractError         the environment is not what the operator promises
├── ServiceRefused        the API service said no (4xx): trying again is of no use now
└── ServiceUnavailable    the API service gave no useful answer for too long
Verdict                   said by the stage itself, not a fault of the code
├── Refused               the input can never work: no further attempts
├── Skip                  there is nothing to do: counts as done
└── Defer                 it cannot be done now: tried again later, which costs no attempt
Interrupted               SIGTERM (a BaseException: stage code must not swallow it)
"""

# ruff: noqa: N818  (stage authors read `raise Skip`, `except MissingInput`)

from __future__ import annotations


class StageError(Exception):
    """The stage fails with `reason` (CamelCase) and a message; it may be tried again."""

    reason = "StageError"


class MissingInput(StageError):
    """An input that the stage asked for is not among the committed files."""

    reason = "MissingInput"


class DigestMismatch(StageError):
    """An input's bytes differ from what the stage before it has written down."""

    reason = "InputDamaged"


class OutputsUnreadable(StageError):
    """Something in `out/` cannot be read, or not be stored under its name."""

    reason = "OutputsUnreadable"


class ContractError(StageError):
    """A variable or file of the stage contract is absent or unreadable."""

    reason = "BadEnvironment"


class ServiceRefused(StageError):
    """The API service refused a request; `status` is its HTTP status."""

    reason = "ServiceRefused"

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ServiceUnavailable(StageError):
    """The API service gave no useful answer, however patiently it was asked."""

    reason = "ServiceUnavailable"


class Verdict(Exception):
    """What a stage says about itself: a reason in CamelCase and a sentence for people."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message


class Refused(Verdict):
    """The input is bad and will stay so: the stage fails, without further attempts."""


class Skip(Verdict):
    """There is nothing to do; the stage counts as done, with this reason."""


class Defer(Verdict):
    """Something outside is away for now: the stage ends, and is started again later."""


class Interrupted(BaseException):
    """SIGTERM came: the work ends at once, and no mark is written."""
