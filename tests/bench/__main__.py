"""``python -m tests.bench NAME``: runs one bench; without a name it lists them."""

import runpy
import sys
from pathlib import Path

KNOWN = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if 'if __name__ == "__main__":' in path.read_text() and not path.stem.startswith("_")
)

if len(sys.argv) < 2 or sys.argv[1] not in KNOWN:
    sys.exit(f"which bench? one of: {', '.join(KNOWN)}")
name = sys.argv.pop(1)
runpy.run_module(f"tests.bench.{name}", run_name="__main__")
