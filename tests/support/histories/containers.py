"""What the containers of a history do: they end well, badly, late, never, or do not start."""

import random
from typing import Final

from stagekit.contract import OUTCOME_DEFERRED, OUTCOME_REFUSED, OUTCOME_SKIPPED
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.marks import completion_mark
from tests.support.fakeapi.resources import Json

FORGED: Final = "forged"
"""The image of strangers' Pods."""
STUCK_SHARE: Final = 0.08
_OUTCOMES: Final = (OUTCOME_DEFERRED, OUTCOME_REFUSED, OUTCOME_SKIPPED)
_STUCK: Final = (
    "ErrImagePull",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "InvalidImageName",
)


class Containers:
    """Decides by chance what each container does."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def behave(self, pod: Json) -> Behaviour:
        """What one does."""
        rng = self._rng
        seconds = rng.choice((0.0, 0.5, 3.0, 3.0, 20.0, 90.0))
        if pod["spec"]["containers"][0]["image"] == FORGED:
            return Behaviour(seconds=seconds)
        is_stuck = rng.random() < STUCK_SHARE
        code, message, reason = self._end(pod)
        stops_well = rng.random() < 0.2
        return Behaviour(
            exit_code=code,
            message=message,
            seconds=seconds,
            reason=reason,
            stop_seconds=rng.choice((0.0, 5.0, 25.0)),
            stop_exit_code=0 if stops_well else rng.choice((143, 137, 0)),
            stop_message=completion_mark(pod) if stops_well else "",
            waiting=rng.choice(_STUCK) if is_stuck else "",
            waiting_seconds=rng.choice((5.0, 60.0, None)) if is_stuck else None,
        )

    def _end(self, pod: Json) -> tuple[int, str | None, str]:
        """Exit code, message and reason."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.65:
            return 0, None, ""
        if kind < 0.80:
            return rng.choice((1, 1, 2, 127, 137)), "", ""
        if kind < 0.84:
            return 137, "", "OOMKilled"
        if kind < 0.89:
            return 0, "", ""  # its mark was lost
        if kind < 0.94:
            return 0, completion_mark(pod)[: rng.randrange(1, 60)], ""
        return 0, completion_mark(pod, rng.choice(_OUTCOMES)), ""
