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
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType
from typing import Final, Generic, TypeVar

from stagekit import contract, text
from stagekit.errors import Defer, Refused, ServiceUnavailable, Skip, Verdict
from stagekit.fence import boot_seconds

T = TypeVar("T")

OUTPUTS_MAX: Final = 8
"""So many files are named in an item's line."""


@dataclass(frozen=True)
class ItemOutcome:
    """What has become of one item in this stage: a line of `outcomes.jsonl`."""

    id: str
    state: str
    reason: str = ""
    message: str = ""
    number: int | None = None
    """Its number in the batch; None for an item of the stage's own."""
    at: float | None = None
    """Seconds from the stage's start to this outcome, where stagekit has seen it."""
    nothing_to_do: bool = False
    """The stage had nothing to do for this item of the batch, which goes on all the same."""
    outputs: tuple[str, ...] = ()
    """Of an item of the batch: some files that the stage has left for it."""

    def encode(self) -> str:
        """Its line."""
        optional: dict[str, object] = {
            "number": self.number,
            "reason": text.reason_word(self.reason) if self.reason else None,
            "message": text.clean(self.message, contract.MESSAGE_MAX_BYTES) or None,
            "at": self.at,
            "nothingToDo": self.nothing_to_do or None,
            "outputs": list(self.outputs) or None,
        }
        line: dict[str, object] = {"id": self.id, "state": self.state}
        line.update((key, value) for key, value in optional.items() if value is not None)
        return json.dumps(line, ensure_ascii=False) + "\n"


class Ledger:
    """Counts outcomes and writes `outcomes.jsonl` as they come."""

    def __init__(self, path: Path, clock: Callable[[], float] = boot_seconds) -> None:
        self.path = path
        self.lines = 0
        """How many have been written."""
        self._own: Counter[str] = Counter()
        self._of_batch: Counter[str] = Counter()
        self._reasons: set[str] = set()
        self._ids: Counter[str] = Counter()
        self._clock = clock
        self._began = clock()

    @property
    def counts(self) -> Counter[str]:
        """Outcomes by state: of the batch's items where there are any, else of the stage's own."""
        return self._of_batch or self._own

    @property
    def total(self) -> int:
        """How many of them have an outcome."""
        return sum(self.counts.values())

    def seconds(self) -> float:
        """Since the stage began, time in suspend included."""
        return round(self._clock() - self._began, 3)

    def unique(self, wanted: str) -> str:
        """The id itself, with a number from its second use on."""
        short = text.clean(wanted, 200) or "item"
        self._ids[short] += 1
        return short if self._ids[short] == 1 else f"{short}#{self._ids[short]}"

    def record(self, outcome: ItemOutcome) -> None:
        """Add one line; the file is complete after each."""
        (self._own if outcome.number is None else self._of_batch)[outcome.state] += 1
        self._reasons.add(outcome.reason)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(outcome.encode())
        self.lines += 1

    def summary(self) -> dict[str, int]:
        """Counts for the mark: `items`, `failed` (`refused` among them), `skipped`."""
        return summary(self.counts)

    def verdict(self) -> tuple[str, str, str]:
        """Outcome, reason and message of a stage that went through all its items."""
        bad = _bad(self.counts)
        if not bad:
            return contract.OUTCOME_SUCCEEDED, "", ""
        if bad < self.total:
            return contract.OUTCOME_SUCCEEDED, "SomeItemsFailed", f"{bad} of {self.total} failed"
        # A param or an endpoint that is not set is said once of all.
        why = f": {next(iter(self._reasons))}" if len(self._reasons) == 1 else ""
        if self.counts[contract.OUTCOME_FAILED]:
            return contract.OUTCOME_FAILED, "AllItemsFailed", f"all {bad} items failed{why}"
        return contract.OUTCOME_REFUSED, "AllItemsRefused", f"all {bad} items were refused{why}"


def summary(counts: Counter[str]) -> dict[str, int]:
    """Counts for the mark: `items`, `failed` (`refused` among them), `skipped`."""
    total = sum(counts.values())
    if not total:
        return {}
    named = {
        "failed": _bad(counts),
        "refused": counts[contract.OUTCOME_REFUSED],
        "skipped": counts[contract.OUTCOME_SKIPPED],
    }
    return {"items": total, **{word: count for word, count in named.items() if count}}


def _bad(counts: Counter[str]) -> int:
    return counts[contract.OUTCOME_FAILED] + counts[contract.OUTCOME_REFUSED]


class Item(Generic[T]):
    """One item; use it as a context manager around the work on it."""

    def __init__(
        self,
        value: T,
        identity: str,
        ledger: Ledger,
        number: int | None = None,
        folder: Path | None = None,
    ) -> None:
        """`number`: of an item of the batch; `folder`: with what the stage leaves for it."""
        self.value = value
        self.id = identity
        self._ledger = ledger
        self._number = number
        self._folder = folder
        self._nothing: Skip | None = None
        self.is_recorded = False

    def nothing_to_do(self, verdict: Skip) -> None:
        """This stage had nothing to do for it; other than a skipped item it goes on."""
        self._nothing = verdict

    def succeed(self) -> None:
        """Record that, unless it has an outcome: used without `with`, the next one has begun."""
        if self.is_recorded:
            return
        if self._nothing is None:
            self._record(contract.OUTCOME_SUCCEEDED)
        else:
            said = (self._nothing.reason, self._nothing.message)
            self._record(contract.OUTCOME_SUCCEEDED, *said, nothing_to_do=True)

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
        if error is None:
            self.succeed()
        elif isinstance(error, Skip):
            self._record(contract.OUTCOME_SKIPPED, error.reason, error.message)
        elif isinstance(error, Refused):
            self._record(contract.OUTCOME_REFUSED, error.reason, error.message)
        else:
            traceback.print_exception(kind, error, trace)
            reason = error.reason if isinstance(error, Verdict) else type(error).__name__
            self._record(contract.OUTCOME_FAILED, reason, str(error))
        return True

    def _record(
        self, state: str, reason: str = "", message: str = "", *, nothing_to_do: bool = False
    ) -> None:
        self.is_recorded = True
        at = None if self._number is None else self._ledger.seconds()
        is_good = state == contract.OUTCOME_SUCCEEDED and not nothing_to_do
        left = outputs_in(self._folder) if is_good and self._folder is not None else ()
        self._ledger.record(
            ItemOutcome(self.id, state, reason, message, self._number, at, nothing_to_do, left)
        )


def outputs_in(folder: Path) -> tuple[str, ...]:
    """Some files of an item's own folder `items/<number>`, the topmost first, as `out` has them."""
    if any(place.is_symlink() for place in (folder, folder.parent, folder.parents[1])):
        return ()  # It would lead out of `out`, and nothing there is uploaded.
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    paths = (file.relative_to(folder.parents[1]).as_posix() for file in files)
    named = [path for path in paths if "/." not in path]
    return tuple(sorted(named, key=lambda path: (path.count("/"), path))[:OUTPUTS_MAX])


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
        item.succeed()
        done += 1
        progress(done, total)


def _identity(value: object) -> str:
    return value.name if isinstance(value, PurePath) else str(value)
