"""Which runs that have ended are kept? The last ones, of those that succeeded and of the others."""

from collections.abc import Sequence

from stagework.api.scheduledjob import EndedRun


def surplus(ended: Sequence[EndedRun], *, successful: int, failed: int) -> list[EndedRun]:
    """Those that are to go; `ended`: in the order of their ends."""
    going: list[EndedRun] = []
    for succeeded, limit in ((True, successful), (False, failed)):
        alike = [run for run in ended if run.succeeded is succeeded]
        going += alike[: max(0, len(alike) - limit)]
    return going
