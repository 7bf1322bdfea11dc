"""Background jobs: a program that is no stage tells the board of its work, as far as that goes.

Best effort. Nothing here raises, ends a program or makes it wait for more than two seconds; while
the API service is away it is asked at most every half minute. Who is told, as whom and of which
namespace stands in the environment: `STAGEWORK_API_URL`, `STAGEWORK_TOKEN_FILE` and
`STAGEWORK_NAMESPACE` (in a Pod its own where that is not set).
"""

from __future__ import annotations

import http.client
import io
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from stagekit import contract, text, wire

TIMEOUT_SECONDS: Final = 2.0
"""Of one request."""
PAUSE_SECONDS: Final = 30.0
"""After one that was not answered."""
NAMESPACE_FILE: Final = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
"""Of the Pod, where its account's token is mounted."""
_NOT_FOUND: Final = 404
_ERRORS: Final = 400


@dataclass
class Service:
    """The API service, as the environment names it."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = text.say
    timeout_seconds: float = TIMEOUT_SECONDS
    _quiet_until: float = float("-inf")

    def post(self, path: str, body: Mapping[str, Any]) -> int:
        """The answer's status; 0 where there was none, or none was asked for."""
        if self.clock() < self._quiet_until:
            return 0
        try:
            return self._send(path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._quiet_until = self.clock() + PAUSE_SECONDS
            self.say(f"the board is not told: {error}")
            return 0

    def _send(self, path: str, body: Mapping[str, Any]) -> int:
        base = self.environment.get(contract.ENV_API_URL, "").rstrip("/")
        token = Path(self.environment.get(contract.ENV_TOKEN_FILE, ""))
        if not base:
            raise ValueError(f"{contract.ENV_API_URL} is not set")
        raw = json.dumps({key: value for key, value in body.items() if value is not None}).encode()
        answer = wire.exchange(
            "POST",
            f"{base}/v1/jobs/{quote(self._namespace(), safe='')}{path}",
            {
                "Authorization": f"Bearer {token.read_text(encoding='ascii').strip()}",
                "Content-Type": "application/json",
            },
            body=io.BytesIO(raw),
            size=len(raw),
            timeout=self.timeout_seconds,
        )
        if answer.status >= _ERRORS and answer.status != _NOT_FOUND:
            raise ValueError(f"HTTP {answer.status}: {answer.body[:200].decode(errors='replace')}")
        return answer.status

    def _namespace(self) -> str:
        given = self.environment.get(contract.ENV_NAMESPACE, "")
        return given or Path(NAMESPACE_FILE).read_text(encoding="ascii").strip()


_service = Service()


def start_job(
    kind: str,
    label: str = "",
    *,
    total: int | None = None,
    id: str = "",  # noqa: A002 - the word of the API
    machine: str = "",
    service: Service = _service,
) -> str:
    """A job begins; gives its id, also where nobody was told of it.

    With an id of the program's own it begins anew under that one.
    """
    own = id or uuid.uuid4().hex
    begun = {"id": own, "kind": kind, "label": label, "total": total, "machine": machine}
    service.post("", begun)
    return own


def heartbeat(
    id: str,  # noqa: A002
    processed: int | None = None,
    total: int | None = None,
    *,
    service: Service = _service,
) -> bool:
    """It is at work; whether that was taken. More often than every few seconds says no more."""
    path = f"/{quote(id, safe='')}/heartbeat"
    return _taken(service.post(path, {"processed": processed, "total": total}))


def finish_job(
    id: str,  # noqa: A002
    error: str = "",
    *,
    processed: int | None = None,
    service: Service = _service,
) -> bool:
    """It has ended, well or with an error; whether that was taken."""
    said = {"error": text.cut(error, 500), "processed": processed}
    return _taken(service.post(f"/{quote(id, safe='')}/finish", said))


def _taken(status: int) -> bool:
    return 0 < status < _ERRORS
