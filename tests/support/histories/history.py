"""One world, from its seed to its end."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.simulator import Delays
from tests.support.histories.api_server import ApiServer
from tests.support.histories.containers import Containers
from tests.support.histories.limits import Limits
from tests.support.histories.machines import Machines
from tests.support.histories.operators import Operators
from tests.support.histories.people import People
from tests.support.histories.removals import Removals
from tests.support.histories.scene import Deed, Scene
from tests.support.histories.strangers import Strangers
from tests.support.histories.watched_world import WatchedWorld
from tests.support.histories.witness import Witness
from tests.support.operators.setup import settings
from tests.support.operators.timescale import VirtualTime

BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END_SECONDS: Final = 4000.0
"""So long after the last deed everything has ended."""
POLL_SECONDS: Final = 2.0
"""How often that is asked."""
CLEAN_UP_SECONDS: Final = 150.0
"""After that what was left behind is gone."""
CALM_SECONDS: Final = 60.0
"""So long it is watched whether anything is done for nothing."""
_WRITES: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass
class Outcome:
    """How a history went."""

    seed: int
    wrong: list[str] = field(default_factory=list[str])
    story: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    """Of the world's own time."""
    deeds: dict[str, int] = field(default_factory=dict[str, int])
    """How often what happened to it, by whose and which deed."""
    writes: dict[str, int] = field(default_factory=dict[str, int])
    """How often what was written, such as `POST jobs`; Leases and Events are left out."""

    def __str__(self) -> str:
        return "\n  ".join([f"seed {self.seed}:", *self.wrong, "it went so:", *self.story])


class History:
    """All that happens to one world."""

    def __init__(self, scene: Scene, world: WatchedWorld, machines: int, slots: int) -> None:
        self._scene = scene
        self._people = People(scene)
        self._machines = Machines(scene, machines)
        self._limits = Limits(scene)
        self._api_server = ApiServer(scene)
        self._operators = Operators(scene)
        strangers = Strangers(scene)
        self._witness = Witness(world, strangers, machines * slots)
        kinds = (
            self._people,
            Removals(scene),
            self._machines,
            self._limits,
            self._api_server,
            self._operators,
            strangers,
        )
        self._deeds = [entry for kind in kinds for entry in kind.deeds()]

    async def play(self) -> list[str]:
        """What went wrong."""
        await self._happen()
        if not await self._ends():
            # What hangs and was left to go on has its machine until somebody ends it.
            self._scene.note(self._witness.end_what_was_left())
            if not await self._ends():
                self._scene.note("it has not ended")
        await asyncio.sleep(CLEAN_UP_SECONDS)
        self._witness.count_from_here()
        await asyncio.sleep(CALM_SECONDS)
        self._check_operators()
        return self._witness.all_wrong()

    async def _ends(self) -> bool:
        """Whether all that can end does, in a long time."""
        try:
            async with asyncio.timeout(END_SECONDS):
                while self._witness.unended() or self._witness.unanswered():
                    self._check_operators()
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True

    async def _happen(self) -> None:
        scene = self._scene
        self._people.have_pipeline()
        scene.note(self._people.create())
        weights = [weight for weight, _ in self._deeds]
        deeds = [deed for _, deed in self._deeds]
        for deed in scene.rng.choices(deeds, weights, k=scene.rng.randint(5, 30)):
            scene.note_deed(deed, _try(deed))
            await asyncio.sleep(scene.rng.choice((0.0, 0.1, 2.0, 2.0, 15.0)))
            self._check_operators()
        await self._operators.finish()
        for kind in (self._api_server, self._limits, self._machines, self._people):
            kind.finish()
        scene.note("everything works again")

    def _check_operators(self) -> None:
        for operator in self._scene.world.operators:
            if operator.failed is not None:
                raise operator.failed


def _try(deed: Deed) -> str:
    try:
        return deed()
    except Failure:
        return ""  # what it was to happen to is gone, or a limit is in its way


async def _live(timescale: VirtualTime, seed: int, outcome: Outcome) -> None:
    rng = random.Random(seed)  # noqa: S311 - a history, no secret
    machines, slots = rng.choice((1, 1, 2)), rng.choice((1, 1, 2, 3))
    of = settings(slots=slots, lookAhead=rng.choice((0, 2, 2)))
    delays = Delays(create=rng.choice((0.0, 0.5)), start=rng.choice((0.0, 1.0)), pod_gc=1.0)
    async with WatchedWorld(timescale, of=of, machines=machines, delays=delays) as world:
        scene = Scene(world, timescale, rng, outcome.story)
        containers = Containers(random.Random(f"containers {seed}"))  # noqa: S311
        world.simulator.kubelets.behave = containers.behave
        history = History(scene, world, machines, slots)
        world.start_operator()
        try:
            outcome.wrong = await history.play()
        except Exception as error:  # noqa: BLE001 - the operator has died of it
            outcome.wrong = [repr(error)]
        outcome.seconds, outcome.deeds = timescale.seconds, dict(scene.deeds)
        requests = world.fake.record.counts
        outcome.writes = {what: times for what, times in requests.items() if _is_write(what)}


def _is_write(what: str) -> bool:
    verb, _, resource = what.partition(" ")
    return verb in _WRITES and resource not in {"leases", "events"}


def play(seed: int) -> Outcome:
    """The history of that seed."""
    random.seed(seed)  # what the operator throws dice for
    outcome, timescale = Outcome(seed), VirtualTime(BEGAN)
    try:
        timescale.run(_live(timescale, seed, outcome))
    except Exception as error:  # noqa: BLE001 - one more operator has died, unseen before
        outcome.wrong.append(repr(error))
    return outcome
