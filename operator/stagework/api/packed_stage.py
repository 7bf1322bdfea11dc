"""What only programs read of a stage that has succeeded, as one line of its status.

`kubectl describe` prints a line for each value: names, uids and digests of nine stages would be two
screens, and what people look for is lost between them. Written as words `name=value`, in the order
of `WORDS`; `StageStatus` has the values themselves.
"""

from collections.abc import Mapping
from typing import Any, Final

RECORD_BYTES: Final = 512
"""Longest line: a name of 63 characters, two uids, a digest, three counts, and their names."""
_OF_THE_STAGE: Final = ("attempt", "job", "jobUid")
_OF_THE_COMMIT: Final = ("pod", "digest", "items", "failedItems")
WORDS: Final = (*_OF_THE_STAGE, *_OF_THE_COMMIT)
"""What a line may hold; readers pass over words that a newer version has added."""
_COUNTS: Final = frozenset({"attempt", "items", "failedItems"})
_IN_THE_LINE: Final = frozenset({*_OF_THE_STAGE, "commit"})


def pack(stage: Mapping[str, Any], commit: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stage's values with `record` in place of those in it.

    As they are where the commit says more than a line can.
    """
    if commit["skips"] or commit["attempt"] != stage["attempt"]:
        return stage
    values = {**{word: stage[word] for word in _OF_THE_STAGE}, **_of_the_commit(commit)}
    line = " ".join(f"{word}={value}" for word, value in values.items() if value not in ("", None))
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


def _value(word: str, text: str) -> str | int:
    return int(text) if word in _COUNTS and text.isdecimal() else text
