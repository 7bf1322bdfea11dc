"""How long a status that is no verdict may wait, to be written together with the next one."""

from typing import Final

MERGE_SECONDS: Final = 1.0
"""So long after the last write of the run, while little is going on."""
FEW_STAGES: Final = 2
"""With more stages than this at work it waits longer in proportion: the API server is busier."""
LONGEST_MERGE_SECONDS: Final = 10.0
"""No status waits longer than this, and twice as long as runs wait for a worker."""


def merge_seconds(at_work: int, line_seconds: float) -> float:
    """Seconds from one write of a run's status to the next that is not urgent.

    `at_work`: stages that hold a slot; `line_seconds`: how long runs wait for a worker. Where that
    line is long, a write more would only make it longer.
    """
    longest = LONGEST_MERGE_SECONDS + 2 * line_seconds
    return min(MERGE_SECONDS * max(1.0, at_work / FEW_STAGES), longest)
