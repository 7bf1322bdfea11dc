"""Objects of our own kinds as the cache holds them: the same bytes as the API server's."""

from collections.abc import Mapping
from typing import Any

import orjson

from stagework.api.intervention import Intervention
from stagework.api.pipeline import Pipeline
from stagework.api.pipelinejob import PipelineJob
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from tests.support.builders.runs import NAMESPACE

EMPTY: Mapping[str, Any] = {}


def make_own(
    name: str = "same",
    *,
    uid: str = "",
    version: int = 1,
    generation: int = 1,
    namespace: str = NAMESPACE,
    spec: Any = EMPTY,
    status: Any = EMPTY,
) -> OwnObject:
    """An object of any kind; its uid is `uid-of-` its name unless told otherwise."""
    meta = {
        "name": name,
        "namespace": namespace,
        "uid": uid or f"uid-of-{name}",
        "resourceVersion": str(version),
        "generation": generation,
    }
    return from_bytes(orjson.dumps({"metadata": meta, "spec": spec, "status": status}))


def as_cached(stored: PipelineJob | Pipeline | Intervention) -> OwnObject:
    """The object that decisions see, as the cache holds it."""
    return from_bytes(stored.model_dump_json(by_alias=True, exclude_none=True).encode())
