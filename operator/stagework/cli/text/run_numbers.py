"""The numbers of a run as lines, and as `-o json` prints them."""

from collections.abc import Iterator
from typing import Final

from stagework.api.durations import short
from stagework.api.estimates import Eta
from stagework.cli.text.headlines import span
from stagework.overview.queue.run_eta import NoEta
from stagework.overview.queue.run_numbers import RunNumbers

_WHY: Final = {
    "NoHistoryYet": "no history yet",
    "Overtaken": "others come first all the time",
    "MachineAway": "its machine is away",
}


def number_lines(numbers: RunNumbers) -> Iterator[str]:
    """`Works 3m to 5m more, ..`; `overlay: number 4 of 34 for gpu, starts in 5m to 12m`;
    `overlay: not before 40s from now (BackOff)`.
    """
    if isinstance(numbers.done_in, Eta):
        yield f"Works {_span(numbers.done_in)} more, waiting not counted"
    for wait in numbers.waits:
        place = wait.place
        where = f"{place.stage}: number {place.position} of {place.length} for {place.machine}"
        if isinstance(wait.start, Eta):
            yield f"{where}, starts in {_span(wait.start)}"
        else:
            yield f"{where}, start not known: {_WHY[wait.start.reason]}"
    for stage in numbers.put_off:
        yield f"{stage.stage}: not before {short(stage.seconds)} from now ({stage.reason})"


def as_object(numbers: RunNumbers | None) -> dict[str, object]:
    """Seconds as they were computed; null where nothing can be said, with the reason."""
    if numbers is None:
        return {"eta": None, "starts": [], "put_off": []}
    return {
        "eta": _eta(numbers.done_in),
        "starts": [
            {
                "stage": wait.place.stage,
                "machine": wait.place.machine,
                "position": wait.place.position,
                "length": wait.place.length,
                **_eta(wait.start),
            }
            for wait in numbers.waits
        ],
        "put_off": [
            {"stage": one.stage, "reason": one.reason, "not_before_seconds": one.seconds}
            for one in numbers.put_off
        ],
    }


def _eta(eta: Eta | NoEta) -> dict[str, object]:
    if isinstance(eta, NoEta):
        return {"p50_seconds": None, "p90_seconds": None, "why_none": eta.reason}
    return {"p50_seconds": eta.p50_seconds, "p90_seconds": eta.p90_seconds, "why_none": ""}


def _span(eta: Eta) -> str:
    return span(eta.p50_seconds, eta.p90_seconds)
