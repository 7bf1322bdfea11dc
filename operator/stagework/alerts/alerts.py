"""What a source of alerts can say, as a Protocol; one suite holds all its kinds to it."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What people read."""

    title: str
    """One line: what, and of which installation."""
    text: str = ""
    """The rest, with what to type next."""


class Sending(Enum):
    """What has become of a word."""

    SENT = "sent"
    """At least one receiver has taken it."""
    KNOWN = "known"
    """Nothing new: it was said before, or there is nothing to take back."""
    FAILED = "failed"
    """No receiver has taken it: it is said anew the next time."""
    NOWHERE = "nowhere"
    """No receiver is set."""


class Alerts(Protocol):
    """Never raises, and answers within `alerts.timeoutSeconds` and a few requests."""

    async def failing(self, key: str, message: Message) -> Sending:
        """Something is wrong; said once, until the same key is well again."""
        ...

    async def well(self, key: str, message: Message) -> Sending:
        """It is not; said once, and only if it was said that it is wrong."""
        ...

    async def once(self, key: str, message: Message) -> Sending:
        """Something to know, such as the digest of a day; said once for ever."""
        ...

    async def open_keys(self) -> tuple[str, ...]:
        """Keys of what was said to be wrong, and not yet to be well."""
        ...
