"""What does a stage wait for that has no turn? One cause, also where several things are missing.

The first of these that applies: what must go first before the next one can matter is said first.

1. `Dependency`: a stage above it has not ended.
2. `Approval`: nobody has approved it; that may be given while its run is suspended.
3. `Suspended`: its run is.
4. `BackOff`: it is put off until a moment, after a failure or by its own word.
5. `Machine`: no node of its classes takes it; `Deferred`, where they may be away.
6. `Parallelism`: its run has as many stages at work as it may.
7. `Slot`: others have the slots of its class; its place in the queue is said.

Behind its turn Kubernetes says what is in the way, and can say one thing at a time: without a Pod
a quota or a refusal, without a node the scheduler's words, on a node the image or a volume
(`pod_progress.py`).
"""

from collections.abc import Collection
from typing import Final, Literal, get_args

Cause = Literal["Dependency", "Approval", "Suspended", "BackOff", "Machine", "Parallelism", "Slot"]
PRECEDENCE: Final[tuple[Cause, ...]] = get_args(Cause)
"""The order above."""


def first_cause(present: Collection[Cause]) -> Cause | None:
    """The one that is said of all that are in the way; None: nothing is."""
    return next((cause for cause in PRECEDENCE if cause in present), None)
