"""How the work of an attempt ended: an outcome of the contract, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stagekit import contract

_REASONS: Final = {
    contract.EXIT_REFUSED: "InputRefused",
    contract.EXIT_NOTHING_TO_DO: "NothingToDo",
}
_SIGNALS: Final = 128
"""A container that a signal has ended has this plus the signal's number as its exit code."""


@dataclass(frozen=True)
class Ending:
    """An outcome of the contract, and why."""

    outcome: str
    reason: str = ""
    message: str = ""
    skips: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages below it that are not needed, each with the reason."""

    @property
    def is_good(self) -> bool:
        """The stage is done."""
        return self.outcome in (contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED)


def from_code(code: int) -> Ending:
    """What the exit code of a program says; negative, as `subprocess` has it, for a signal."""
    outcome = contract.OUTCOME_OF_EXIT.get(code, contract.OUTCOME_FAILED)
    if outcome != contract.OUTCOME_FAILED:
        reason = _REASONS.get(code, "")
        return Ending(outcome, reason, f"the program ended with {code}" if reason else "")
    if code < 0:
        return _killed(-code)
    return Ending(contract.OUTCOME_FAILED, "NonZeroExit", f"the program ended with {code}")


def from_container(code: int) -> Ending:
    """What the exit code of a container says, as a kubelet reports it."""
    return _killed(code - _SIGNALS) if code > _SIGNALS else from_code(code)


def _killed(number: int) -> Ending:
    message = f"the program was killed by signal {number}"
    return Ending(contract.OUTCOME_FAILED, "KilledBySignal", message)
