"""Writes the JSON Schema of every stage's output into `images/ad-image/schemas/`.

PYTHONPATH=images/ad-image:images/modelcalls:operator python images/ad-image/tools/make_schemas.py
"""

from __future__ import annotations

from pathlib import Path

from adimage.outputs import OUTPUTS, schema

if __name__ == "__main__":
    folder = Path(__file__).parent.parent / "schemas"
    for stage in OUTPUTS:
        (folder / f"{stage}.json").write_bytes(schema(stage))
