"""The ControllerRevision that keeps a run's resolved stages, named by its content."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from stagework.api import names
from stagework.api.pipeline import PipelineSpec
from stagework.api.resources import REVISIONS
from stagework.children.names import revision_name

DIGEST_LENGTH = 32
"""Hex digits of the content's sha256 in the name: 128 bits, which nobody finds a second content
for."""
_DIGEST_LENGTHS = frozenset({DIGEST_LENGTH, 10})
"""Runs that release 0.1.0 accepted name revisions with the shorter one."""


@dataclass(frozen=True)
class Revision:
    """A revision to be made: the same Pipeline content gives the same name."""

    name: str
    manifest: dict[str, Any]


def label_of(pipeline: str) -> str:
    """Value of the label that says whose revision it is."""
    return pipeline[:63].rstrip("-.")


def revision_of(pipeline: str, namespace: str, spec: PipelineSpec) -> Revision:
    """The revision of a Pipeline's present content."""
    # Also what is as by default: a later version's defaults change no run under way.
    data = spec.model_dump(mode="json")
    name = name_of(pipeline, data)
    manifest = {
        "apiVersion": REVISIONS.api_version,
        "kind": REVISIONS.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {names.LABEL_REVISION_OF: label_of(pipeline)},
        },
        "data": data,
        "revision": 1,
    }
    return Revision(name, manifest)


def name_of(pipeline: str, data: Any) -> str:
    """What a revision with this content is called."""
    return revision_name(pipeline, _digest(data)[:DIGEST_LENGTH])


def is_content_of(name: str, data: Any) -> bool:
    """Whether a revision of that name keeps this content: the name has the content's digest.

    Whoever may write ControllerRevisions could have put other stages there.
    """
    digest = name.rpartition("-")[2]
    return len(digest) in _DIGEST_LENGTHS and _digest(data).startswith(digest)


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
