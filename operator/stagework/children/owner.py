"""Whom what the operator makes belongs to."""

from typing import Any

from stagework.api.base import Metadata
from stagework.api.kinds import Kind


def controlled_by(kind: Kind, meta: Metadata) -> dict[str, Any]:
    """The one owner reference of what is made for that object, which controls it."""
    return {
        "apiVersion": kind.resource.api_version,
        "kind": kind.kind,
        "name": meta.name,
        "uid": meta.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
