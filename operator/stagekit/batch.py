"""Items of a batch: what a run works on where `spec.input.items` gives it a chunk of them.

    for item in ctx.batch_items():
        with item:
            measure(item.value.file())

1. The list is asked for once; an item that a stage above has set aside is not given again.
2. An item's file is fetched when it is asked for, and removed when the next item's turn has come.
3. What cannot be fetched is that item's fault alone (`InputNotFetched`); a service that is away is
   no item's fault, and ends the stage.
4. Heartbeats name the item at work, so that it is known which one a Pod has died on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from stagekit import contract
from stagekit.documents import as_object, parse_object
from stagekit.errors import MissingInput, Refused, ServiceRefused, ServiceUnavailable
from stagekit.heartbeat import Progress
from stagekit.inputs import Inputs
from stagekit.items import Item, Ledger
from stagekit.link import Link
from stagekit.listed import ListedItem

_SET_ASIDE: Final = frozenset(
    {contract.OUTCOME_FAILED, contract.OUTCOME_REFUSED, contract.OUTCOME_SKIPPED}
)


class Chunk:
    """The items that this run works on, and their files."""

    def __init__(self, link: Link, inputs: Inputs, folder: Path) -> None:
        """`folder`: where the items' own files go."""
        self.inputs = inputs
        self._link = link
        self._folder = folder
        self._listed: list[ListedItem] | None = None
        self._files: dict[int, Path] = {}
        self._above: dict[str, dict[int, Mapping[str, object]]] = {}

    def left(self) -> list[ListedItem]:
        """Those that no stage above this one has set aside, in the order of their positions."""
        if self._listed is None:
            self._listed = self._link.items()
        aside = {
            number
            for stage in self.inputs.stages
            for number, line in self._outcomes(stage).items()
            if line.get("state") in _SET_ASIDE
        }
        return [item for item in self._listed if item.number not in aside]

    def fetch(self, item: ListedItem) -> Path:
        """The item's own file. Raises Refused where it can never be had."""
        if not item.uri:
            raise Refused(contract.INPUT_NOT_FETCHED, "the item has params only, and no uri")
        if item.number not in self._files:
            self._files[item.number] = self._fetched(item)
        return self._files[item.number]

    def forget(self, item: ListedItem) -> None:
        """Remove the item's own file: a thousand of them need not lie side by side."""
        file = self._files.pop(item.number, None)
        if file is not None:
            file.unlink(missing_ok=True)

    def _fetched(self, item: ListedItem) -> Path:
        try:
            return self._link.item(item, self._folder)
        except MissingInput as error:
            raise Refused(contract.INPUT_NOT_FETCHED, str(error)) from error
        except ServiceRefused as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                # Said of us and not of the item: another one would be told the same.
                raise ServiceUnavailable(f"item {item.number}: {error}") from error
            raise Refused(contract.INPUT_NOT_FETCHED, str(error)) from error

    def had_nothing(self, stage: str, number: int) -> bool:
        """Whether a stage above found nothing to do for an item, though the item is good."""
        return self._outcomes(stage).get(number, {}).get("nothingToDo") is True

    def _outcomes(self, stage: str) -> dict[int, Mapping[str, object]]:
        if stage not in self._above:
            self._above[stage] = _lines(self.inputs, stage)
        return self._above[stage]


@dataclass(frozen=True)
class BatchItem:
    """One item of the batch, with its files."""

    listed: ListedItem
    chunk: Chunk
    folder: Path
    """What the stage leaves for this item: `out/items/<number>`."""

    @property
    def number(self) -> int:
        """Its number in the batch, from 0."""
        return self.listed.number

    @property
    def id(self) -> str:
        """Its name, unique in the batch."""
        return self.listed.id

    @property
    def uri(self) -> str:
        """The address of its file; empty where it has params only."""
        return self.listed.uri

    @property
    def params(self) -> Mapping[str, str]:
        """Its own params."""
        return self.listed.params

    @property
    def outputs(self) -> Path:
        """Folder for what the stage leaves for this item alone; later stages find it by number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def file(self) -> Path:
        """Its file as a local path, fetched now. Raises Refused where it can never be had."""
        return self.chunk.fetch(self.listed)

    def file_from(self, stage: str, path: str) -> Path:
        """A file that `stage` left for this item; raises MissingInput where there is none."""
        return self.chunk.inputs.file(stage, item_path(self.number, path))


def item_path(number: int, path: str) -> str:
    """Where a stage leaves a file for one item, below its outputs."""
    return f"{contract.ITEMS_FOLDER}/{number}/{path}"


def iterate(
    chunk: Chunk, outputs: Path, ledger: Ledger, progress: Progress
) -> Iterator[Item[BatchItem]]:
    """Give each item that is left; the heartbeats name it while it is worked on."""
    items = chunk.left()
    for done, listed in enumerate(items):
        value = BatchItem(listed, chunk, outputs / contract.ITEMS_FOLDER / str(listed.number))
        item = Item(value, listed.id, ledger, number=listed.number, folder=value.folder)
        progress.set(done, len(items))
        progress.begin(listed.number)
        try:
            yield item
            item.succeed()
        finally:
            if item.is_recorded:
                progress.begin(None)
        chunk.forget(listed)
    progress.set(len(items), len(items))


def _lines(inputs: Inputs, stage: str) -> dict[int, Mapping[str, object]]:
    """What a stage above has written of the batch's items, by number."""
    if not inputs.has(stage, contract.OUTCOMES_FILE):
        return {}
    raw = inputs.file(stage, contract.OUTCOMES_FILE).read_bytes()
    lines = (as_object(parse_object(line)) or {} for line in raw.split(b"\n") if line.strip())
    return {number: line for line in lines if isinstance(number := line.get("number"), int)}
