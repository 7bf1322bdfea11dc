"""What the settings give to every stage Pod."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class FilesDefaults:
    """Of our own containers in the Pod of a `contract: Files` stage."""

    image: str
    image_pull_policy: str
    resources: dict[str, Any]
    """Requests and limits of each."""
    grace_seconds: int
    """How long outputs may be stored once the stage has ended: the Pod's own grace."""


@dataclass(frozen=True)
class PodDefaults:
    """Values of the settings that go into each Pod as they are."""

    api_url: str
    audience: str
    run_as_user: int
    cpu_request: str
    """Where the stage asks for none; empty: nothing is asked for."""
    memory_request: str
    """Likewise."""
    work_size_limit: str
    image_pull_policy: str
    termination_grace_period_seconds: int
    files: FilesDefaults
    heartbeat_url: str = ""
    """Base URL for heartbeats; empty: `api_url`."""
    pull_secrets: tuple[str, ...] = ()
    """Names of Secrets with which images are pulled: each namespace has its own of that name."""

    def within(self, given: Collection[str]) -> Self:
        """Without requests for those resources: the namespace gives its own to who asks for none.

        Ours could be below what it allows, or too far below the limit that it gives.
        """
        return replace(
            self,
            cpu_request="" if "cpu" in given else self.cpu_request,
            memory_request="" if "memory" in given else self.memory_request,
        )
