"""What is measured of a chunk that has ended."""

from dataclasses import dataclass
from typing import Final

SHORTEST_SECONDS: Final = 0.5
"""What a chunk counts for that began and ended within the same second: a status tells whole ones,
and what took less has taken some time, too."""


@dataclass(frozen=True, slots=True)
class ObservedChunk:
    """A chunk that ended well, on one class of machines; seconds."""

    items: int
    seconds: float
    """From when its gate was removed to its end, without waiting for slots, machines or retries."""
    span_seconds: float | None = None
    """Between the ends of its first and its last item; None: its items told no times."""
    cold: bool = False
    """The first of its image on a node, which may have pulled the image."""

    @property
    def item_seconds(self) -> float | None:
        """Of one item; the first is not in it, so a model that it loads counts as fixed cost."""
        if self.span_seconds is None or self.items <= 1:
            return None
        return self.span_seconds / (self.items - 1)
