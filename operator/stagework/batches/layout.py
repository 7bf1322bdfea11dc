"""Where a batch's files lie: `<namespace>/batches/<uid>/...`, beside the uids of runs."""

import re
from dataclasses import dataclass
from typing import Final

FOLDER: Final = "batches"
"""Beside the run uids of a namespace; no uid looks like it."""
SCHEME: Final = "artifact://"
LEDGER_JSONL: Final = "ledger.jsonl"
"""Address of the whole ledger, made when it is read."""
LEDGER_CSV: Final = "ledger.csv"
"""The same as a table."""
_UID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_FOLD: Final = re.compile(r"r(\d+)-(\d+)-(\d+)-(\d+)")
_SEGMENTS: Final = 3


@dataclass(frozen=True)
class BatchFolder:
    """The files of one batch."""

    namespace: str
    uid: str

    def __str__(self) -> str:
        return f"{self.namespace}/{FOLDER}/{self.uid}"

    @property
    def manifest(self) -> str:
        """One line an item."""
        return f"{self}/manifest.jsonl"

    @property
    def facts(self) -> str:
        """What there is to know of the manifest; it is frozen once this is there."""
        return f"{self}/manifest.json"

    @property
    def folds(self) -> str:
        """A file for each chunk that was folded."""
        return f"{self}/ledger"

    def fold(self, name: str) -> str:
        """That of one chunk's attempt."""
        return f"{self.folds}/{name}.jsonl"

    def round(self, number: int) -> str:
        """The numbers of a later round's items."""
        return f"{self}/rounds/{number}.json"


def folder_of(address: str) -> BatchFolder | None:
    """The batch that `artifact://<namespace>/batches/<uid>` names; None for anything else."""
    words = address.removeprefix(SCHEME).rstrip("/").split("/")
    if not address.startswith(SCHEME) or len(words) != _SEGMENTS or words[1] != FOLDER:
        return None
    return BatchFolder(words[0], words[2]) if words[0] and _UID.fullmatch(words[2]) else None


def ledger_of(address: str) -> tuple[BatchFolder, str] | None:
    """The batch and the kind of ledger that `<batch>/ledger.jsonl` or `.csv` names; else None."""
    batch, _, name = address.rpartition("/")
    folder = folder_of(batch) if name in {LEDGER_JSONL, LEDGER_CSV} else None
    return (folder, name) if folder is not None else None


def fold_order(name: str) -> tuple[int, int, int, int] | None:
    """Round, attempt, start, count of a fold's name: later ones say more. None for no such name."""
    matched = _FOLD.fullmatch(name)
    if matched is None:
        return None
    number, start, count, attempt = map(int, matched.groups())
    return (number, attempt, start, count)
