"""What `stagework status` prints of broken pipelines, apart from what differs from place to place.

The pages are in `tests/unit/cli/broken_pipelines.txt`. They are compared with those of the rules
alone (there), and with those of a real cluster (`tests/e2e/test_broken_pipelines.py`).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

GOLDEN: Final = Path(__file__).resolve().parents[1] / "unit/cli/broken_pipelines.txt"
WRITTEN: Final[Mapping[str, str]] = {
    "ads/ad-3b87": "PLACE",
    "ad-3b87": "RUN",
    "-n ads": "-n NAMESPACE",
    "ad-image": "PIPELINE",
    "gpu-0": "NODE",
    "gpu": "MACHINE",
}
"""Names in the golden pages, and what stands for them in a masked one."""
_VARIES: Final = (
    (re.compile(r"\b(?:\d+[dhms])+\b"), "TIME"),
    (re.compile(r"\(\d+ s\)"), "(LIMIT)"),
    (re.compile(r"\b\d+[GM]i\b"), "SIZE"),
    # The words of a registry and of a container runtime; what they name is asked for by itself.
    (re.compile(r"\b(?:ErrImagePull|ImagePullBackOff): .*"), "NotPulled: CAUSE"),
    (re.compile(r"\bStartError: .*"), "StartError: CAUSE"),
)


def golden_pages() -> dict[str, str]:
    """The pages by the titles of their cases."""
    parts = GOLDEN.read_text().split("=== ")
    return {
        title.strip(" ="): page for part in parts[1:] for title, _, page in [part.partition("\n")]
    }


def masked(page: str, names: Mapping[str, str] = WRITTEN) -> list[str]:
    """Its lines without times, sizes, names and widths; `names`: what is to stand for what."""
    for name in sorted(names, key=len, reverse=True):
        page = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", names[name], page)
    for pattern, word in _VARIES:
        page = pattern.sub(word, page)
    return [" ".join(line.split()) for line in page.strip().splitlines()]
