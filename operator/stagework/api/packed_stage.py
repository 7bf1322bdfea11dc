"""A stage that has succeeded, as one line of its status beside its name and state.

`kubectl describe` prints a line for each value: nine stages would be four screens, and what people
look for is lost between them. Written as words `name=value`, in the order of `WORDS`: first where
and when it has run, then names, uids and digests for programs. `StageStatus` has the values
themselves.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from stagework.api.base import format_time

RECORD_BYTES: Final = 1024
"""Longest line: a node of 253 characters, a class, two times, a name of 63, two uids, a digest,
three counts, and their names."""
_TIMES: Final = ("startTime", "completionTime")
_PLACE: Final = ("machine", "node", *_TIMES)
_OF_THE_STAGE: Final = (*_PLACE, "attempt", "job", "jobUid")
_OF_THE_COMMIT: Final = ("pod", "digest", "items", "failedItems")
WORDS: Final = (*_OF_THE_STAGE, *_OF_THE_COMMIT)
"""What a line may hold; readers pass over words that a newer version has added. The first four came
later than the others: lines of releases before have none of them, their stages have them as fields.
"""
_COUNTS: Final = frozenset({"attempt", "items", "failedItems"})
_IN_THE_LINE: Final = frozenset({*_OF_THE_STAGE, "commit"})


def pack(stage: Mapping[str, Any], commit: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stage's values with `record` in place of those in it.

    As they are where the commit says more than a line can.
    """
    if commit["skips"] or commit["attempt"] != stage["attempt"]:
        return stage
    values = {**{word: stage[word] for word in _OF_THE_STAGE}, **_of_the_commit(commit)}
    line = " ".join(f"{word}={_text(value)}" for word, value in values.items() if _says(value))
    rest = {name: value for name, value in stage.items() if name not in _IN_THE_LINE}
    return {**rest, "attempt": stage["attempt"] if stage["attempt"] > 1 else None, "record": line}


def unpack(stage: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's values as they were before `pack`.

    A line that the operator did not write gives what it can; types and limits are checked of it as
    of all others.
    """
    pairs = (word.partition("=") for word in str(stage["record"]).split())
    said = {word: _value(word, text) for word, _, text in pairs if word in WORDS}
    own = {word: said[word] for word in _OF_THE_STAGE if word in said}
    commit = {"attempt": said.get("attempt", 1), **_of_the_commit(said)}
    return {**stage, **own, "commit": commit, "record": ""}


def _of_the_commit(values: Mapping[str, Any]) -> dict[str, Any]:
    return {word: values[word] for word in _OF_THE_COMMIT if word in values}


def _says(value: object) -> bool:
    return value not in ("", None)


def _text(value: object) -> str:
    return format_time(value) if isinstance(value, datetime) else str(value)


def _value(word: str, text: str) -> str | int:
    return int(text) if word in _COUNTS and text.isdecimal() else text
