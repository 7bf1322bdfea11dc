"""The id of an item that was handed over as a file."""

from stagework.api.batch_book import ID_LETTERS
from stagework.policies.manifest_lines import is_printable

_NUMBER_LETTERS = 10
"""Room for `#` and the item's number."""


def id_of_file(name: str, number: int, taken: set[str]) -> str:
    """What people know it by: its own name, with its number where that is taken; then it is taken.

    It is a text for people: no path is made of it.
    """
    printable = "".join(letter for letter in name if is_printable(letter))
    shown = printable.strip()[: ID_LETTERS - _NUMBER_LETTERS].strip()
    candidate = shown if shown and shown not in taken else f"{shown or 'item'}#{number}"
    taken.add(candidate)
    return candidate
