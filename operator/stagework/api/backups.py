"""What the API service says to a backup, and keeps of it."""

from pydantic import Field

from stagework.api.base import TOTAL_MAX, Observed
from stagework.api.facts import AnyFact


class KeptBackup(Observed):
    """One backup."""

    name: str
    """Its name: of two the later one is the newer."""
    size: int = Field(ge=0, le=TOTAL_MAX)
    """In bytes."""


class BackupList(Observed):
    """Answer of `GET /v1/backups`."""

    backups: list[KeptBackup]
    """The oldest first."""


class ExportPage(Observed):
    """Answer of `GET /v1/export`."""

    facts: list[AnyFact]
    """All of the runs of this page."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""
