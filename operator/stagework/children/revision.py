"""The ControllerRevision that keeps a run's resolved stages, named by its content."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from stagework.api import names
from stagework.api.pipeline import PipelineSpec
from stagework.api.resources import REVISIONS
from stagework.children.names import revision_name

DIGEST_LENGTH = 10
"""Hex digits of the content's sha256 in the name."""


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
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
    name = revision_name(pipeline, digest)
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
