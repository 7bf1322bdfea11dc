"""Text that leaves a stage is cut and cleaned: it ends in terminals, logs and status fields."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import Final

from stagekit import contract

_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_NOT_REASON: Final = re.compile(r"[^A-Za-z0-9]")
_REASON_MAX: Final = 64
_LAST_MAX_BYTES: Final = 300
_GAP: Final = b" ... "
# Cc control, Cf format (direction overrides, zero width), Cs half surrogates, Co private use.
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def cut(text: str, max_bytes: int) -> str:
    """At most `max_bytes` bytes of UTF-8, never half a character; `...` shows the cut."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode("utf-8")
    return raw[: max_bytes - 3].decode("utf-8", "ignore") + "..."


def shortened(text: str, max_bytes: int) -> str:
    """At most `max_bytes` bytes of UTF-8: head and tail stay, for a cause stands at either end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode("utf-8")
    tail = max(0, max_bytes - len(_GAP)) // 2
    head = max(0, max_bytes - len(_GAP) - tail)
    behind = raw[len(raw) - tail :]
    return (raw[:head] + _GAP + behind).decode("utf-8", "ignore")


def clean(text: str, max_bytes: int) -> str:
    """One line without control characters or terminal sequences, shortened to `max_bytes`."""
    # A text of a megabyte is not worth cleaning as a whole.
    most = max_bytes * 8
    whole = text if len(text) <= 2 * most else f"{text[:most]} ... {text[-most:]}"
    spaced = " ".join(_ESCAPES.sub("", whole).split())
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED)
    return shortened(kept, max_bytes)


def reason_word(text: str, fallback: str = "Unknown") -> str:
    """A CamelCase word for conditions: letters and digits, starting with a capital."""
    word = _NOT_REASON.sub("", text)[:_REASON_MAX].lstrip("0123456789")
    return word[:1].upper() + word[1:] if word else fallback


def say_last(text: str) -> None:
    """The same, and as the container's termination message: why it does nothing at all."""
    say(text)
    path = os.environ.get(contract.ENV_TERMINATION_FILE, "")
    # Whoever reads no log sees it in the stage's status; without a name there is no container.
    with contextlib.suppress(OSError):
        Path(path).write_text(clean(text, _LAST_MAX_BYTES), encoding="utf-8")


def say(text: str) -> None:
    """One line on stderr, where a container's log is read; never fails."""
    # A closed stderr must not change the outcome.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"stagekit: {text}\n")
        sys.stderr.flush()
