"""In which order stages are listed: those of the static map, then unknown ones."""

from collections.abc import Iterable

from stagework.overview.queue.places import Places
from stagework.overview.queue.work import Work


def stage_order(rows: Iterable[Work], places: Places, others: Iterable[str] = ()) -> list[str]:
    """The map's stages in its order; then unknown ones as their runs have them, then by name.

    `others`: stages that are known from elsewhere, such as from a store.
    """
    first_place: dict[str, int] = {}
    for work in rows:
        first_place[work.stage] = min(work.position, first_place.get(work.stage, work.position))
    known = places.stages
    last = max(first_place.values(), default=0) + 1
    unknown = {*first_place, *others}.difference(known)
    return [*known, *sorted(unknown, key=lambda stage: (first_place.get(stage, last), stage))]
