"""Items of a batch for programs that are no function of stagekit's: a list, and lines on them.

The list (`STAGEWORK_ITEMS_FILE`) has one JSON object an item: `number`, `id`, `uri`, `params`, and
`file` where it has one, as a path below the work folder. What has become of an item the program
says by adding a line to `STAGEWORK_ITEM_OUTCOMES_FILE`:

    begin 3
    done 3
    failed 4 BrokenPicture the picture is cut off
    skipped 5 SeenBefore

The last line on an item counts; one without a line shares the outcome of the whole stage.
"""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stagekit import contract, text
from stagekit.batch import Chunk
from stagekit.errors import Refused
from stagekit.items import ItemOutcome, outputs_in
from stagekit.listed import ListedItem, of_lines

STATES: Final = {
    "done": contract.OUTCOME_SUCCEEDED,
    "failed": contract.OUTCOME_FAILED,
    "refused": contract.OUTCOME_REFUSED,
    "skipped": contract.OUTCOME_SKIPPED,
}
"""The words of a line and what they say."""
BEGIN: Final = "begin"
"""The word of a line that names the item at work."""
_ALL: Final = ".items.jsonl"
"""Below the work folder, for ourselves: the list with those that could not be fetched."""
_NO_LINK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE_MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Reported:
    """What a program's lines say."""

    outcomes: list[ItemOutcome] = field(default_factory=list[ItemOutcome])
    """In the order of the list."""
    item: int | None = None
    """The item at work."""
    total: int = 0
    """How many items were listed."""

    def progress(self) -> dict[str, int]:
        """For a heartbeat."""
        counted = {"done": len(self.outcomes), "total": self.total} if self.total else {}
        return {**counted, **self.at_work()}

    def at_work(self) -> dict[str, int]:
        """The item at work, where one is."""
        return {} if self.item is None else {"item": self.item}

    def counts(self) -> Counter[str]:
        """Outcomes by state."""
        return Counter(outcome.state for outcome in self.outcomes)


def place(chunk: Chunk, work: Path, whole: Path | None = None) -> int:
    """Fetch every item that is left, and write the list; gives how many are on it.

    `whole`: the run's own input, where it has one: its one item is that file, fetched already. What
    cannot be fetched is said in the file of outcomes, and the others go on; raises Refused where
    that is true of all.
    """
    lines, entries, last = list[str](), list[dict[str, object]](), ""
    for item in chunk.left():
        entry = item.as_fields()
        try:
            if item.uri:
                entry["file"] = (whole or chunk.fetch(item)).relative_to(work).as_posix()
        except Refused as verdict:
            lines.append(line_of("refused", item.number, verdict.reason, verdict.message))
            last = verdict.message
        else:
            entries.append(entry)
    _write_list(work / _ALL, [item.as_fields() for item in chunk.left()])
    _write_list(work / contract.ITEMS_LIST, entries)
    (work / contract.ITEM_OUTCOMES).write_text("".join(lines), encoding="utf-8")
    if lines and not entries:
        raise Refused(contract.INPUT_NOT_FETCHED, f"none of {len(lines)} items was there: {last}")
    return len(entries)


def variables(work: Path) -> dict[str, str]:
    """What a program is told of the list and of the file for its lines."""
    return {
        contract.ENV_ITEMS_FILE: str(work / contract.ITEMS_LIST),
        contract.ENV_ITEM_OUTCOMES_FILE: str(work / contract.ITEM_OUTCOMES),
    }


def line_of(word: str, number: int, reason: str = "", message: str = "") -> str:
    """A line on one item."""
    named = text.reason_word(reason) if reason else "Unknown" if message else ""
    said = text.clean(message, contract.MESSAGE_MAX_BYTES)
    return " ".join(filter(None, (word, str(number), named, said))) + "\n"


def add(file: Path, line: str) -> None:
    """Add a line in one piece, also where several programs write."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(handle, line.encode("utf-8"))
    finally:
        os.close(handle)


def read(work: Path) -> Reported:
    """What the lines below a work folder say of the items that were listed there."""
    items = of_lines(_content(work / _ALL))
    said, at_work = _parsed(_content(work / contract.ITEM_OUTCOMES) if items else b"")
    return Reported(
        outcomes=[
            _outcome(work, item, *said[item.number]) for item in items if item.number in said
        ],
        item=at_work if any(item.number == at_work for item in items) else None,
        total=len(items),
    )


def _outcome(work: Path, item: ListedItem, state: str, reason: str, message: str) -> ItemOutcome:
    folder = work / contract.OUT_FOLDER / contract.ITEMS_FOLDER / str(item.number)
    left = outputs_in(folder) if state == contract.OUTCOME_SUCCEEDED else ()
    return ItemOutcome(item.id, state, reason, message, number=item.number, outputs=left)


def _write_list(path: Path, entries: Iterable[Mapping[str, object]]) -> None:
    rows = (json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    path.write_text("".join(rows), encoding="utf-8")


def _parsed(raw: bytes) -> tuple[Mapping[int, tuple[str, str, str]], int | None]:
    said: dict[int, tuple[str, str, str]] = {}
    at_work: int | None = None
    for line in raw.decode("utf-8", "replace").split("\n"):
        word, number, reason, message = (*line.split(None, 3), "", "", "", "")[:4]
        if not (number.isascii() and number.isdigit()):
            continue
        if word == BEGIN:
            at_work = int(number)
            said.pop(at_work, None)
        elif word in STATES:
            said[int(number)] = (STATES[word], reason, message)
            at_work = None if at_work == int(number) else at_work
    return said, at_work


def _content(path: Path) -> bytes:
    """Of a regular file; nothing of what is none, or of what leads elsewhere."""
    try:
        handle = os.open(path, _NO_LINK)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        return file.read(_FILE_MAX_BYTES)
