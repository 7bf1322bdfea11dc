"""Do two sentences tell of the same cause? Then the first of them stands: nothing has changed.

Kubelets, API servers and webhooks say the same again and again with other counters, times, requests
and names of objects that are made anew. Told each time, it would be a write each time, and news for
all who watch. So words must be the same, and what stands in them of these kinds may differ:

1. moments and durations (`2026-01-01T00:00:00Z`, `12:30:01.5`, `1m20s`);
2. uids, digests and the like, in hexadecimal letters;
3. what is made of a name of ours by its hash, and by the Job controller (`-1a2b3c4d`, `-x7k2p`);
4. numbers that stand alone, also with a unit or with others (`4`, `2Gi`, `10.0.0.7:443`, `0/4`).

A number within a name is none of these: `db-1` and `db-2` are two causes.
"""

import re
from typing import Final

PULLS: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
"""A kubelet's words for one image that cannot be had: while it tries, and while it waits to."""
_NO_CAUSE: Final = re.compile(r'(?:Back-off pulling image "[^"]*")?')
_OF_IMAGE: Final = re.compile(r' \(image "[^"]*"\)$')

_NO_NEWS: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b(?=[a-f]*\d)[0-9a-f]{16,128}\b"
    r"|-[0-9a-f]{8}(?:-[bcdfghjklmnpqrstvwxz2456789]{5})?(?![\w-])"
    r"|(?<![\w.-])(?:\d+(?:\.\d+)?(?:h|ms?|s|µs|us|ns))+(?![\w-])"
    r"|(?<![\w.-])\d+(?:[.:/]\d+)*(?:[numkMGTPE]i?)?(?![\w-])"
)


def is_same_cause(before: str, after: str) -> bool:
    """Whether the later sentence says nothing that the earlier one has not said."""
    if before == after:
        return True
    return bool(before) and _without_numbers(before) == _without_numbers(after)


def of_pull(before: tuple[str, str], after: tuple[str, str]) -> tuple[str, str]:
    """Reason and sentence to be said of an image that cannot be had: the first that told a cause.

    A kubelet goes to and fro between two words, and not each of its sentences has the cause.
    """
    if not {before[0], after[0]} <= PULLS:
        return after
    if _NO_CAUSE.fullmatch(after[1]):
        return before
    same = is_same_cause(_OF_IMAGE.sub("", before[1]), _OF_IMAGE.sub("", after[1]))
    return before if same else after


def _without_numbers(text: str) -> str:
    return _NO_NEWS.sub("#", text)
