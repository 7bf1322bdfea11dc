"""A fake cluster with machines, people and operators in it, all at one timescale."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self

from stagework.api.kinds import Kind
from stagework.settings import Settings
from stagework.wiring import LEASE_NAME
from tests.support.fakeapi.kubelet import Behave
from tests.support.fakeapi.resources import (
    INTERVENTIONS,
    LEASES,
    PIPELINE_JOBS,
    Json,
)
from tests.support.fakeapi.server import FakeApi
from tests.support.fakeapi.simulator import Delays, Simulator, succeed
from tests.support.fakeapi.store import Store, Stored
from tests.support.operators.commits import CommitLog
from tests.support.operators.inprocess import Operator
from tests.support.operators.results import SimulatedFacts, SimulatedResults
from tests.support.operators.rights import all_rights, of_the_operator
from tests.support.operators.setup import NAMESPACE, RELEASE_NAMESPACE, settings
from tests.support.operators.sharedtime import SharedTime
from tests.support.operators.timescale import VirtualTime
from tests.support.recorded import stages_of

POLL_SECONDS: Final = 0.2
"""How often a condition is checked."""


class World:
    """Use within the `run` of its timescale; `async with` it."""

    def __init__(
        self,
        timescale: VirtualTime | SharedTime,
        *,
        behave: Behave = succeed,
        delays: Delays | None = None,
        of: Settings | None = None,
        machines: int = 1,
        kinds: tuple[Kind, ...] = (),
    ) -> None:
        """`kinds`: more than those of the product, with all rights."""
        self.timescale = timescale
        self.store = Store(wall_clock=timescale.wall_clock)
        self.fake = FakeApi(self.store, rights=of_the_operator() | all_rights(kinds))
        self.faults = self.fake.faults
        self.commits = CommitLog(self.store)
        self.simulator = Simulator(self.store, behave=behave, delays=delays)
        self.simulator.add_machines(gpu=machines, macmini=machines, macbook=machines)
        self.invariants = self.simulator.invariants
        self.results = SimulatedResults(self.simulator.kubelets)
        self.facts = SimulatedFacts()
        self.settings = of or settings()
        self.operators: list[Operator] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.fake.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for operator in self.operators:
            await operator.kill()
        self.simulator.close()
        await self.fake.__aexit__()

    def start_operator(self, **differences: Any) -> Operator:
        """One more operator; `differences`: what it is built of, see `Operator`."""
        built: dict[str, Any] = {"facts": self.facts, **differences}
        made = Operator(self.fake.url, self.settings, self.results, self.timescale, **built)
        made.start()
        self.operators.append(made)
        return made

    def run_out_lease(self) -> None:
        """As if the dead holder's 15 s had passed."""
        key = (RELEASE_NAMESPACE, LEASE_NAME)
        if key in self.store.tables[LEASES].objects:
            self.store.patch(LEASES, *key, {"spec": {"holderIdentity": ""}})

    def apply(self, name: str, stages: list[Json], **spec: Any) -> Stored:
        """A PipelineJob with stages of its own; they write marks unless they say another."""
        marked = [{"contract": "Mark", **stage} for stage in stages]
        body = {"metadata": {"name": name}, "spec": {"stages": marked, **spec}}
        return self.store.create(PIPELINE_JOBS, NAMESPACE, body)

    def change(self, run: str, **spec: Any) -> Stored:
        """A person edits a run."""
        return self.store.patch(PIPELINE_JOBS, NAMESPACE, run, {"spec": spec})

    def ask(self, name: str, verb: str, *stages: str, of: str, **spec: Any) -> Stored:
        """An Intervention of a person."""
        target = {"kind": "PipelineJob", "name": of}
        body: Json = {"target": target, "verb": verb, "stages": list(stages), **spec}
        return self.store.create(
            INTERVENTIONS, NAMESPACE, {"metadata": {"name": name}, "spec": body}
        )

    def answer(self, name: str) -> Json:
        """What was answered to an Intervention; empty before that."""
        return self.store.get(INTERVENTIONS, NAMESPACE, name).data.get("status", {})

    def run(self, name: str) -> Json:
        """A run as it is stored."""
        return self.store.get(PIPELINE_JOBS, NAMESPACE, name).data

    def summary(self, name: str) -> str:
        """`status.summary` of a run."""
        return self.run(name).get("status", {}).get("summary", "")

    def stage(self, run: str, name: str) -> Json:
        """The status of a stage; empty before the run is accepted."""
        absent: Json = {}
        return next((stage for stage in stages_of(self.run(run)) if stage["name"] == name), absent)

    def when(self, condition: Callable[[], bool], action: Callable[[], object]) -> None:
        """A person who waits for something and then acts, once."""

        async def watch() -> None:
            while not condition():  # noqa: ASYNC110 - any condition
                await asyncio.sleep(POLL_SECONDS)
            action()

        task = asyncio.create_task(watch())
        self._tasks.add(task)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait for a condition (seconds of the fast clock); fail where it does not come."""
        async with asyncio.timeout(seconds):
            while not condition():
                for operator in self.operators:
                    if operator.failed is not None:
                        raise operator.failed
                await asyncio.sleep(POLL_SECONDS)

    def check_invariants(self) -> None:
        """No attempt ran twice, no two processes of one overlapped, nothing was committed twice."""
        assert not self.invariants.doubled()
        assert not self.invariants.overlaps()
        self.check_commits()

    def check_commits(self) -> None:
        """Nothing was committed twice."""
        assert not self.commits.doubled()
