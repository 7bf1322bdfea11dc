"""Deterministic names of what the operator creates: the same input never makes a second object."""

import hashlib
import re
from functools import lru_cache

NAME_MAX = 63
"""A Job's name becomes a label value of its Pods, so 63 characters are the limit."""
HASH_LENGTH = 8
"""Hex digits that keep names apart that look alike after cutting."""
RECREATIONS_KNOWN = 256
"""A Job made anew more often than this is not known by its name any more."""
ATTEMPT_DIGITS = 9
"""Attempts have fewer digits than this."""


def short_hash(*parts: str | int) -> str:
    """Eight hex digits of the sha256 of the parts."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def stage_job_name(
    run: str, run_uid: str, *, stage: str, attempt: int, machine: str, recreations: int
) -> str:
    """`<run>-<stage>-<attempt>-<h8>`; the run's name is cut first, then the stage's."""
    digest = short_hash(run_uid, stage, attempt, machine, recreations)
    tail = f"-{attempt}-{digest}"
    part = stage.replace("_", "-")[: NAME_MAX - len(tail) - 2]
    head = run.replace(".", "-")[: NAME_MAX - len(tail) - len(part) - 1].rstrip("-")
    return f"{head}-{part}{tail}"


@lru_cache(maxsize=8192)
def recreation_of(
    name: str, run: str, run_uid: str, *, stage: str, attempt: str, machine: str
) -> int | None:
    """Which recreation of an attempt's Job has this name; None: it is not the name of any.

    `attempt`: as a label has it. The name is a digest of all of them: it proves what labels say.
    """
    if not (attempt.isdecimal() and len(attempt) <= ATTEMPT_DIGITS):
        return None
    for recreations in range(RECREATIONS_KNOWN):
        made = stage_job_name(
            run,
            run_uid,
            stage=stage,
            attempt=int(attempt),
            machine=machine,
            recreations=recreations,
        )
        if made == name:
            return recreations
    return None


@lru_cache(maxsize=4096)
def label_value(text: str) -> str:
    """Text as a label value: 63 characters of letters, digits, `-`, `_` and `.`; may be empty."""
    replaced = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:NAME_MAX]
    return replaced.strip("-_.")


def revision_name(pipeline: str, digest: str) -> str:
    """ControllerRevision of a Pipeline's content."""
    return f"{pipeline[: 253 - 1 - len(digest)].rstrip('-.')}-{digest}"
