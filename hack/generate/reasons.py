"""`docs/reasons.md`: every reason that people meet, with what it means, from `api/names.py`."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

INTRODUCTION: Final = """\
<!-- generated: make generate -->
# Reasons

What STATUS (the reason of the condition `Succeeded`), a stage's `state` and `reason`, and Events
say. The message beside it gives the cause: of what the API server or a node has refused, its
sentence.
"""

SECTIONS: Final = {
    "reasons of `Succeeded`, copied to `status.summary`": "STATUS of a run",
    "reasons of a Pipeline's `Ready`": "READY of a Pipeline",
    "reasons of a ScheduledJob's `Ready`, copied to `status.summary`": "STATUS of a ScheduledJob",
    "what happens to a ScheduledJob, as reasons of Events": "Events of a ScheduledJob",
    "states of one stage": "State of a stage",
    "why a stage waits": "Why a stage waits",
    "why an attempt ended": "Why an attempt ended, or does not go on",
    "event reasons": "Events",
}
"""Which sections of the module are told, and what they are called here."""

_RULER: Final = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)


def markdown(source: str) -> str:
    """The whole page; `source`: the text of the module that defines the words."""
    parts = _RULER.split(source)
    rows = dict(zip(parts[1::2], parts[2::2], strict=True))
    return INTRODUCTION + "".join(
        f"\n## {title}\n\n| reason | meaning |\n|---|---|\n" + "".join(_rows(rows[section]))
        for section, title in SECTIONS.items()
    )


def _rows(section: str) -> Iterator[str]:
    body = ast.parse(section).body
    for word, text in pairwise(body):
        match word, text:
            case (
                ast.AnnAssign(value=ast.Constant(value=str(reason))),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                yield f"| `{reason}` | {' '.join(meaning.split()).replace('|', chr(92) + '|')} |\n"
            case _:
                pass
