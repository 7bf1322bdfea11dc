"""A model endpoint as a stage sees it: an address below the API service and this Pod's token.

The API service adds the key and the model's name, so neither ever is in a Pod. Any client of
the OpenAI protocol works: `openai.OpenAI(base_url=found.url, api_key=found.token)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stagekit.documents import parse_object
from stagekit.errors import ContractError


@dataclass(frozen=True)
class Endpoint:
    """One role's endpoint, with what its server was seen to be able to do."""

    role: str
    """`chat`, `vision`, `images`, `embeddings` or `transcription`."""
    url: str
    """Base URL for a client of the OpenAI protocol."""
    token: Callable[[], str]
    """Gives the token to call it with; ask before each request, the kubelet renews it."""
    machine: str = ""
    """Machine class that the server runs on, where the settings say it."""
    timeout_seconds: float = 60.0
    """Longest time of one request, waiting for a free place included."""
    retries: int = 0
    """How often to try again where it does not answer."""
    json_schema: bool = False
    """True: it keeps to a JSON Schema in `response_format`."""
    images: bool = False
    """True: its messages may hold pictures."""


def read_endpoint(raw: bytes, role: str, url: str, token: Callable[[], str]) -> Endpoint:
    """What the service says of a role; raises ContractError where that is unreadable."""
    fields = parse_object(raw)
    if fields is None:
        raise ContractError(f"the API service's answer about the {role} endpoint is unreadable")
    return Endpoint(
        role=role,
        url=url,
        token=token,
        machine=str(fields.get("machine") or ""),
        timeout_seconds=_number(fields.get("timeoutSeconds"), 60.0),
        retries=int(_number(fields.get("retries"), 0)),
        json_schema=fields.get("jsonSchema") is True,
        images=fields.get("images") is True,
    )


def _number(value: object, default: float) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known and isinstance(value, (int, float)) else default
