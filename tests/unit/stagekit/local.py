"""Environment of a stage that keeps its artifacts in a folder."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Local:
    """One attempt on this machine."""

    folder: Path

    @property
    def prefix(self) -> Path:
        """Where the attempt's artifacts are."""
        return self.folder / "artifacts/team/run-1/ocr/2-pod-1"

    def variables(self, **more: str) -> dict[str, str]:
        """The contract's variables."""
        return {
            "STAGEWORK_API_URL": f"dir://{self.folder}/artifacts",
            "STAGEWORK_NAMESPACE": "team",
            "STAGEWORK_RUN": "ad",
            "STAGEWORK_RUN_UID": "run-1",
            "STAGEWORK_STAGE": "ocr",
            "STAGEWORK_ATTEMPT": "2",
            "STAGEWORK_POD_UID": "pod-1",
            "STAGEWORK_POD_NAME": "ad-ocr-2",
            "STAGEWORK_WORK_DIR": str(self.folder / "work"),
            "STAGEWORK_TERMINATION_FILE": str(self.folder / "mark"),
            "STAGEWORK_INPUTS_FILE": str(self.folder / "inputs"),
            "STAGEWORK_PARAMS_FILE": str(self.folder / "params"),
            **more,
        }

    def process(self, **more: str) -> dict[str, str]:
        """Variables for a process of its own."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT / "operator"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.variables(**more),
        }

    def give(self, name: str, value: Mapping[str, object]) -> None:
        """Write the `inputs` or `params` file."""
        (self.folder / name).write_text(json.dumps(value))

    def earlier(self, stage: str, files: Mapping[str, bytes], **result: object) -> str:
        """An earlier stage's committed artifacts; gives its prefix."""
        import hashlib  # noqa: PLC0415

        prefix = f"team/run-1/{stage}/1-pod-of-{stage}"
        folder = self.folder / "artifacts" / prefix
        listed: list[dict[str, object]] = []
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            listed.append({"path": path, "size": len(content), "sha256": digest})
        (folder / "result.json").write_text(json.dumps({"v": 1, "files": listed, **result}))
        return prefix

    @property
    def mark(self) -> dict[str, Any]:
        """The mark that was written."""
        raw = (self.folder / "mark").read_bytes()
        assert len(raw) <= 1024
        return json.loads(raw)

    @property
    def is_marked(self) -> bool:
        """Whether there is a mark."""
        return (self.folder / "mark").exists()

    @property
    def result(self) -> dict[str, Any]:
        """The result.json that was stored."""
        return json.loads((self.prefix / "result.json").read_bytes())

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The lines of outcomes.jsonl."""
        return [json.loads(x) for x in (self.prefix / "outcomes.jsonl").read_text().splitlines()]

    def apply(self, patch: pytest.MonkeyPatch, **more: str) -> None:
        """Make this the environment of the test's own process."""
        for name, value in self.variables(**more).items():
            patch.setenv(name, value)
