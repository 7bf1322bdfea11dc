"""What becomes of one Intervention, and why one is refused whatever kind it aims at.

Shared by all kinds; what a kind itself refuses is said by its policy.
"""

from dataclasses import dataclass

from stagework.api.intervention import RefusedStage

UNKNOWN_VERB = "UnknownVerb"
"""The target's kind does not take this verb."""
TARGET_NOT_FOUND = "TargetNotFound"
"""No object of that kind and name exists in this namespace."""
TARGET_REPLACED = "TargetReplaced"
"""The object of that name is another one than the request means (its uid differs)."""


@dataclass(frozen=True)
class Judgement:
    """The answer to one Intervention."""

    affected: tuple[str, ...] = ()
    """Stages that it changes itself; of items how many, in words."""
    refused: tuple[RefusedStage, ...] = ()
    """Stages, or items, left alone, with reasons."""
    items: int | None = None
    """Of a request about items: so many are affected."""

    @property
    def count(self) -> int:
        """How many stages, or items, it changes itself."""
        return len(self.affected) if self.items is None else self.items

    @property
    def requested(self) -> int:
        """How many were asked for."""
        return self.count + sum(1 for refusal in self.refused if refusal.stage)


def refused_whole(reason: str) -> Judgement:
    """Nothing of the request is done, for this one reason."""
    return Judgement(refused=(RefusedStage(stage="", reason=reason),))
