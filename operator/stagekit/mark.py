"""The completion mark: what a stage says at its very end, in at most 1,024 bytes of JSON.

The kubelet reports it as the container's termination message. It is written last, after every
upload, so a mark always stands for results that are there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from stagekit import contract, text
from stagekit.documents import as_object, parse_object
from stagekit.ending import Ending
from stagekit.environment import Environment
from stagekit.errors import ContractError

_STAGE: Final = re.compile(contract.STAGE_NAME)


@dataclass(frozen=True)
class Mark:
    """One completion mark; `encode` gives its bytes."""

    stage: str
    attempt: int
    pod: str
    outcome: str
    digest: str = ""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    reason: str = ""
    message: str = ""
    skips: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages below it that are not needed, each with the reason; see `with_skip`."""

    def encode(self) -> bytes:
        """JSON of at most `MARK_MAX_BYTES`: text is cleaned, and given up before the facts."""
        slim = replace(
            self,
            reason=text.reason_word(self.reason) if self.reason else "",
            message=text.clean(self.message, contract.MESSAGE_MAX_BYTES),
        )
        for candidate in (slim, replace(slim, message=""), replace(slim, message="", counts={})):
            raw = json.dumps(candidate._fields(), ensure_ascii=False, separators=(",", ":"))
            encoded = raw.encode("utf-8")
            if len(encoded) <= contract.MARK_MAX_BYTES:
                return encoded
        raise ContractError(
            f"the mark does not fit into {contract.MARK_MAX_BYTES} bytes: stage {self.stage[:64]!r}"
        )

    def _fields(self) -> dict[str, object]:
        optional: dict[str, object] = {
            "digest": self.digest,
            "counts": dict(self.counts),
            "reason": self.reason,
            "message": self.message,
            "skips": dict(self.skips),
        }
        return {
            "v": contract.MARK_VERSION,
            "stage": self.stage,
            "attempt": self.attempt,
            "pod": self.pod,
            "outcome": self.outcome,
            **{key: value for key, value in optional.items() if value},
        }

    def write(self, path: str) -> None:
        """Write it in place with one call: the file is a mount and cannot be renamed over."""
        encoded = self.encode()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(handle, encoded)
        finally:
            os.close(handle)


def mark_of(
    given: Environment,
    ending: Ending,
    *,
    digest: str = "",
    counts: Mapping[str, int] | None = None,
) -> Mark:
    """The mark of this attempt. `digest`: of its `result.json`; `counts`: of its items."""
    return Mark(
        stage=given.stage,
        attempt=given.attempt,
        pod=given.pod_uid,
        outcome=ending.outcome,
        digest=digest,
        counts=counts or {},
        reason=ending.reason,
        message=ending.message,
        skips=ending.skips,
    )


def with_skip(skips: Mapping[str, str], stage: str, reason: str) -> dict[str, str]:
    """The same skips and one more; raises ValueError for what the operator could not take."""
    if not _STAGE.fullmatch(stage):
        raise ValueError(f"not a stage's name: {stage!r}")
    word = text.reason_word(reason, fallback="")
    if not word:
        raise ValueError(f"not a reason: {reason!r}; use one CamelCase word, such as NoSound")
    more = {**skips, stage: word}
    size = len(json.dumps(more, separators=(",", ":")))
    if size > contract.SKIPS_MAX_BYTES:
        raise ValueError(
            f"the stages that are skipped take {size} bytes with their reasons, and a mark holds "
            f"{contract.SKIPS_MAX_BYTES}: use shorter reasons, or skip a stage that they depend on"
        )
    return more


def skips_of(fields: Mapping[str, object]) -> dict[str, str]:
    """The skips that a mark says, as far as they are any."""
    given = as_object(fields.get("skips")) or {}
    return {name: str(reason) for name, reason in given.items()}


def read(path: str) -> dict[str, object] | None:
    """A mark that somebody else wrote to `path`, or None where there is none of this version."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(contract.MARK_MAX_BYTES + 1)
    except OSError:
        return None
    if len(raw) > contract.MARK_MAX_BYTES:
        return None
    fields = parse_object(raw)
    if fields is None or fields.get("v") != contract.MARK_VERSION:
        return None
    return fields if str(fields.get("outcome")) in contract.OUTCOMES else None
