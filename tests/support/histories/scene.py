"""What all who act upon a world share: the world, one source of chance, and the story so far."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from tests.support.fakeapi.resources import PIPELINE_JOBS, Resource
from tests.support.fakeapi.store import Key
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

T = TypeVar("T")
Deed = Callable[[], str]
"""Something happens; answers what, or nothing where there was nothing that it could happen to."""


@dataclass
class Scene:
    """One world while it is being played."""

    world: World
    timescale: VirtualTime
    rng: random.Random
    story: list[str] = field(default_factory=list[str])
    """What has happened, in order, with the second of the world's time."""
    deeds: Counter[str] = field(default_factory=Counter[str])
    """How often what happened to it."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def note(self, what: str) -> None:
        """Note something for whoever has to find out what went wrong."""
        if what:
            self.story.append(f"{self.timescale.seconds:7.1f} s  {what}")

    def note_deed(self, deed: Deed, what: str) -> None:
        """Note what came of it, and count it where something did."""
        self.note(what)
        if what:
            whose, _, which = deed.__qualname__.partition(".")
            self.deeds[f"{whose}: {which.replace('_', ' ')}"] += 1

    def chance(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.rng.random() < share

    def number(self) -> int:
        """One that was not given before."""
        return next(self._numbers)

    def any_of(self, resource: Resource, namespace: str = NAMESPACE) -> Key | None:
        """Some object; None where there is none."""
        keys = sorted(self.world.store.tables[resource].objects)
        inside = [key for key in keys if not resource.namespaced or key[0] == namespace]
        return self.rng.choice(inside) if inside else None

    def a_run(self) -> str:
        """The name of some run; empty where there is none."""
        key = self.any_of(PIPELINE_JOBS)
        return key[1] if key is not None else ""

    def change(self, resource: Resource, key: Key, **fields: Any) -> None:
        """Change an object as nobody checks."""
        self.world.store.patch(resource, *key, fields)
