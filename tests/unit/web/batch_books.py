"""What the operator asks of a batch's books, over HTTP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stagework.policies.chunks.stride import position
from tests.unit.web.service import Answer, Service

UID = "uid-photos"
BASE = f"/v1/operator/batches/team/{UID}"


@dataclass
class Operator:
    """Asks as the operator."""

    service: Service

    def ask(self, method: str, path: str, body: Any = None, base: str = BASE) -> Answer:
        raw = json.dumps(body).encode() if body is not None else None
        return self.service.ask(method, base + path, self.service.cluster.operator(), raw)

    def freeze(self, **source: Any) -> Answer:
        return self.ask("PUT", "/manifest", {"name": "photos", "source": source})

    def freeze_numbered(self, count: int) -> Answer:
        """Items i0, i1 and so on."""
        inline = [{"id": f"i{n}", "params": {"page": str(n)}} for n in range(count)]
        return self.freeze(inline=inline)

    def fold(self, start: int, count: int, **more: Any) -> Answer:
        return self.ask("POST", "/folds", fold_body(start, count, **more))


def fold_body(start: int, count: int, **more: Any) -> dict[str, Any]:
    """A chunk of the first round whose run succeeded."""
    return {
        "round": 0,
        "start": start,
        "count": count,
        "attempt": 1,
        "final": True,
        "child": {"name": "photos-0", "uid": "child-1"},
        "outcome": "Succeeded",
        "reason": "",
        "message": "",
        "stages": [],
        "origin": None,
        "startedAt": "2026-11-30T12:00:00Z",
        "endedAt": "2026-11-30T12:01:00Z",
        **more,
    }


def in_order(total: int, positions: Sequence[int]) -> list[int]:
    """Numbers of the items at these positions of the first round."""
    return [position(at, total) for at in positions]
