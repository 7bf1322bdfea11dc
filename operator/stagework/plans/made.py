"""Which children have the answers to our own creates told of? Only these are an object's own.

What a child says of itself is no proof: whoever may create Jobs can write any label, and any owner
reference. The uid in the answer to a create of ours (or to an adoption, where the one that exists
is as we would have made it) cannot be forged. The status records it; until then it is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stagework.plans.plan import Purpose

NAMES_TRIED: Final = 20
"""So many names of what is made for one purpose are tried; the last of them is waited for."""

KEPT: Final = 1024
"""So many children of one object are remembered: the newest, long after the status has them."""


class Child(NamedTuple):
    """A child that exists under a name of ours."""

    purpose: Purpose
    """What it was made for."""
    uid: str
    kind: str = ""
    """Its kind."""


@dataclass(frozen=True)
class Made:
    """What this process has learnt of one object's children, by their names."""

    children: Mapping[str, Child] = field(default_factory=dict[str, Child])
    """Its own, the newest last."""
    taken: Mapping[str, Purpose] = field(default_factory=dict[str, Purpose])
    """Names under which somebody else's objects stand in the way."""
    accepted: Mapping[str, Purpose] = field(default_factory=dict[str, Purpose])
    """Names of children that the API server would make, as a dry run has told."""


NOTHING_MADE = Made()
"""As after a start."""


class MadeChildren:
    """Keeps it for one object."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._taken: dict[str, Purpose] = {}
        self._accepted: dict[str, Purpose] = {}

    def note(self, name: str, purpose: Purpose, uid: str, kind: str = "") -> bool:
        """One was made, or adopted; True: there was another one of that name, and it has gone."""
        before = self._children.pop(name, None)
        self._children[name] = Child(purpose, uid, kind)
        if len(self._children) > KEPT:
            del self._children[next(iter(self._children))]
        self._taken.pop(name, None)
        self._accepted.pop(name, None)
        return before is not None and before.uid != uid

    def note_accepted(self, name: str, purpose: Purpose) -> None:
        """The API server would make it."""
        self._accepted[name] = purpose
        if len(self._accepted) > KEPT:
            del self._accepted[next(iter(self._accepted))]

    def note_taken(self, name: str, purpose: Purpose) -> bool:
        """An object of that name exists, and is none of ours; True: another name is tried.

        Where so many are taken it is waited for: whoever takes names could go on for ever.
        """
        self._children.pop(name, None)
        before = sum(wanted == purpose for wanted in self._taken.values())
        if before >= NAMES_TRIED - 1:
            return False
        self._taken[name] = purpose
        return True

    def view(self) -> Made:
        """All of it, as it is now."""
        return Made(dict(self._children), dict(self._taken), dict(self._accepted))
