"""Which of the stages that a stage says are not needed may it leave out?

Only those below it: what does not depend on it may be at work, or have ended.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple


class SkipsBelow(NamedTuple):
    """What follows from the names that a stage has given."""

    skips: dict[str, str]
    """Stages that are left out, each with the reason."""
    refusal: str
    """A sentence about the others; empty where there are none."""


def skips_below(stage: str, named: Mapping[str, str], below: Collection[str]) -> SkipsBelow:
    """`named`: stage name to reason, as `stage` has given it; `below`: its descendants."""
    skips = {name: reason for name, reason in named.items() if name in below}
    others = [name for name in named if name not in below]
    if not others:
        return SkipsBelow(skips, "")
    verb = "is no stage" if len(others) == 1 else "are no stages"
    return SkipsBelow(skips, f"not skipped: {', '.join(others)} {verb} below {stage}")
