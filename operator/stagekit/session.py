"""One attempt from start to mark; shared by `stagekit.main` and `stagekit run`.

The order at the end is the promise: files, then outcomes.jsonl, then result.json, then the
mark. Whoever finds a result.json finds all that it names; whoever sees a mark finds both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from stagekit import contract, text
from stagekit.batch import Chunk
from stagekit.contact import Contact
from stagekit.ending import Ending
from stagekit.environment import Environment
from stagekit.errors import StageError
from stagekit.inputs import Inputs
from stagekit.items import Ledger
from stagekit.mark import Mark, mark_of
from stagekit.results import now_text, store_file, store_outputs, store_result
from stagekit.retry import Patience

_EXITS = {
    contract.OUTCOME_SUCCEEDED: contract.EXIT_OK,
    contract.OUTCOME_SKIPPED: contract.EXIT_OK,
    contract.OUTCOME_REFUSED: contract.EXIT_REFUSED,
    contract.OUTCOME_FAILED: contract.EXIT_FAILED,
    contract.OUTCOME_DEFERRED: contract.EXIT_DEFERRED,
}


class Session:
    """The plumbing of one attempt: link, heartbeats, fence, folders, results."""

    def __init__(
        self,
        environment: Environment,
        on_lost: Callable[[float], None],
        patience: Patience | None = None,
    ) -> None:
        self.environment = environment
        work = Path(environment.work_dir)
        self.work = work
        self.private = work / ".stagekit"
        self.outputs = work / contract.OUT_FOLDER
        for folder in (self.private, self.outputs):
            folder.mkdir(parents=True, exist_ok=True)
        self._contact = Contact(environment, on_lost, patience)
        self.progress = self._contact.progress
        self.link = self._contact.link
        self.inputs = Inputs(
            self.link,
            work / contract.IN_FOLDER,
            environment.stages,
            environment.input_uri,
        )
        source = work / contract.IN_FOLDER / contract.SOURCE_FOLDER
        has_items = bool(environment.input_items)
        self.chunk = Chunk(self.link, self.inputs, source) if has_items else None
        self.ledger = Ledger(self.private / contract.OUTCOMES_FILE)
        self.ledger.path.unlink(missing_ok=True)
        self._started = now_text()

    def start(self) -> None:
        """Begin to send heartbeats and to watch the fence."""
        self._contact.start()

    def stop(self) -> None:
        """End both threads."""
        self._contact.stop()

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
            if ending.is_good:
                ending = Ending(contract.OUTCOME_FAILED, f"Upload{reason}", str(error))
            text.say(f"the outputs could not be stored: {error}")
        counts = self.ledger.summary()
        self._write(mark_of(self.environment, ending, digest=digest, counts=counts))
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
        files = store_outputs(self.link, self.work)
        if self.ledger.lines:
            with self.ledger.path.open("rb") as outcomes:
                files.append(store_file(self.link, contract.OUTCOMES_FILE, outcomes))
        return store_result(
            self.link,
            self.environment,
            ending,
            files,
            started=self._started,
            method=method,
            counts=self.ledger.summary(),
            values=dict(values),
            **self._at_work(),
        )

    def _at_work(self) -> dict[str, int]:
        """The item of the batch that the stage ended on, where it did."""
        item = self.progress.item
        return {} if item is None else {"item": item}
