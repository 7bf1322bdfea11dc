"""What the statuses of a PipelineJob and of a Batch begin with: work that comes to an end."""

from typing import Annotated

from pydantic import Field, StringConstraints

from stagework.api import names
from stagework.api.base import TOTAL_MAX, Observed, Sentence
from stagework.api.conditions import Condition, find


class WorkStatus(Observed):
    """Where it stands; written by the operator alone."""

    observedGeneration: int = Field(default=-1, ge=-1, le=TOTAL_MAX)
    """Generation of the spec that this status speaks of; -1 before the operator saw it."""
    conditions: list[Condition] = Field(
        default=[], max_length=16, json_schema_extra={"x-map-key": "type"}
    )
    """Succeeded, Reconciling and Stalled; see `kubectl explain`."""
    summary: Annotated[str, StringConstraints(max_length=63)] = ""
    """The reason of `Succeeded` as one plain word, for columns and field selectors."""
    message: Sentence = ""
    """What happens now or what went wrong, as a sentence."""

    @property
    def ended(self) -> bool:
        """Nothing more happens without a person: it is done, has failed, or was refused."""
        condition = find(self.conditions, names.SUCCEEDED)
        return condition is not None and condition.status != "Unknown"
