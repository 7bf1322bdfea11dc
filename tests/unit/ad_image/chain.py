"""A run of ad-image's stages."""

from __future__ import annotations

from pathlib import Path

from adimage.__main__ import STAGES
from adimage.arrays import Pixels, read_pixels

from hack.devcluster.paths import ROOT
from tests.support.stagechain import StageChain


class Chain(StageChain):
    """One run; all have params, some an input."""

    STAGES = STAGES
    SCHEMAS = ROOT / "images" / "ad-image" / "schemas"

    def __init__(
        self, root: Path, params: dict[str, str], source: Path | None = None, method: str = ""
    ) -> None:
        super().__init__(root, source, params, method)

    def pixels(self, stage: str, name: str) -> Pixels:
        """A picture that a stage left."""
        return read_pixels(self.file(stage, name))
