"""Writes the JSON Schema of every stage's output into `images/document/schemas/`.

PYTHONPATH=images/document:operator python images/document/tools/make_schemas.py
"""

from __future__ import annotations

from pathlib import Path

from docpipe.outputs import LINES, OUTPUTS, schema

if __name__ == "__main__":
    folder = Path(__file__).parent.parent / "schemas"
    for name in (*OUTPUTS, *LINES):
        (folder / f"{name}.json").write_bytes(schema(name))
