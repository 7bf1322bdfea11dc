"""A world in which stages work on the items of batches: some items are bad, some kill their Pod."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from stagework.children.chunk_run import Item
from stagework.plans.batch.snapshot import FoldQuestion
from stagework.policies.chunks.stride import position
from tests.support.batches.book import MemoryBook, Outcome, Own
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    BATCHES,
    INTERVENTIONS,
    PIPELINE_JOBS,
    PIPELINES,
    Json,
    part,
)
from tests.support.fakeapi.store import Change, Stored
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.world import World

BATCH: Final = "many"
BAD: Final = Outcome("Failed", "BadPicture")
DONE: Final = Outcome("Done")


@dataclass
class Items:
    """What is in the list, by number."""

    total: int
    bad: set[int] = field(default_factory=set[int])
    """They fail, and their chunk goes on."""
    poison: set[int] = field(default_factory=set[int])
    """They kill the Pod that works on them."""
    named: bool = True
    """Whether progress names the item that a Pod dies on."""
    seconds: float = 0.2
    """How long a chunk takes."""
    flaky: set[int] = field(default_factory=set[int])
    """They kill the first Pod that works on them."""

    def inline(self) -> list[Json]:
        return [{"id": f"i{number}", "uri": f"s3://b/{number}.png"} for number in range(self.total)]


class Scene:
    """Use within a world; made before it, for its Pods and its book are told by it."""

    def __init__(self, items: Items) -> None:
        self.items = items
        self.book = MemoryBook(self._left)
        self.numbers: dict[str, list[int]] = {}
        """Items of each run that was made, by its uid."""
        self._world: World | None = None
        self._killed: set[int] = set()

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    def begin(self, world: World, **spec: Any) -> Stored:
        """Apply the Pipeline and the batch."""
        self._world = world
        world.store.listeners.append(self._note)
        stage = {"name": "work", "image": "x", "runsOn": ["gpu"], "retries": 0, "contract": "Mark"}
        pipeline = {"metadata": {"name": "plain"}, "spec": {"stages": [stage]}}
        world.store.create(PIPELINES, NAMESPACE, pipeline)
        return self.apply(**spec)

    def apply(self, name: str = BATCH, **spec: Any) -> Stored:
        given = {"inline": self.items.inline()}
        body: Json = {"pipelineRef": {"name": "plain"}, "items": given, "parallelism": 8, **spec}
        return self.world.store.create(
            BATCHES, NAMESPACE, {"metadata": {"name": name}, "spec": body}
        )

    def behave(self, pod: Json) -> Behaviour:
        """A Pod dies on the first item that kills it."""
        numbers = self.numbers.get(part(pod, "metadata", "labels")["stagework.dev/run-uid"], [])
        flaky = {number for number in numbers if number in self.items.flaky - self._killed}
        self._killed |= flaky
        dies = bool(flaky or self.items.poison & {*numbers})
        return Behaviour(exit_code=1 if dies else 0, seconds=self.items.seconds)

    def status(self, name: str = BATCH) -> Json:
        return part(self.world.store.get(BATCHES, NAMESPACE, name).data, "status")

    def summary(self, name: str = BATCH) -> str:
        return self.status(name).get("summary", "")

    def change(self, name: str = BATCH, **spec: Any) -> None:
        self.world.store.patch(BATCHES, NAMESPACE, name, {"spec": spec})

    def ask(self, request: str, verb: str, name: str = BATCH, **spec: Any) -> None:
        body = {"target": {"kind": "Batch", "name": name}, "verb": verb, **spec}
        self.world.store.create(
            INTERVENTIONS, NAMESPACE, {"metadata": {"name": request}, "spec": body}
        )

    def answer(self, request: str) -> Json:
        return part(self.world.store.get(INTERVENTIONS, NAMESPACE, request).data, "status")

    def runs(self) -> list[Stored]:
        return self.world.store.list(PIPELINE_JOBS, NAMESPACE)

    def counts(self, name: str = BATCH) -> tuple[int, int, int]:
        """Done, failed and skipped, as the status says."""
        status = self.status(name)
        return (status.get("done", 0), status.get("failed", 0), status.get("skipped", 0))

    def check(self, name: str = BATCH) -> None:
        """Nothing was counted twice or lost, and no item was worked on twice at once."""
        uid = self.world.store.get(BATCHES, NAMESPACE, name).meta["uid"]
        book = self.book.books[uid]
        states = [outcome.state for outcome in book.truth.values()]
        said = tuple(states.count(state) for state in ("Done", "Failed", "Skipped"))
        assert self.counts(name) == said
        assert max(book.counted.values(), default=0) <= 1
        assert not self.overlaps()

    def overlaps(self) -> list[tuple[int, str, str]]:
        """Items that two runs worked on at the same time."""
        spans: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
        for process in self.world.invariants.runs:
            ended = process.ended if process.ended is not None else float("inf")
            for number in self.numbers.get(process.run, ()):
                spans[number].append((process.started, ended, process.run))
        found: list[tuple[int, str, str]] = []
        for number, times in spans.items():
            for first, second in pairwise(sorted(times)):
                if second[0] < first[1] and first[2] != second[2]:
                    found.append((number, first[2], second[2]))
        return found

    def worked_on(self) -> list[int]:
        """Numbers of all items of all runs that were ever made."""
        return [number for numbers in self.numbers.values() for number in numbers]

    def _note(self, change: Change) -> None:
        if change.resource is not PIPELINE_JOBS or change.old is not None or change.new is None:
            return
        given = part(change.new.data, "spec", "input", "items")
        if given:
            self.numbers[change.new.meta["uid"]] = self._numbers(given)

    def _numbers(self, given: Json) -> list[int]:
        uid = given["uri"].rpartition("/")[2]
        if not given["round"]:
            turns = range(given["from"], given["to"])
            return [position(turn, self.items.total) for turn in turns]
        return self.book.books[uid].rounds[given["round"]][given["from"] : given["to"]]

    def _left(self, items: list[Item], question: FoldQuestion) -> Own:
        """What a run has left of its items: all, or those before the one that it died on."""
        numbers = [item.number for item in items]
        outcomes: dict[int, Outcome] = {}
        for number in numbers:
            if not question.succeeded and number in self.items.poison | self.items.flaky:
                return Own(outcomes, number if self.items.named else None)
            outcomes[number] = BAD if number in self.items.bad else DONE
        return Own(outcomes if question.succeeded else {})
