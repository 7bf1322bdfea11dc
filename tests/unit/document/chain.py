"""A run of document's stages."""

from __future__ import annotations

from docpipe.__main__ import STAGES

from hack.devcluster.paths import ROOT
from tests.support.stagechain import StageChain


class Chain(StageChain):
    """One run; most have an input and no params."""

    STAGES = STAGES
    SCHEMAS = ROOT / "images" / "document" / "schemas"
