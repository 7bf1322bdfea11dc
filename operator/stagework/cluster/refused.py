"""What an error of the API server means for the action that it answers: one cause, one sentence."""

from typing import Final

from stagework.api.causes import sentence
from stagework.cluster.client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
)
from stagework.plans.plan import Action, Cause, Create, DryRun, Refusal

LONGEST_WAIT_SECONDS: Final = 60.0
"""The server may ask us to wait for longer; by then it may be well again."""


class Outdated(Exception):  # noqa: N818 - the usual end of a race, planned again
    """What was decided upon has changed meanwhile."""


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An action was not done."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def refusal_from(error: ApiError | Outdated, action: Action | None = None) -> Refusal:
    """What kept an action from being done; None: the writing of a status."""
    if isinstance(error, Outdated):
        return Refusal("Outdated", str(error))
    message = sentence(error.message)
    asked = min(error.retry_after_seconds or 0.0, LONGEST_WAIT_SECONDS)
    return Refusal(_cause(error, is_child=_is_child(action)), message, asked)


def _is_child(action: Action | None) -> bool:
    create = action.create if isinstance(action, DryRun) else action
    return isinstance(create, Create) and create.purpose is not None


def _cause(error: ApiError, *, is_child: bool) -> Cause:
    match error:
        case Invalid():
            # The manifest of a child never changes; everything else may be written again.
            return "Invalid" if is_child else "Denied"
        case Forbidden(over_quota=True):
            return "OverQuota"
        case Forbidden():
            return "Denied"
        case TooManyRequests():
            return "Unavailable"
        case Conflict() | NotFound():
            return "Outdated"
        case _:
            return "Unavailable"
