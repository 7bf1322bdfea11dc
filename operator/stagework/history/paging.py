"""Pages by key: where one ends the next begins, however deep, and whatever has come meanwhile."""

from collections.abc import Callable
from typing import TypeVar

from stagework.api.facts import WholeFact
from stagework.api.history import FailedStage, Page, Place

ItemT = TypeVar("ItemT")


def page_of(found: list[ItemT], limit: int, place: Callable[[ItemT], Place | None]) -> Page[ItemT]:
    """Of rows of which one more was asked for than wanted."""
    more = len(found) > limit
    return Page(items=found[:limit], next=place(found[limit - 1]) if more else None)


def place_of_run(run: WholeFact) -> Place:
    """Where the next page begins behind it."""
    return Place(run.created, (run.uid,))


def place_of_failed(stage: FailedStage) -> Place | None:
    """Likewise; None for one whose end is not known, which stands at the very end."""
    return Place(stage.failedAt, (stage.uid, stage.stage)) if stage.failedAt is not None else None
