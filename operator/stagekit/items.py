"""Items: one piece's failure never takes the others down.

    for item in ctx.items(paths):
        with item:
            work(item.value)

Each item leaves one line in `outcomes.jsonl`. Losing the API service (or what is reached through
it) is no item's fault and ends the stage, so that it is tried again as a whole.
"""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path, PurePath
from types import TracebackType
from typing import Generic, TypeVar

from stagekit import contract, text
from stagekit.errors import Defer, Refused, ServiceUnavailable, Skip, Verdict

T = TypeVar("T")


class Ledger:
    """Counts outcomes and writes `outcomes.jsonl` as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self._ids: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many items have an outcome."""
        return sum(self.counts.values())

    def unique(self, wanted: str) -> str:
        """The id itself, with a number from its second use on."""
        short = text.clean(wanted, 200) or "item"
        self._ids[short] += 1
        return short if self._ids[short] == 1 else f"{short}#{self._ids[short]}"

    def record(self, identity: str, state: str, reason: str = "", message: str = "") -> None:
        """Add one line; the file is complete after each."""
        self.counts[state] += 1
        line = {"id": identity, "state": state}
        if reason:
            line["reason"] = text.reason_word(reason)
        if message:
            line["message"] = text.clean(message, contract.MESSAGE_MAX_BYTES)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def summary(self) -> dict[str, int]:
        """Counts for the mark: `items`, `failed` (`refused` among them), `skipped`."""
        if not self.total:
            return {}
        bad = self.counts[contract.OUTCOME_FAILED] + self.counts[contract.OUTCOME_REFUSED]
        named = {
            "failed": bad,
            "refused": self.counts[contract.OUTCOME_REFUSED],
            "skipped": self.counts[contract.OUTCOME_SKIPPED],
        }
        return {"items": self.total, **{word: count for word, count in named.items() if count}}

    def verdict(self) -> tuple[str, str, str]:
        """Outcome, reason and message of a stage that went through all its items."""
        bad = self.counts[contract.OUTCOME_FAILED] + self.counts[contract.OUTCOME_REFUSED]
        if not bad:
            return contract.OUTCOME_SUCCEEDED, "", ""
        if bad < self.total:
            return contract.OUTCOME_SUCCEEDED, "SomeItemsFailed", f"{bad} of {self.total} failed"
        if self.counts[contract.OUTCOME_FAILED]:
            return contract.OUTCOME_FAILED, "AllItemsFailed", f"all {bad} items failed"
        return contract.OUTCOME_REFUSED, "AllItemsRefused", f"all {bad} items were refused"


class Item(Generic[T]):
    """One item; use it as a context manager around the work on it."""

    def __init__(self, value: T, identity: str, ledger: Ledger) -> None:
        self.value = value
        self.id = identity
        self._ledger = ledger
        self.is_recorded = False

    def __enter__(self) -> Item[T]:
        """Begin the work on this item."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Record the outcome; a failure of this item alone is not raised further."""
        if error is not None and not isinstance(error, Exception):
            return False
        if isinstance(error, (ServiceUnavailable, Defer)):
            return False
        self.is_recorded = True
        if error is None:
            self._ledger.record(self.id, contract.OUTCOME_SUCCEEDED)
        elif isinstance(error, Skip):
            self._ledger.record(self.id, contract.OUTCOME_SKIPPED, error.reason, error.message)
        elif isinstance(error, Refused):
            self._ledger.record(self.id, contract.OUTCOME_REFUSED, error.reason, error.message)
        else:
            traceback.print_exception(kind, error, trace)
            reason = error.reason if isinstance(error, Verdict) else type(error).__name__
            self._ledger.record(self.id, contract.OUTCOME_FAILED, reason, str(error))
        return True


def iterate(
    values: Iterable[T],
    ledger: Ledger,
    progress: Callable[[int, int | None], None],
    key: Callable[[T], str] | None = None,
) -> Iterator[Item[T]]:
    """Give each value as an Item; progress is reported after each."""
    total = len(values) if isinstance(values, Sized) else None
    done = 0
    progress(done, total)
    for value in values:
        item = Item(value, ledger.unique(key(value) if key else _identity(value)), ledger)
        yield item
        if not item.is_recorded:
            # Used without `with`: reaching the next item means that this one went well.
            ledger.record(item.id, contract.OUTCOME_SUCCEEDED)
        done += 1
        progress(done, total)


def _identity(value: object) -> str:
    return value.name if isinstance(value, PurePath) else str(value)
