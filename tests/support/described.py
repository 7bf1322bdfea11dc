"""What `kubectl describe` prints of an object of ours, line by line.

As kubectl prints whatever it has no words of its own for: a line for each value, one for each name
with something below it, fields in the order of the alphabet, and the entries of a list one behind
the other. Names become titles there; here they stay, so that they can be counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, cast

from tests.support.fakeapi.resources import Json

_HEAD: Final = ("name", "namespace", "labels", "annotations")
"""Told above all else, a line each, `<none>` where there are none."""
_EVENTS: Final = (
    "Events:",
    "  Type  Reason  Age  From  Message",
    "  ----  ------  ----  ----  -------",
)
"""Above the events, of which each is one line more."""


def described(document: Json) -> list[str]:
    """All lines but those of the events themselves."""
    meta = {k: v for k, v in document["metadata"].items() if k not in {*_HEAD, "managedFields"}}
    whole = {**document, "metadata": meta}
    return [*(f"{word}:" for word in _HEAD), *_lines(whole, 0), *_EVENTS]


def lines_by_field(entries: list[Json]) -> Counter[str]:
    """How many lines each field takes, all entries of a list together, the longest first."""
    counts: Counter[str] = Counter()
    for entry in entries:
        for name, value in entry.items():
            counts[name] += len([*_lines({name: value}, 0)])
    return Counter(dict(counts.most_common()))


def _lines(content: Mapping[str, object], level: int) -> Iterator[str]:
    for name in sorted(content):
        value, indent = content[name], "  " * level
        match value:
            case dict():
                yield f"{indent}{name}:"
                yield from _lines(cast("Json", value), level + 1)
            case list():
                yield f"{indent}{name}:"
                for child in cast("list[object]", value):
                    if isinstance(child, dict):
                        yield from _lines(cast("Json", child), level + 1)
                    else:
                        yield f"{indent}  {child}"
            case _:
                yield f"{indent}{name}:  {value}"
