"""What people ask of one run by HTTP: to stop it, or to approve stages; and what comes of it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from stagework.api.base import Observed, Resource
from stagework.api.old_queue import OldRefused
from stagework.api.stages import StageName


class RunRequest(Resource):
    """What `stop` and `approve` take."""

    stages: list[StageName] = Field(default=[], max_length=64)
    """To approve; empty: every stage that waits for it. A stop takes none."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""


class RunAsked(Observed):
    """What a request changes, or would."""

    affected: list[str]
    """Stages that it changes; `the run` before there are stages; empty: nothing was written."""
    running: list[str]
    """Those of them that are at work now."""
    not_run: list[str]
    """Stages that would not be run because of it."""
    kept: int
    """How many stages keep their results."""
    refused: list[OldRefused]
    """Stages left alone, with reasons; an empty `id` is the whole request."""
    end: str
    """How the run would end if all succeeds that is still to run; empty: nobody can tell."""
    intervention: str = ""
    """Name of the Intervention; empty: nothing was written."""
