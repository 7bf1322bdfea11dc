"""What the settings give to every stage Pod."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PodDefaults:
    """Values of the settings that go into each Pod as they are."""

    api_url: str
    audience: str
    run_as_user: int
    cpu_request: str
    memory_request: str
    work_size_limit: str
    image_pull_policy: str
    termination_grace_period_seconds: int
