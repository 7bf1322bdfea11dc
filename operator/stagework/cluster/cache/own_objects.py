"""Objects of our own kinds as they are cached: a few decoded fields, the rest as bytes.

Ten thousand runs are kept this way; one becomes a full, checked object only while it is decided
about.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson

from stagework.api.base import Metadata
from stagework.api.observed import EPOCH, OwnerReference

_EMPTY = msgspec.Raw(b"{}")
_EVICTED = msgspec.Raw(b"")
"""No JSON at all, so that no object of the API server is taken for a tombstone."""


class OwnMeta(msgspec.Struct, frozen=True, gc=False):
    """`metadata` of an object of ours."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: datetime = EPOCH
    deletionTimestamp: datetime | None = None
    ownerReferences: tuple[OwnerReference, ...] = ()


class OwnObject(msgspec.Struct, frozen=True, gc=False):
    """An object of ours; `spec` and `status` are JSON."""

    metadata: OwnMeta
    spec: msgspec.Raw = _EMPTY
    status: msgspec.Raw = _EMPTY

    def __post_init__(self) -> None:
        """Let go of the message: raw parts would keep a whole page of a list alive."""
        msgspec.structs.force_setattr(self, "spec", self.spec.copy())
        msgspec.structs.force_setattr(self, "status", self.status.copy())

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name."""
        return (self.metadata.namespace, self.metadata.name)

    @property
    def controller(self) -> OwnerReference | None:
        """The controlling owner, as it says itself; or None."""
        return next((owner for owner in self.metadata.ownerReferences if owner.controller), None)

    @property
    def is_tombstone(self) -> bool:
        """Whether most of it was evicted (`tombstone_of`): what is left names it, no more."""
        return not bytes(self.spec)

    def checked_metadata(self) -> Metadata:
        """The metadata for decisions."""
        meta = self.metadata
        return Metadata.model_construct(
            name=meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            resourceVersion=meta.resourceVersion,
            generation=meta.generation,
            creationTimestamp=meta.creationTimestamp,
            deletionTimestamp=meta.deletionTimestamp,
            ownerReferences=meta.ownerReferences,
        )


_decoder = msgspec.json.Decoder(OwnObject)


def from_body(body: object) -> OwnObject:
    """From the nested dict that kopf hands to handlers."""
    return _decoder.decode(orjson.dumps(body, default=dict))


def from_bytes(body: bytes) -> OwnObject:
    """From an answer of the API server."""
    return _decoder.decode(body)


def tombstone_of(known: OwnObject, status: Mapping[str, Any]) -> OwnObject:
    """An object of which nothing more is to come, without its spec, and of its status only this."""
    return OwnObject(known.metadata, _EVICTED, msgspec.Raw(orjson.dumps(status)))


def spec_field(path: str) -> Callable[[msgspec.Raw], str]:
    """Reads one string of a spec, such as `spec.pipelineRef.name`; empty where there is none."""
    _, *words = path.split(".")
    shape: Any = str
    default: Any = ""
    for word in reversed(words):
        shape = msgspec.defstruct("Part", [(word, shape, default)])
        default = msgspec.field(default_factory=shape)
    decoder = msgspec.json.Decoder(shape)
    first = f'"{words[0]}"'.encode()

    def read(spec: msgspec.Raw) -> str:
        # Most specs do not have the field: to look for its name costs less than to decode.
        if first not in bytes(spec):
            return ""
        value: Any = decoder.decode(spec)
        for word in words:
            value = getattr(value, word)
        return str(value)

    return read


class _TargetSpec(msgspec.Struct):
    class Target(msgspec.Struct):
        kind: str = ""
        name: str = ""

    target: Target = msgspec.field(default_factory=Target)


_target = msgspec.json.Decoder(_TargetSpec)


def target_of(known: OwnObject) -> tuple[str, str, str]:
    """Kind (empty: the default one), namespace and name of an Intervention's target."""
    target = _target.decode(known.spec).target
    return (target.kind, known.metadata.namespace, target.name)
