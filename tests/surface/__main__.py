"""`python -m tests.surface FOLDER`: writes the whole recording into a new folder."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

_FIXED: Final = {
    "COLUMNS": "100",
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "PYTHONHASHSEED": "0",
    "TERM": "dumb",
    "TERMINAL_WIDTH": "100",
    "TZ": "UTC",
}
"""Environment that output and order depend on; the order of sets is fixed at start alone."""


def main() -> None:
    """Start anew in the fixed environment, then record."""
    parser = argparse.ArgumentParser(prog="python -m tests.surface", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} is there already")
    if any(os.environ.get(name) != value for name, value in _FIXED.items()):
        words = [sys.executable, "-m", "tests.surface", str(options.folder)]
        os.execve(sys.executable, words, {**os.environ, **_FIXED})  # noqa: S606
    # Widths are read when the libraries are imported.
    from tests.surface.recording import record_all  # noqa: PLC0415

    broken = record_all(options.folder)
    if broken:
        sys.exit(f"did not come to their end: {', '.join(broken)}")


if __name__ == "__main__":
    main()
