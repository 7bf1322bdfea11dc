"""Writes the JSON Schema of every stage's output into `images/document/schemas/`.

PYTHONPATH=images/document:images/shared:operator python images/document/tools/make_schemas.py
"""

from __future__ import annotations

from pathlib import Path

import stagefiles
from docpipe.outputs import LINES, OUTPUTS

if __name__ == "__main__":
    stagefiles.write_schemas(Path(__file__).parent.parent / "schemas", OUTPUTS | LINES)
