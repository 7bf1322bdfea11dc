"""What the process of a stage does once its container is to run."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """Of one attempt; by default it works for three seconds and succeeds."""

    seconds: float = 3.0
    """How long its process works."""
    exit_code: int = 0
    outcome: str = "Succeeded"
    """Outcome of the mark that it writes; empty: none."""
    skips: tuple[tuple[str, str], ...] = ()
    """Stages that its mark says are not needed, each with the reason."""
    reason: str = ""
    """Reason in the kubelet's report, such as OOMKilled."""
    starts: bool = True
    """False: its image cannot be pulled."""
    removed_after: float | None = None
    """The Pod object is removed by force so long after the start; the process goes on."""
    deleted_after: float | None = None
    """Somebody deletes the Pod in the ordinary way so long after the start."""
    sidecar: bool = False
    """Another container lives on after the stage has ended."""

    def first_cause(self) -> str:
        """Why it does not start."""
        return "" if self.starts else "ImagePullBackOff"


WORKS = Behaviour()
HANGS = Behaviour(seconds=1e9)
FAILS = Behaviour(exit_code=1, outcome="Failed")
REFUSES = Behaviour(exit_code=2, outcome="Refused")
SKIPS = Behaviour(outcome="Skipped")
CRASHES = Behaviour(exit_code=139, outcome="")
WITHOUT_MARK = Behaviour(outcome="")
OUT_OF_MEMORY = Behaviour(exit_code=137, outcome="", reason="OOMKilled")
NEVER_STARTS = Behaviour(starts=False)

Script = Mapping[tuple[str, int], Behaviour]
"""By stage and attempt; everything else works."""
