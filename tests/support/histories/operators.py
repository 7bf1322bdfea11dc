"""What happens to the operator: it dies at a write, is replaced, is doubled, and clocks are set."""

import asyncio
from typing import Final

from tests.support.histories.scene import Deed, Scene
from tests.support.operators.crash import CrashPoint, Moment

HOUR: Final = 3600.0
_MOMENTS: Final[tuple[Moment, ...]] = ("before it is sent", "after it is committed")


class Operators:
    """Those who lead, stand by, and have died."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._point: CrashPoint | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [(4, self.die_at_a_write), (2, self.replace), (2, self.set_a_clock)]

    def die_at_a_write(self) -> str:
        """At one of its next ones, before it is done or before its answer comes."""
        scene, rng = self._scene, self._scene.rng
        if self._is_dying():
            return ""
        moment = rng.choice(_MOMENTS)
        down = rng.choice((0.0, 5.0, 60.0))
        self._point = CrashPoint(scene.world, rng.randint(1, 8), moment, down)
        self._point.arm()
        return f"the operator is to die at write {self._point.index} from here, {moment}"

    def replace(self) -> str:
        """It is stopped or killed; the next one comes at once or later, and waits for the Lease."""
        scene = self._scene
        if self._is_dying():
            return ""
        killed, wait = scene.chance(0.5), scene.rng.choice((0.0, 30.0))
        self._tasks.append(asyncio.create_task(self._replace(killed=killed, wait=wait)))
        return (
            f"the operator is {'killed' if killed else 'stopped'}, the next comes {wait:.0f} s on"
        )

    def set_a_clock(self) -> str:
        """By an hour, forwards or backwards: the operator's, the nodes', or everybody's."""
        scene = self._scene
        hour = scene.rng.choice((HOUR, -HOUR))
        whose = scene.rng.choice(("operator", "nodes", "all"))
        if whose == "operator":
            scene.timescale.operators_ahead += hour
        elif whose == "nodes":
            scene.world.simulator.kubelets.reports.ahead += hour
        else:
            scene.timescale.jump(hour)
        return f"clocks ({whose}) are set by {hour:+.0f} s"

    async def finish(self) -> None:
        """It dies no more, and one is there."""
        if self._point is not None:
            await self._point.restarted()
            self._point.index = 0
        await asyncio.gather(*self._tasks)

    def _is_dying(self) -> bool:
        if any(not task.done() for task in self._tasks):
            return True
        point = self._point
        return point is not None and not point.is_over

    async def _replace(self, *, killed: bool, wait: float) -> None:
        world = self._scene.world
        operator = world.operators.pop()
        await (operator.kill() if killed else operator.stop())
        await asyncio.sleep(wait)
        world.start_operator()
