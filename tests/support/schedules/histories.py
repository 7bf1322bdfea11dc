"""Histories of a schedule from a seed: deaths at any write, outages, pauses, what people ask."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stagework.children.slot_run import slot_of
from stagework.policies.schedules.timetable import Timetable, timetable_of
from tests.support.builders.schedules import make_schedule
from tests.support.schedules.world import ScheduleWorld, request

BEGAN: Final = datetime(2026, 3, 27, 12, tzinfo=UTC)
HOURS: Final = 72
SCHEDULES: Final[tuple[dict[str, Any], ...]] = (
    {"intervalSeconds": 900},
    {"intervalSeconds": 3700},
    {"cron": "*/20 * * * *"},
    {"cron": "30 1-23/2 * * *"},
    {"cron": "15,45 0-6 * * *"},
)
PROMPTLY: Final = timedelta(seconds=40)
"""So long it takes at most where nothing is in the way."""


@dataclass
class History:
    """One world and what has happened in it."""

    seed: int
    world: ScheduleWorld = field(init=False)
    untroubled: list[tuple[datetime, datetime]] = field(
        default_factory=list[tuple[datetime, datetime]]
    )
    """Times in which the operator and the API server were there, and nothing was paused."""
    paused: bool = False
    pauses: int = 0
    asked: int = 0
    skips_asked: int = 0

    def __post_init__(self) -> None:
        rng = self.rng = random.Random(self.seed)  # noqa: S311 - the same history for a seed
        spec: dict[str, Any] = {
            "timeZone": rng.choice(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
            "coalesce": rng.choice(["latest", "earliest", "all"]),
            "maxInstances": rng.choice([1, 1, 2, 4]),
            "onOverlap": rng.choice(["Skip", "Queue", "Replace"]),
            "jitterSeconds": rng.choice([0, 0, 30]),
            "successfulJobsHistoryLimit": rng.choice([0, 3]),
        }
        if rng.random() < 0.5:
            spec["misfireGraceSeconds"] = rng.choice([0, 300, 7200])
        schedule = make_schedule(rng.choice(SCHEDULES), created=BEGAN, **spec)
        self.world = ScheduleWorld(schedule, BEGAN, self._at_write, lasts=self._lasts)

    def play(self) -> None:
        """All of it, and a quiet end."""
        end = BEGAN + timedelta(hours=HOURS)
        self.world.act()
        while self.world.now < end:
            begin = self.world.now
            quiet = self.world.alive and self.world.api_answers and not self.paused
            self.world.go_on(begin + timedelta(seconds=self.rng.randint(1, 9000)))
            if quiet and self.world.alive:
                self.untroubled.append((begin, self.world.now))
            self._happen()
        self.world.at_write = lambda _: ""
        self.world.api_answers = True
        if not self.world.alive:
            self.world.start()
        self.world.go_on(self.world.now + timedelta(hours=6))

    @property
    def timetable(self) -> Timetable:
        """Its slots."""
        table = timetable_of(self.world.schedule.spec, BEGAN)
        assert isinstance(table, Timetable)
        return table

    def slots_made(self) -> Iterator[datetime]:
        """Slots of all runs that were ever made."""
        for name, _ in self.world.made:
            slot = slot_of("nightly", name)
            if slot is not None:
                yield slot

    def _lasts(self) -> tuple[float, bool]:
        return self.rng.choice([1.0, 60.0, 1500.0, 8000.0]), self.rng.random() < 0.9

    def _at_write(self, what: str) -> str:
        if self.rng.random() < 0.02:
            return self.rng.choice(["die before", "die after"])
        return "lose the answer" if what == "create" and self.rng.random() < 0.5 else ""

    def _happen(self) -> None:
        world = self.world
        if not world.alive:
            world.start()
        if not world.api_answers:
            world.api_answers = True
        match self.rng.randrange(8):
            case 0 | 1:
                world.die()
            case 2 | 3:
                world.api_answers = False
            case 4:
                self.paused = not self.paused
                self.pauses += 1
                world.change(suspend=self.paused)
            case 5 | 6:
                self.asked += 1
                verb = self.rng.choice(["RunNow", "SkipNext"])
                self.skips_asked += verb == "SkipNext"
                world.requests.append(request(verb, self.asked, world.now))
                world.act()
            case _:
                pass
