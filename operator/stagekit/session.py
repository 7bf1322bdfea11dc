"""One attempt from start to mark; shared by `stagekit.main` and `stagekit run`.

The order at the end is the promise: files, then outcomes.jsonl, then result.json, then the
mark. Whoever finds a result.json finds all that it names; whoever sees a mark finds both.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from stagekit import contract, text
from stagekit.environment import Environment
from stagekit.errors import StageError
from stagekit.fence import Fence, Watch
from stagekit.folder_link import FolderLink
from stagekit.heartbeat import Heartbeats, Progress, api_server_answers
from stagekit.http_link import HttpLink
from stagekit.inputs import Inputs
from stagekit.items import Ledger
from stagekit.link import Link, digest_of
from stagekit.mark import Mark
from stagekit.retry import Patience

_EXITS = {
    contract.OUTCOME_SUCCEEDED: contract.EXIT_OK,
    contract.OUTCOME_SKIPPED: contract.EXIT_OK,
    contract.OUTCOME_REFUSED: contract.EXIT_REFUSED,
    contract.OUTCOME_FAILED: contract.EXIT_FAILED,
    contract.OUTCOME_DEFERRED: contract.EXIT_DEFERRED,
}


@dataclass(frozen=True)
class Ending:
    """How the work ended: an outcome of the contract, and why."""

    outcome: str
    reason: str = ""
    message: str = ""
    skips: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages below it that are not needed, each with the reason."""


def now_text() -> str:
    """The time now, as Kubernetes writes times."""
    now = datetime.now(tz=timezone.utc)  # noqa: UP017  (Python 3.9)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


class Session:
    """The plumbing of one attempt: link, heartbeats, fence, folders, results."""

    def __init__(
        self,
        environment: Environment,
        on_lost: Callable[[float], None],
        patience: Patience | None = None,
    ) -> None:
        self.environment = environment
        self.progress = Progress()
        work = Path(environment.work_dir)
        self.private = work / ".stagekit"
        self.outputs = work / contract.OUT_FOLDER
        for folder in (self.private, self.outputs):
            folder.mkdir(parents=True, exist_ok=True)
        # A machine that may be away is never replaced on time alone, so its stage goes on
        # after the wake; everywhere else silence must end the work.
        fenced = not (environment.is_local or environment.may_be_away)
        self.fence = Fence() if fenced else None
        self.link = self._connect(patience or Patience())
        self.inputs = Inputs(
            self.link,
            work / contract.IN_FOLDER,
            environment.stages,
            environment.input_uri,
        )
        self.ledger = Ledger(self.private / contract.OUTCOMES_FILE)
        self.ledger.path.unlink(missing_ok=True)
        self._started = now_text()
        self._watch = Watch(self.fence, on_lost, contract.ALIVE_FILE)
        self._beats = Heartbeats(
            self.link, self.progress, self.fence, probe=lambda: api_server_answers(os.environ)
        )

    def _connect(self, patience: Patience) -> Link:
        if self.environment.is_local:
            return FolderLink(self.environment)
        contact = self.fence.contact if self.fence is not None else lambda: None
        return HttpLink(self.environment, contact, patience)

    def start(self) -> None:
        """Begin to send heartbeats and to watch the fence."""
        self._watch.start()
        if not self.environment.is_local:
            self._beats.start()

    def stop(self) -> None:
        """End both threads."""
        self._beats.stop()
        self._watch.stop()

    def finish(
        self, ending: Ending, values: Mapping[str, object] | None = None, method: str = ""
    ) -> int:
        """Upload everything, write the mark, and give the exit code.

        `method` is how the work was done in the end, where that was not clear before.

        An upload that fails for good turns the outcome into Failed; the mark says so.
        """
        digest = ""
        try:
            digest = self._upload(ending, values or {}, method or self.environment.method)
        except (StageError, OSError) as error:
            reason = error.reason if isinstance(error, StageError) else type(error).__name__
            if ending.outcome in (contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED):
                ending = Ending(contract.OUTCOME_FAILED, f"Upload{reason}", str(error))
            text.say(f"the outputs could not be stored: {error}")
        mark = Mark(
            stage=self.environment.stage,
            attempt=self.environment.attempt,
            pod=self.environment.pod_uid,
            outcome=ending.outcome,
            digest=digest,
            counts=self.ledger.summary(),
            reason=ending.reason,
            message=ending.message,
            skips=ending.skips,
        )
        self._write(mark)
        detail = f" ({ending.reason}: {ending.message})" if ending.reason else ""
        text.say(f"{self.environment.stage}: {ending.outcome}{text.clean(detail, 400)}")
        return _EXITS[ending.outcome]

    def _write(self, mark: Mark) -> None:
        try:
            mark.write(self.environment.termination_file)
        except OSError as error:
            if not self.environment.is_local:
                raise
            # On one's own machine there is no kubelet to read it.
            text.say(f"no completion mark written: {error}")

    def _upload(self, ending: Ending, values: Mapping[str, object], method: str) -> str:
        files = [self._upload_file(path, file) for path, file in self._output_files()]
        if self.ledger.total:
            files.append(self._upload_file(contract.OUTCOMES_FILE, self.ledger.path))
        result = {
            "v": contract.MARK_VERSION,
            "stage": self.environment.stage,
            "attempt": self.environment.attempt,
            "pod": self.environment.pod_uid,
            "outcome": ending.outcome,
            "reason": text.reason_word(ending.reason) if ending.reason else "",
            "message": text.clean(ending.message, contract.MESSAGE_MAX_BYTES),
            "machine": self.environment.machine,
            "method": method,
            "counts": self.ledger.summary(),
            "startTime": self._started,
            "endTime": now_text(),
            "files": files,
            "values": dict(values),
            **({"skips": dict(ending.skips)} if ending.skips else {}),
        }
        raw = json.dumps(result, ensure_ascii=False, indent=1).encode("utf-8")
        digest = hashlib.sha256(raw).hexdigest()
        self.link.store(contract.RESULT_FILE, io.BytesIO(raw), len(raw), digest)
        return digest

    def _output_files(self) -> list[tuple[str, Path]]:
        files: list[tuple[str, Path]] = []
        for file in sorted(self.outputs.rglob("*")):
            path = file.relative_to(self.outputs).as_posix()
            if file.is_symlink():
                text.say(f"a symbolic link is not uploaded: {path}")
                continue
            if not file.is_file() or any(part.startswith(".") for part in path.split("/")):
                continue  # hidden files are nobody's result, and the store keeps none
            if path in (contract.RESULT_FILE, contract.OUTCOMES_FILE):
                raise StageError(f"{path} is written by stagekit: give your file another name")
            files.append((path, file))
        return files

    def _upload_file(self, path: str, file: Path) -> dict[str, object]:
        digest, size = digest_of(file)
        with file.open("rb") as content:
            self.link.store(path, content, size, digest)
        return {"path": path, "size": size, "sha256": digest}
