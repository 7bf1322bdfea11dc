"""The Context: everything that a stage's function is given."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar, Union

from stagekit import contract, models, text
from stagekit.endpoint import Endpoint
from stagekit.environment import Environment
from stagekit.errors import Refused
from stagekit.fence import boot_seconds
from stagekit.heartbeat import Progress
from stagekit.inputs import Inputs
from stagekit.items import Item, Ledger, iterate
from stagekit.link import Link

T = TypeVar("T")
Scalar = Union[str, int, float, bool]  # noqa: UP007  (Python 3.9)
"""What `ctx.value` takes."""

_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")
_VALUES_MAX: Final = 64
_VALUE_MAX_BYTES: Final = 256


class Context:
    """Inputs, params, outputs, items and progress of one attempt of one stage."""

    def __init__(
        self,
        environment: Environment,
        inputs: Inputs,
        outputs: Path,
        ledger: Ledger,
        progress: Progress,
        *,
        link: Link,
    ) -> None:
        self.inputs = inputs
        """Files of earlier stages and the run's own input."""
        self.outputs = outputs
        """Folder; every regular file below it is uploaded when the stage ends."""
        self.params: Mapping[str, str] = environment.params
        """The run's params."""
        self.method = environment.method
        """How to do the work: `STAGEWORK_METHOD`, or `builtin`."""
        self.when_down = environment.when_down
        """What follows when a model endpoint stays down: `fail`, `defer` or `builtin`."""
        self.method_used = ""
        """How the work was done, where `method` leaves that open; goes into result.json."""
        self.machine = environment.machine
        """Key of the machine class that this attempt runs on, such as `gpu`."""
        self.run = environment.run
        """Name of the PipelineJob."""
        self.stage = environment.stage
        """Name of the stage."""
        self.attempt = environment.attempt
        """Number of the attempt, from 1."""
        self.work = Path(environment.work_dir)
        """Writable folder for scratch files."""
        self.values: dict[str, Scalar] = {}
        """What `value` was given so far."""
        self._ledger = ledger
        self._progress = progress
        self._link = link
        self._model = environment.model
        self._timeout = environment.timeout_seconds
        self._began = boot_seconds()

    def param(self, name: str, default: str | None = None) -> str:
        """One param; without a default, a missing one refuses the run."""
        value = self.params.get(name, default)
        if value is None:
            known = ", ".join(sorted(self.params)) or "none"
            raise Refused("MissingParam", f"param {name!r} is not set; the run has: {known}")
        return value

    def value(self, name: str, value: Scalar) -> None:
        """Show a small value to people (`values` in result.json); 64 at most."""
        if not _NAME.match(name):
            raise ValueError(f"not a value's name: {name!r}; use letters, digits, _ . -")
        if name not in self.values and len(self.values) >= _VALUES_MAX:
            raise ValueError(f"more than {_VALUES_MAX} values; write a file instead")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"value {name!r} is {value}, which JSON cannot say")
        self.values[name] = text.clean(value, _VALUE_MAX_BYTES) if isinstance(value, str) else value

    def endpoint(self, role: str) -> Endpoint | None:
        """The model endpoint of a role (`chat`, `vision`, ...); None where the settings have none.

        openai.OpenAI(base_url=found.url, api_key=found.token) calls it, as this Pod.
        """
        return self._link.endpoint(role)

    def model_folder(self) -> Path:
        """The folder with the stage's own model, as `STAGEWORK_MODEL` names it.

        Raises Refused (`ModelNotSet`, `ModelNotFound`, `ModelBroken`) with what to change.
        """
        return models.folder(self._model, self._link, self.work / contract.MODEL_FOLDER)

    def seconds_left(self) -> float | None:
        """What is left of the stage's `timeoutSeconds`; None where nobody has set a limit."""
        return self._timeout - (boot_seconds() - self._began) if self._timeout else None

    def items(
        self, values: Iterable[T], key: Callable[[T], str] | None = None
    ) -> Iterator[Item[T]]:
        """Go through items so that one failure is recorded and the others go on.

        `key` gives an item's id in outcomes.jsonl; a Path's name or `str(value)` without it.
        """
        return iterate(values, self._ledger, self.progress, key)

    def progress(self, done: int | None = None, total: int | None = None, note: str = "") -> None:
        """Say how far the stage is; may be called as often as one likes."""
        self._progress.set(done, total, note)
