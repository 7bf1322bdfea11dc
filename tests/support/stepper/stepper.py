"""A whole run in a test's hand: people, time, and what is stored; the engine plays beside it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import PlanSettings
from stagework.plans.plan import Event, Fact
from tests.support.builders import T0, make_fleet, make_node
from tests.support.builders.world import POD_DEFAULTS
from tests.support.stepper.behaviour import Script
from tests.support.stepper.engine import PlayedEngine
from tests.support.stepper.invariants import Invariants
from tests.support.stepper.own_objects import OwnObjects
from tests.support.stepper.pretend import PretendCluster

SECOND = timedelta(seconds=1)


class Record:
    """What is stored, and what the operator has done so far."""

    def __init__(self, stored: OwnObjects, engine: PlayedEngine) -> None:
        self._stored = stored
        self._engine = engine

    @property
    def runs(self) -> dict[str, PipelineJob]:
        """All runs by uid."""
        return self._stored.runs

    @property
    def requests(self) -> list[Intervention]:
        """All Interventions."""
        return self._stored.requests

    @property
    def run(self) -> PipelineJob:
        """The first run."""
        return next(iter(self.runs.values()))

    def stage(self, name: str) -> StageStatus:
        """The stored status of a stage of the first run."""
        status = self.run.status.stage_named(name)
        assert status is not None, f"{name} has no status"
        return status

    def states(self) -> dict[str, str]:
        """Stage to state, as stored."""
        return {stage.name: stage.state for stage in self.run.status.stages}

    @property
    def events(self) -> list[Event]:
        """Events so far."""
        return self._engine.events

    @property
    def facts(self) -> list[Fact]:
        """Facts so far."""
        return self._engine.facts

    @property
    def points(self) -> int:
        """Writes so far: before and after each of them the operator may be killed."""
        return self._engine.points

    @property
    def crashes(self) -> int:
        """How often the operator was killed."""
        return self._engine.crashes

    @property
    def status_writes(self) -> int:
        """Statuses written so far."""
        return self._engine.status_writes


class Stepper(Record):
    """Runs in a pretended cluster; time goes by in seconds, and only where something is due."""

    def __init__(
        self,
        *runs: PipelineJob,
        script: Script | None = None,
        nodes: Sequence[NodeView] = (),
        fleet: Fleet | None = None,
        look_ahead: int = 2,
        crash_at: int | None = None,
        forgetful: bool = False,
    ) -> None:
        """`crash_at`: killed at that write. `forgetful`: what is not urgent is never written."""
        self.now = T0
        stored = OwnObjects(runs)
        known = nodes or [
            make_node("gpu-0", "gpu"),
            make_node("macmini-0", "macmini"),
            make_node("macbook-0", "macbook"),
        ]
        self.cluster = PretendCluster({node.metadata.name: node for node in known}, script or {})
        engine = PlayedEngine(
            stored,
            self.cluster,
            PlanSettings(fleet or make_fleet(), POD_DEFAULTS, look_ahead, 3600),
            Invariants(self.cluster),
            lambda: self.now,
            crash_at=crash_at,
            forgetful=forgetful,
        )
        super().__init__(stored, engine)
        self.cluster.changed = engine.mark
        self.store_answers = True
        self._appointments: list[tuple[datetime, Callable[[], None]]] = []

    def live_pod(self, stage: str) -> str:
        """Uid of the newest Pod of a stage of the first run."""
        own = [
            p
            for p in self.cluster.pods.values()
            if p.metadata.labels["stagework.dev/stage"] == stage
        ]
        return max(own, key=lambda p: p.metadata.creation_timestamp).metadata.uid

    # --- people, machines, misfortune -----------------------------------------------------------

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something at that many seconds after the beginning."""
        self._appointments.append((T0 + timedelta(seconds=seconds), act))

    def ask(self, request: Intervention) -> None:
        """A person creates an Intervention."""
        self._stored.requests.append(request)
        self._engine.mark_all()

    def change_spec(self, **changes: Any) -> None:
        """A person edits the first run."""
        run = self.run
        meta = run.metadata.model_copy(update={"generation": run.metadata.generation + 1})
        spec = run.spec.model_copy(update=changes)
        self._engine.changed_by_others(run.model_copy(update={"metadata": meta, "spec": spec}))

    def set_node(self, name: str, *, ready: bool) -> None:
        """A node comes or goes away."""
        old = self.cluster.nodes[name]
        machine = old.metadata.labels["stagework.dev/machine"]
        self.cluster.nodes[name] = make_node(name, machine, ready=ready)
        self._engine.nodes_changed()

    def restart(self) -> None:
        """Kill the operator: everything that is only in memory is lost."""
        self._engine.restart()

    # --- time -----------------------------------------------------------------------------------

    def until(self, done: Callable[[], bool], limit: int = 1000) -> "Stepper":
        """Let time pass until something holds; fails after `limit` seconds."""
        for _ in range(limit):
            self.second()
            if done():
                return self
        raise AssertionError(f"not within {limit} s: {self.states()}, {self.run.status.message}")

    def to_end(self, limit: int = 1000) -> "Stepper":
        """Until every run is over and nothing more is being written."""
        self.until(lambda: all(run.status.ended for run in self.runs.values()), limit)
        return self.pass_seconds(3)

    def pass_seconds(self, seconds: int) -> "Stepper":
        """Let so much time pass."""
        for _ in range(seconds):
            self.second()
        return self

    def operator_away(self, seconds: int) -> None:
        """Let the cluster go on while no operator is there."""
        for _ in range(seconds):
            self.now += SECOND
            self.cluster.tick(self.now)

    def second(self) -> None:
        """One second: people, the cluster, the artifact store, then the operator."""
        self.now += SECOND
        for moment, act in [(m, a) for m, a in self._appointments if m <= self.now]:
            self._appointments.remove((moment, act))
            act()
        self.cluster.tick(self.now)
        if self.store_answers:
            self._engine.answer_questions()
        self._engine.answer_reads()
        self._engine.work()
