"""Which children have the answers to our own creates told of? Only these are an object's own.

What a child says of itself is no proof: whoever may create Jobs can write any label, and any owner
reference. The uid in the answer to a create of ours (or to an adoption, where the one that exists
is as we would have made it) cannot be forged. The status records it; until then it is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stagework.plans.plan import Purpose


class Child(NamedTuple):
    """A child that exists under a name of ours."""

    purpose: Purpose
    """What it was made for."""
    uid: str


@dataclass(frozen=True)
class Made:
    """What this process has learnt of one object's children, by their names."""

    children: Mapping[str, Child] = field(default_factory=dict[str, Child])
    """Its own, the newest last."""
    taken: Mapping[str, Purpose] = field(default_factory=dict[str, Purpose])
    """Names under which somebody else's objects stand in the way."""

    def taken_for(self, purpose: Purpose) -> int:
        """How many names somebody else has taken of what is to be made for this."""
        return sum(wanted == purpose for wanted in self.taken.values())


NOTHING_MADE = Made()
"""As after a start."""


class MadeChildren:
    """Keeps it for one object."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._taken: dict[str, Purpose] = {}

    def note(self, name: str, purpose: Purpose, uid: str) -> None:
        """One was made, or adopted."""
        self._children.pop(name, None)
        self._children[name] = Child(purpose, uid)
        self._taken.pop(name, None)

    def note_taken(self, name: str, purpose: Purpose) -> None:
        """An object of that name exists, and is none of ours."""
        self._taken[name] = purpose
        self._children.pop(name, None)

    def view(self) -> Made:
        """All of it, as it is now."""
        return Made(dict(self._children), dict(self._taken))
