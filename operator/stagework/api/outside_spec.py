"""The spec of a run that data from outside fills: rows of a table, entries of a feed.

Such data names neither an image nor a namespace: params, texts for people, and an input.
"""

from collections.abc import Mapping
from typing import Any

from stagework.api.pipelinejob import PipelineJobSpec


def outside_spec(
    pipeline: str,
    params: Mapping[str, str],
    *,
    title: str,
    subject: str,
    tenant: str,
    address: str,
) -> dict[str, Any]:
    """What is empty is left out; raises ValidationError where no run can have such a spec."""
    spec: dict[str, Any] = {
        "pipelineRef": {"name": pipeline},
        "params": params,
        "title": title,
        "subject": subject,
        "tenant": tenant,
    }
    if address:
        spec["input"] = {"uri": address}
    given = {name: value for name, value in spec.items() if value}
    PipelineJobSpec.model_validate(given)
    return given
