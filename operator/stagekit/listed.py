"""The items of a batch as the API service lists them: one JSON object each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stagekit.documents import as_list, as_object, parse_object
from stagekit.errors import ContractError


@dataclass(frozen=True)
class ListedItem:
    """One item, without its file."""

    number: int
    """Its number in the batch, from 0."""
    id: str
    """Its name, unique in the batch."""
    uri: str = ""
    """The address of its file; empty where it has params only."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its own params."""

    def as_fields(self) -> dict[str, object]:
        """The same as one JSON object."""
        return {"number": self.number, "id": self.id, "uri": self.uri, "params": dict(self.params)}


def of_answer(raw: bytes) -> list[ListedItem]:
    """What the API service answers; raises ContractError where it is unreadable."""
    fields = parse_object(raw)
    if fields is None:
        raise ContractError("the API service's list of items is unreadable")
    return of_objects(as_object(entry) for entry in as_list(fields.get("items")))


def of_lines(raw: bytes) -> list[ListedItem]:
    """A file with one JSON object a line; a line without a number is numbered by its place."""
    lines = (line for line in raw.split(b"\n") if line.strip())
    return of_objects(parse_object(line) for line in lines)


def of_objects(entries: Iterable[dict[str, object] | None]) -> list[ListedItem]:
    """Items of decoded objects; raises ContractError with the place of what is none."""
    return [_item(fields, place) for place, fields in enumerate(entries)]


def _item(fields: dict[str, object] | None, place: int) -> ListedItem:
    number = None if fields is None else fields.get("number", place)
    if fields is None or not isinstance(number, int) or isinstance(number, bool):
        raise ContractError(f"entry {place} of the list of items is no item")
    params = as_object(fields.get("params")) or {}
    return ListedItem(
        number=number,
        id=str(fields.get("id") or number),
        uri=str(fields.get("uri") or ""),
        params={name: str(value) for name, value in params.items()},
    )
