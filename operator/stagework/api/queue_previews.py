"""What the routes of retry and skip answer before anything is written, and who asks."""

from stagework.api.old_queue import OldAnswer, OldRefused


class Effect(OldAnswer):
    """What a retry or skip of one failure would do, as the operator would carry it out."""

    id: str
    """The id."""
    namespace: str
    """Of the run."""
    run: str
    """Its name."""
    title: str
    """What people call it."""
    stage: str
    """The stage that has failed."""
    next_attempt: int
    """Number of the attempt that a retry would start."""
    waits_again: list[str]
    """Stages below it that would wait again."""
    not_run: list[str]
    """Stages that would not be run, with it or without."""
    kept: int
    """How many stages keep their results."""
    end: str
    """How the run would end if all succeeds that is still to run; empty: nobody can tell."""


class Effects(OldAnswer):
    """Answer of `POST /v1/failed/retry/preview`, and of its like for a skip."""

    requested: int
    """Ids, each counted once."""
    effects: list[Effect]
    """Of those that would be done."""
    refused: list[OldRefused]
    """The others, with reasons."""


class Rights(OldAnswer):
    """What a person may ask of runs, schedules and batches in a namespace."""

    namespace: str
    """Where."""
    verbs: list[str]
    """Of Interventions on runs: what admission would let pass."""
    schedule_verbs: list[str]
    """The same of schedules; and `Suspend` of who may `patch` them: to pause and to resume."""
    batch_verbs: list[str]
    """The same of batches."""


class Me(OldAnswer):
    """Answer of `GET /v1/me`."""

    user: str
    """The name by which the cluster knows the caller."""
    rights: list[Rights]
    """In the namespaces that were asked for."""
