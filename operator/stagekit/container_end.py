"""How a stage's container has ended: what its kubelet has reported, told by the API service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stagekit import contract
from stagekit.documents import parse_object
from stagekit.errors import ContractError
from stagekit.retry import Patience

CONTAINER_END: Final = "/v1/container-end"
"""Where the API service tells it."""


@dataclass(frozen=True)
class ContainerEnd:
    """Of the stage's container; only whoever reads the Pod's status can know it."""

    exit_code: int
    """`EXIT_INTERRUPTED` where something has ended the Pod before its kubelet has told of it."""
    interrupted: str = ""
    """What has ended the Pod from outside; empty: the stage has ended by itself."""
    unproved: bool = False
    """The container that asks was started again meanwhile: its fence may have been unanswered."""
    result: str = ""
    """sha256 of the `result.json` that this Pod has stored already; empty: none."""


def ask_container_end(patience: Patience, ask: Callable[[], bytes]) -> ContainerEnd:
    """Ask until a kubelet has reported it; raises ServiceUnavailable when patience ends."""
    return _read(patience.ask("ask how the stage has ended", ask))


def _read(body: bytes) -> ContainerEnd:
    fields = parse_object(body) or {}
    code, interrupted = fields.get("exitCode"), _word(fields, "interrupted")
    if code is None and interrupted:
        code = contract.EXIT_INTERRUPTED
    if not isinstance(code, int) or isinstance(code, bool):
        raise ContractError("the API service's answer about the container's end is unreadable")
    return ContainerEnd(
        exit_code=code,
        interrupted=interrupted,
        unproved=fields.get("restarted") is True,
        result=_word(fields, "result"),
    )


def _word(fields: dict[str, object], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
