"""How many listen to live progress."""


class Listeners:
    """Counts them, up to a limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.number = 0

    def enter(self) -> bool:
        """Whether there is room for one more; then it is counted."""
        if self.number >= self._most:
            return False
        self.number += 1
        return True

    def leave(self) -> None:
        """One has gone."""
        self.number -= 1
