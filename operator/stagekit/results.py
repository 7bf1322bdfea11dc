"""What an attempt leaves with the API service: its files, and `result.json` as the last of them.

Whoever finds a `result.json` finds all that it names.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from stagekit import contract, outputs, text
from stagekit.ending import Ending
from stagekit.environment import Environment
from stagekit.link import Link, digest_of_open


def now_text() -> str:
    """The time now, as Kubernetes writes times."""
    now = datetime.now(tz=timezone.utc)  # noqa: UP017  (Python 3.9)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def store_outputs(link: Link, work: Path) -> list[dict[str, object]]:
    """Store all that lies in `out/`; gives the entries of `files`. Raises StageError or OSError."""
    return [store_file(link, path, file) for path, file in outputs.opened(work)]


def store_file(link: Link, path: str, file: BinaryIO) -> dict[str, object]:
    """Store one open file; gives its entry of `files`."""
    digest, size = digest_of_open(file)
    file.seek(0)
    link.store(path, file, size, digest)
    return {"path": path, "size": size, "sha256": digest}


def store_result(
    link: Link,
    environment: Environment,
    ending: Ending,
    files: list[dict[str, object]],
    *,
    started: str,
    **more: Mapping[str, object] | str | int,
) -> str:
    """Store `result.json`; gives its sha256, which the mark carries. `more`: further fields."""
    result: dict[str, object] = {
        "v": contract.MARK_VERSION,
        "stage": environment.stage,
        "attempt": environment.attempt,
        "pod": environment.pod_uid,
        "outcome": ending.outcome,
        "reason": text.reason_word(ending.reason) if ending.reason else "",
        "message": text.clean(ending.message, contract.MESSAGE_MAX_BYTES),
        "machine": environment.machine,
        "method": environment.method,
        "counts": {},
        "startTime": started,
        "endTime": now_text(),
        "files": files,
        "values": {},
        **({"skips": dict(ending.skips)} if ending.skips else {}),
        **more,
    }
    raw = json.dumps(result, ensure_ascii=False, indent=1).encode("utf-8")
    digest = hashlib.sha256(raw).hexdigest()
    link.store(contract.RESULT_FILE, io.BytesIO(raw), len(raw), digest)
    return digest
