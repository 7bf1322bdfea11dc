"""The Context: everything that a stage's function is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from stagekit import batch, contract, models, values
from stagekit.batch import BatchItem, Chunk
from stagekit.endpoint import Endpoint
from stagekit.environment import Environment, Outcome
from stagekit.errors import Refused
from stagekit.fence import boot_seconds
from stagekit.heartbeat import Notes, Progress
from stagekit.inputs import Inputs
from stagekit.items import Item, Ledger, iterate
from stagekit.link import Link
from stagekit.mark import with_skip
from stagekit.values import Scalar

T = TypeVar("T")


class Context:
    """Inputs, params, outputs, items and progress of one attempt of one stage."""

    def __init__(
        self,
        environment: Environment,
        inputs: Inputs,
        outputs: Path,
        ledger: Ledger,
        progress: Progress,
        *,
        link: Link,
        chunk: Chunk | None = None,
    ) -> None:
        """`chunk`: the items of a batch that the run works on, where it works on any."""
        self.inputs = inputs
        """Files of earlier stages and the run's own input."""
        self.outputs = outputs
        """Folder; every regular file below it is uploaded when the stage ends."""
        self.params: Mapping[str, str] = environment.params
        """The run's params."""
        self.method = environment.method
        """How to do the work: `STAGEWORK_METHOD`, or `builtin`."""
        self.when_down = environment.when_down
        """What follows when a model endpoint stays down: `fail`, `defer` or `builtin`."""
        self.method_used = ""
        """How the work was done, where `method` leaves that open; goes into result.json."""
        self.run = environment.run
        """Name of the PipelineJob."""
        self.stage = environment.stage
        """Name of the stage."""
        self.attempt = environment.attempt
        """Number of the attempt, from 1."""
        self.values: dict[str, Scalar] = {}
        """What `value` was given so far."""
        self.skips: dict[str, str] = {}
        """What `skip` was given so far."""
        self._ledger = ledger
        self._progress = progress
        self._link = link
        self._chunk = chunk
        self._environment = environment
        self._began = boot_seconds()

    @property
    def machine(self) -> str:
        """Key of the machine class that this attempt runs on, such as `gpu`."""
        return self._environment.machine

    @property
    def work(self) -> Path:
        """Writable folder for scratch files."""
        return Path(self._environment.work_dir)

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What has become of the stages above this one, however far up, by name."""
        return self._environment.outcomes

    @property
    def outcome_so_far(self) -> str:
        """`Failed` where one of them has failed; else `Succeeded`."""
        return self._environment.outcome_so_far

    def param(self, name: str, default: str | None = None) -> str:
        """One param; without a default, a missing one refuses the run."""
        # Where there is no file of params, their names come from variables, without dashes.
        value = self.params.get(name, self.params.get(name.replace("-", "_"), default))
        if value is None:
            known = ", ".join(sorted(self.params)) or "none"
            raise Refused("MissingParam", f"param {name!r} is not set; the run has: {known}")
        return value

    def value(self, name: str, value: Scalar) -> None:
        """Show a small value to people (`values` in result.json); 64 at most."""
        self.values = values.with_value(self.values, name, value)

    def skip(self, stage: str, reason: str) -> None:
        """Say that a stage below this one is not needed, and why as one CamelCase word.

        It counts once this stage has succeeded, or skipped itself. What depends on that stage alone
        is not needed, either. Raises ValueError where it is no name, or there are too many.
        """
        self.skips = with_skip(self.skips, stage, reason)

    def endpoint(self, role: str) -> Endpoint | None:
        """The model endpoint of a role (`chat`, `vision`, ...); None where the settings have none.

        openai.OpenAI(base_url=found.url, api_key=found.token) calls it, as this Pod.
        """
        return self._link.endpoint(role)

    def model_folder(self) -> Path:
        """The folder with the stage's own model, as `STAGEWORK_MODEL` names it.

        Raises Refused (`ModelNotSet`, `ModelNotFound`, `ModelBroken`) with what to change.
        """
        return models.folder(self._environment.model, self._link, self.work / contract.MODEL_FOLDER)

    def seconds_left(self) -> float | None:
        """What is left of the stage's `timeoutSeconds`; None where nobody has set a limit."""
        timeout = self._environment.timeout_seconds
        return timeout - (boot_seconds() - self._began) if timeout else None

    def items(
        self, values: Iterable[T], key: Callable[[T], str] | None = None
    ) -> Iterator[Item[T]]:
        """Go through items so that one failure is recorded and the others go on.

        `key` gives an item's id in outcomes.jsonl; a Path's name or `str(value)` without it.
        """
        return iterate(values, self._ledger, self.progress, key)

    @property
    def has_batch_items(self) -> bool:
        """Whether the run works on items of a batch (`spec.input.items`)."""
        return self._chunk is not None

    def batch_items(self) -> Iterator[Item[BatchItem]]:
        """Go through the batch's items that no stage above has set aside; none without a batch."""
        if self._chunk is not None:
            yield from batch.iterate(self._chunk, self.outputs, self._ledger, self._progress)

    def of_item(self, item: BatchItem, inputs: Inputs, ledger: Ledger) -> Context:
        """The same for the work on one item alone; see `stagekit.per_item`."""
        given = self._environment
        own = replace(given, params={**given.params, **item.params}, input_uri=item.uri)
        notes = Notes(self._progress)
        made = Context(own, inputs, item.outputs, ledger, notes, link=self._link)
        made._began = self._began
        return made

    def progress(self, done: int | None = None, total: int | None = None, note: str = "") -> None:
        """Say how far the stage is; may be called as often as one likes."""
        self._progress.set(done, total, note)
