"""Which attempts have ended for good, as far as it is stored; kept small for very many runs."""

from collections.abc import Iterable
from functools import lru_cache
from sys import intern

from stagework.api.stage_status import StageStatus


@lru_cache(maxsize=256)
def _shared(attempt: int, ended: bool) -> tuple[int, bool]:
    """One tuple for all that are alike."""
    return (attempt, ended)


class EndedAttempts:
    """By run: the attempt of each stage in the last stored status, and whether it has ended."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, tuple[int, bool]]] = {}

    def note(self, run_uid: str, stages: Iterable[StageStatus]) -> None:
        """This is stored of a run."""
        self._runs[run_uid] = {
            intern(stage.name): _shared(stage.attempt, stage.ended) for stage in stages
        }

    def is_over(self, run_uid: str, stage: str, attempt: str) -> bool:
        """Whether that attempt has ended for good."""
        current, ended = self._runs.get(run_uid, {}).get(stage, (0, False))
        return attempt.isdigit() and (int(attempt) < current or (ended and int(attempt) == current))

    def forget(self, run_uid: str) -> None:
        """The run has left memory."""
        self._runs.pop(run_uid, None)
