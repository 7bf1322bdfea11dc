"""What the API service says of the stores behind it."""

from stagework.api.base import Observed, Sentence


class PartHealth(Observed):
    """One part."""

    fault: Sentence = ""
    """What is wrong with it; empty: nothing."""


class ServiceHealth(Observed):
    """Answer of `GET /v1/checks`."""

    history: PartHealth
    """The database."""
    artifacts: PartHealth
    """The artifact store."""
