"""The shape in which the old batch service answered: `POST /pipeline/batch` and its kin.

Scripts that asked it read these words; a test holds every one of them.
"""

from typing import Literal

from stagework.api.old_queue import OldAnswer


class OldStarted(OldAnswer):
    """What was begun."""

    context_id: str
    """What to ask for its status with."""
    message: str
    """As a sentence."""


class OldBatchStarted(OldAnswer):
    """The answer of `POST /pipeline/batch`."""

    success: bool
    """Always true: what fails is answered with an error's status."""
    data: OldStarted
    """What was begun."""


class OldBatchState(OldAnswer):
    """Where a batch stands."""

    batch_id: str
    """Its id."""
    status: Literal["STARTED", "SUCCESS", "FAILURE"]
    """Whether it has ended, and how."""
    total_images: int
    """Items."""
    completed_images: int
    """Items that ended well; those with which nothing was to be done among them."""
    failed_images: int
    """Items that failed."""
    progress_percentage: float
    """Handled items of all; failed ones are handled."""
    started_at: str | None
    """When; null: it has not."""
    estimated_time_remaining: int | None
    """Seconds; null where unknown."""


class OldBatchStatus(OldAnswer):
    """The answer of `GET /pipeline/batch/{id}`."""

    success: bool
    """Always true."""
    data: OldBatchState
    """Where it stands."""


class OldBatchList(OldAnswer):
    """The answer of `GET /pipeline/batch`."""

    success: bool
    """Always true."""
    data: list[OldBatchState]
    """The newest first."""
