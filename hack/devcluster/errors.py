"""What went wrong, and what mends it."""


class DevClusterError(Exception):
    """It cannot go on: says what is missing and, where there is one, the cure."""

    def __init__(self, missing: str, mend: str = "") -> None:
        super().__init__(missing)
        self.missing = missing
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.missing}\n  mend: {self.mend}" if self.mend else self.missing
