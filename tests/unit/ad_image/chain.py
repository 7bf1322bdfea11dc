"""Runs the stages of ad-image one after the other through stagekit, with a folder as its store."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import msgspec
from adimage import outputs
from adimage.__main__ import STAGES
from adimage.arrays import Pixels, read_pixels

import stagekit

T = TypeVar("T", bound=msgspec.Struct)


@dataclass
class Chain:
    """One run in a folder: its params, perhaps a given picture, and what its stages left."""

    root: Path
    params: dict[str, str]
    source: Path | None = None
    method: str = ""
    done: dict[str, str] = field(default_factory=dict[str, str])

    def run_all(self) -> Chain:
        """All nine stages; each has to succeed."""
        for stage in STAGES:
            assert self.run(stage) == 0, f"{stage}: {self.mark(stage)}"
        return self

    def run(self, stage: str) -> int:
        """One stage; gives its exit code."""
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
            "STAGEWORK_INPUT_URI": str(self.source) if self.source else "",
        }
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with patch.dict(os.environ, told):
                code = stagekit.main(STAGES, ["adimage", stage])
        finally:
            signal.signal(signal.SIGTERM, handler)
        if code == 0:
            self.done[stage] = f"local/local/{stage}/1-local"
        return code

    def mark(self, stage: str) -> dict[str, object]:
        """The completion mark that a stage wrote."""
        found: dict[str, object] = json.loads((self.root / f"{stage}.mark").read_text())
        return found

    def file(self, stage: str, name: str) -> Path:
        """A file that a stage left."""
        return self.root / "store" / self.done[stage] / name

    def read(self, stage: str, kind: type[T]) -> T:
        """A stage's JSON."""
        return outputs.read(self.file(stage, f"{stage}.json"), kind)

    def pixels(self, stage: str, name: str) -> Pixels:
        """A picture that a stage left."""
        return read_pixels(self.file(stage, name))

    def values(self, stage: str) -> dict[str, object]:
        """The small values that a stage shows to people."""
        result = json.loads(self.file(stage, "result.json").read_text())
        found: dict[str, object] = result["values"]
        return found
