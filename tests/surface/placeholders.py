"""Replaces what differs between two recordings by numbers in the order of first appearance.

The digest in a ControllerRevision's name stays: it is of the content alone, and an upgraded
operator must find the revisions of the old one.
"""

import re
from datetime import datetime
from typing import Final

from tests.surface.exact_time import START

HOST: Final = "operator"
"""POD_NAME of the recorded operators: the first part of their identities."""
_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA: Final = re.compile(r"\b[0-9a-f]{64}\b")
_CHILD: Final = re.compile(r"-(\d+)-([0-9a-f]{8})(?:-([0-9a-z]{5}))?(?![0-9a-z])")
_IDENTITY: Final = re.compile(rf"\b{HOST}_[0-9a-f]{{8}}\b")
_VERSION: Final = re.compile(r'("resourceVersion": ")(\d+)"')
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")


class Placeholders:
    """Of one recorded scenario."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}

    def replace(self, text: str) -> str:
        """The text with stable names in it."""
        text = _UID.sub(lambda match: self._name("uid", match[0]), text)
        text = _SHA.sub(lambda match: self._name("sha", match[0]), text)
        text = _IDENTITY.sub(lambda match: self._name("identity", match[0]), text)
        text = _CHILD.sub(self._child, text)
        text = _VERSION.sub(lambda match: f'{match[1]}{self._name("rv", match[2])}"', text)
        return _TIME.sub(lambda match: f"time+{_seconds(match[0])}s", text)

    def _name(self, kind: str, raw: str) -> str:
        return f"{kind}-{self._known.setdefault((kind, raw), self._next(kind))}"

    def _next(self, kind: str) -> int:
        return 1 + sum(known == kind for known, _ in self._known)

    def _child(self, match: re.Match[str]) -> str:
        """The end of a Job's name, and of its Pod's."""
        job = f"-{match[1]}-{self._name('hash', match[2])}"
        return f"{job}-{self._name('pod', match[3])}" if match[3] else job


def _seconds(text: str) -> int:
    return round((datetime.fromisoformat(text) - START).total_seconds())
