"""Which words may be a key of the store: judged before anything touches a disk."""

from typing import Final

from stagekit import artifact_names
from stagekit.artifact_names import NAME_MAX_BYTES
from stagework.artifacts.errors import BadKeyError

DEPTH_MAX: Final = 4 + artifact_names.SEGMENTS_MAX
"""Most segments of a key: namespace, run, stage and attempt stand before a file's own."""
KEY_MAX_BYTES: Final = 1024
"""Longest key: the limit of S3."""

__all__ = ["DEPTH_MAX", "KEY_MAX_BYTES", "NAME_MAX_BYTES", "checked"]


def checked(key: str) -> str:
    """The key itself; raises BadKeyError with the rule that it breaks."""
    rule = artifact_names.broken_rule(key, segments_max=DEPTH_MAX, bytes_max=KEY_MAX_BYTES)
    if rule:
        raise BadKeyError(key, rule)
    return key
