"""What a clean-up of the API service has done, or would do."""

from pydantic import Field

from stagework.api.base import TOTAL_MAX, Observed


class CleanupAnswer(Observed):
    """Answer of `POST /v1/cleanup`."""

    dryRun: bool
    """Nothing was done."""
    artifacts: list[str]
    """Prefixes of artifacts that go."""
    noted: list[str]
    """Prefixes whose run is gone, seen for the first time: their keep time begins."""
    runs: int = Field(ge=0, le=TOTAL_MAX)
    """Runs and background jobs that history forgets."""
