"""Writes the JSON Schema of every stage's output into `images/ad-image/schemas/`.

PYTHONPATH=images/ad-image:images/shared:operator python images/ad-image/tools/make_schemas.py
"""

from __future__ import annotations

from pathlib import Path

import stagefiles
from adimage.outputs import OUTPUTS

if __name__ == "__main__":
    stagefiles.write_schemas(Path(__file__).parent.parent / "schemas", OUTPUTS)
