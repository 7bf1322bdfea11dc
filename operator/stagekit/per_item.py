"""A stage that was written for one input, for a batch too: `stagekit.per_item(function)`.

1. Where the run works on items of a batch, the function is called once for each, with a Context of
   its own: that item's file is `ctx.inputs.source()`, its params go before the run's, what is left
   in `ctx.outputs` lies in `out/items/<number>`, and what earlier stages have left is looked for
   there first.
2. What the function raises is that item's outcome; `Skip` says that there is nothing to do for this
   item in this stage, and it goes on to the next one. Small values of an item go into its
   `values.json`, outcomes of its own items (pages) into its `outcomes.jsonl`.
3. Everywhere else it is called once, as ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from stagekit import contract
from stagekit.batch import BatchItem, item_path
from stagekit.context import Context
from stagekit.documents import parse_object
from stagekit.errors import MissingInput, Refused, Skip, Verdict
from stagekit.inputs import Inputs
from stagekit.items import Ledger

StageFunction = Callable[[Context], None]


def per_item(function: StageFunction) -> StageFunction:
    """The same stage, once for each item of a batch; once where the run has none."""

    def stage(ctx: Context) -> None:
        if not ctx.has_batch_items:
            function(ctx)
            return
        for item in ctx.batch_items():
            with item:
                try:
                    _run(function, ctx, item.value)
                except Skip as verdict:
                    item.nothing_to_do(verdict)

    return stage


def _run(function: StageFunction, ctx: Context, item: BatchItem) -> None:
    ledger = Ledger(item.outputs / contract.OUTCOMES_FILE)
    own = ctx.of_item(item, ItemInputs(ctx.inputs, item), ledger)
    function(own)
    ctx.method_used = own.method_used or ctx.method_used
    if own.values:
        values = json.dumps(own.values, ensure_ascii=False, indent=1)
        (item.outputs / contract.ITEM_VALUES).write_text(values, encoding="utf-8")
    outcome, reason, message = ledger.verdict()
    if outcome == contract.OUTCOME_REFUSED:
        raise Refused(reason, message)
    if outcome == contract.OUTCOME_FAILED:
        raise Verdict(reason, message)


class ItemInputs(Inputs):
    """Inputs as one item sees them: what was left for it, then what was left for all."""

    def __init__(self, whole: Inputs, item: BatchItem) -> None:
        self._whole = whole
        self._item = item

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages whose outputs can be read: those that had something to do for it."""
        had_nothing = self._item.chunk.had_nothing
        return tuple(
            name for name in self._whole.stages if not had_nothing(name, self._item.number)
        )

    def has(self, stage: str, path: str) -> bool:
        """True if `stage` has left a file `path` for this item, or for all."""
        return stage in self.stages and self._whole.has(stage, self._place(stage, path))

    def files(self, stage: str) -> list[str]:
        """Paths of all files that `stage` left for this item."""
        self._check(stage)
        folder = item_path(self._item.number, "")
        left = self._whole.files(stage)
        return [path[len(folder) :] for path in left if path.startswith(folder)]

    def file(self, stage: str, path: str) -> Path:
        """A file that `stage` left for it, or for all; raises MissingInput where there is none."""
        self._check(stage)
        return self._whole.file(stage, self._place(stage, path))

    def values(self, stage: str) -> dict[str, object]:
        """The small values that `stage` set for this item."""
        path = item_path(self._item.number, contract.ITEM_VALUES)
        if stage not in self.stages or not self._whole.has(stage, path):
            return {}
        return parse_object(self._whole.file(stage, path).read_bytes()) or {}

    def source(self) -> Path | None:
        """The item's own file; None where it has params only."""
        return self._item.file() if self._item.uri else None

    def _check(self, stage: str) -> None:
        if stage in self._whole.stages and stage not in self.stages:
            raise MissingInput(f"{stage} had nothing to do for item {self._item.number}")

    def _place(self, stage: str, path: str) -> str:
        """The item's own file where there is one, or none for all either: that is named then."""
        own = item_path(self._item.number, path)
        shared = self._whole.has(stage, path) and not self._whole.has(stage, own)
        return path if shared else own
