"""Runs an image's stages one after the other through stagekit, with a folder as their store."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, cast
from unittest.mock import patch

import jsonschema
import msgspec
import stagefiles

import stagekit
from stagekit.stage import StageFunction

T = TypeVar("T", bound=msgspec.Struct)


@dataclass
class StageChain:
    """One run in a folder: its input, its params, and what its stages left.

    `model` is what the pipeline names as the stages' own model, method `onnx` uses it. With `batch`
    the run works on items: a file with one JSON object each.
    """

    STAGES: ClassVar[Mapping[str, StageFunction]]
    """The image's stages, in their order."""
    SCHEMAS: ClassVar[Path]
    """The image's published JSON Schemas."""

    root: Path
    source: Path | None = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    method: str = ""
    model: str = ""
    batch: Path | None = None
    done: dict[str, str] = field(default_factory=dict[str, str])
    outcomes: dict[str, str] = field(default_factory=dict[str, str])

    def run_all(self, *stages: str) -> Self:
        """The named stages, or all; each has to succeed or to skip itself."""
        for stage in stages or self.STAGES:
            assert self.run(stage) == 0, f"{stage}: {self.mark(stage)}"
        return self

    def run(self, stage: str) -> int:
        """One stage; gives its exit code. What was skipped is nobody's input."""
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with patch.dict(os.environ, self._environment(stage)):
                code = stagekit.main(self.STAGES, ["chain", stage])
        finally:
            signal.signal(signal.SIGTERM, handler)
        self.outcomes[stage] = str(self.mark(stage)["outcome"])
        if self.outcomes[stage] == "Succeeded":
            self.done[stage] = f"local/local/{stage}/1-local"
        return code

    def _environment(self, stage: str) -> dict[str, str]:
        work = self.root / "work" / stage
        work.mkdir(parents=True, exist_ok=True)
        (self.root / "params").write_text(json.dumps(self.params))
        (self.root / "inputs").write_text(json.dumps({"machine": "gpu", "stages": self.done}))
        return {
            "STAGEWORK_API_URL": f"dir://{self.root}/store",
            "STAGEWORK_STAGE": stage,
            "STAGEWORK_INPUTS_FILE": str(self.root / "inputs"),
            "STAGEWORK_PARAMS_FILE": str(self.root / "params"),
            "STAGEWORK_WORK_DIR": str(work),
            "STAGEWORK_TERMINATION_FILE": str(self.root / f"{stage}.mark"),
            "STAGEWORK_METHOD": self.method,
            "STAGEWORK_MODEL": self.model,
            "STAGEWORK_INPUT_URI": self.source.as_uri() if self.source else "",
            "STAGEWORK_INPUT_ITEMS": str(self.batch or ""),
        }

    def mark(self, stage: str) -> dict[str, object]:
        """The completion mark that a stage wrote."""
        mark: dict[str, object] = json.loads((self.root / f"{stage}.mark").read_text())
        return mark

    def reason(self, stage: str) -> str:
        """The reason in a stage's mark."""
        return str(self.mark(stage).get("reason", ""))

    def file(self, stage: str, name: str) -> Path:
        """A file that a stage left."""
        return self.root / "store" / "local" / "local" / stage / "1-local" / name

    def read(self, stage: str, kind: type[T]) -> T:
        """A stage's JSON."""
        return stagefiles.read(self.file(stage, stagefiles.name_of(stage)), kind)

    def published(self, stage: str, folder: str = "") -> dict[str, Any]:
        """A stage's JSON as it stands there; it has to fit its published schema."""
        file = self.file(stage, str(Path(folder, stagefiles.name_of(stage))))
        output: dict[str, Any] = json.loads(file.read_text())
        jsonschema.validate(output, json.loads((self.SCHEMAS / f"{stage}.json").read_text()))
        return output

    def items(self, stage: str) -> list[dict[str, str]]:
        """What became of a stage's items."""
        lines = self.file(stage, "outcomes.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def result(self, stage: str) -> dict[str, object]:
        """What stagekit stored of a stage."""
        result: dict[str, object] = json.loads(self.file(stage, "result.json").read_text())
        return result

    def values(self, stage: str) -> dict[str, object]:
        """The small values that a stage shows to people."""
        return cast("dict[str, object]", self.result(stage)["values"])
