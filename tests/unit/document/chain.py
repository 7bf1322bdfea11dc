"""Runs the stages of document one after the other through stagekit, with a folder as its store."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import msgspec
from docpipe import outputs
from docpipe.__main__ import STAGES

import stagekit

T = TypeVar("T", bound=msgspec.Struct)


@dataclass
class Chain:
    """One run in a folder: its input, its params, and what its stages left."""

    root: Path
    source: Path | None = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    method: str = ""
    done: dict[str, str] = field(default_factory=dict[str, str])
    outcomes: dict[str, str] = field(default_factory=dict[str, str])

    def run_all(self, *stages: str) -> Chain:
        """The named stages, or all; each has to succeed or to skip itself."""
        for stage in stages or STAGES:
            assert self.run(stage) == 0, f"{stage}: {self.mark(stage)}"
        return self

    def run(self, stage: str) -> int:
        """One stage; gives its exit code. What was skipped is nobody's input."""
        work = self.root / "work" / stage
        work.mkdir(parents=True, exist_ok=True)
        (self.root / "params").write_text(json.dumps(self.params))
        (self.root / "inputs").write_text(json.dumps({"machine": "gpu", "stages": self.done}))
        told = {
            "STAGEWORK_API_URL": f"dir://{self.root}/store",
            "STAGEWORK_STAGE": stage,
            "STAGEWORK_INPUTS_FILE": str(self.root / "inputs"),
            "STAGEWORK_PARAMS_FILE": str(self.root / "params"),
            "STAGEWORK_WORK_DIR": str(work),
            "STAGEWORK_TERMINATION_FILE": str(self.root / f"{stage}.mark"),
            "STAGEWORK_METHOD": self.method,
            "STAGEWORK_INPUT_URI": self.source.as_uri() if self.source else "",
        }
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with patch.dict(os.environ, told):
                code = stagekit.main(STAGES, ["docpipe", stage])
        finally:
            signal.signal(signal.SIGTERM, handler)
        self.outcomes[stage] = str(self.mark(stage)["outcome"])
        if self.outcomes[stage] == "Succeeded":
            self.done[stage] = f"local/local/{stage}/1-local"
        return code

    def mark(self, stage: str) -> dict[str, object]:
        """The completion mark that a stage wrote."""
        found: dict[str, object] = json.loads((self.root / f"{stage}.mark").read_text())
        return found

    def reason(self, stage: str) -> str:
        """The reason in a stage's mark."""
        return str(self.mark(stage).get("reason", ""))

    def file(self, stage: str, name: str) -> Path:
        """A file that a stage left."""
        return self.root / "store" / "local" / "local" / stage / "1-local" / name

    def read(self, stage: str, kind: type[T]) -> T:
        """A stage's JSON."""
        return outputs.read(self.file(stage, f"{stage}.json"), kind)

    def items(self, stage: str) -> list[dict[str, str]]:
        """What became of a stage's items."""
        lines = self.file(stage, "outcomes.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def values(self, stage: str) -> dict[str, object]:
        """The small values that a stage shows to people."""
        result = json.loads(self.file(stage, "result.json").read_text())
        found: dict[str, object] = result["values"]
        return found
