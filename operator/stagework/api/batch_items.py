"""Where the items of a `Batch` come from: exactly one source, frozen into a manifest first."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api.base import Resource, rules
from stagework.api.references import KeyName, ObjectName
from stagework.api.stages import StageName

INLINE_MAX = 1000
"""Items that may stand in the Batch itself."""
INLINE_BYTES = 256 * 1024
"""Their addresses and params together; the object must stay small."""
ITEM_PARAMS = 16
"""Params that an item may have."""

# Patterns and no CEL: a rule about each of a thousand items would be over the server's budget.
ItemId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=200)]
ItemUri = Annotated[
    str,
    StringConstraints(pattern=r"^(https|s3|artifact)://[^\x00]*$", min_length=1, max_length=2048),
]
ItemValue = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=4096)]
StoreName = Annotated[
    str, StringConstraints(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
KeyPart = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1024)]
FilePath = Annotated[
    str, StringConstraints(pattern=r"^[^/\x00][^\x00]*$", min_length=1, max_length=512)
]


class InlineItem(Resource):
    """One item, written out."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("has(self.uri) || has(self.params)", "an item needs a uri or params: add one of them"),
        )
    )

    id: ItemId | None = None
    """Its own name, which stays the same; absent: its address, else its number."""
    uri: ItemUri | None = None
    """An `artifact://`, `https://` or `s3://` address."""
    params: dict[str, ItemValue] = Field(default={}, max_length=ITEM_PARAMS)
    """Its own params; with `chunkSize: 1` they are its run's params."""


class ConfigMapKey(Resource):
    """A list of items in a ConfigMap of this namespace, as JSON Lines or CSV."""

    name: ObjectName
    """Name of the ConfigMap."""
    key: KeyName
    """Key within it."""


class StoredItems(Resource):
    """Objects of an S3-compatible store that the settings name."""

    store: StoreName
    """Name of the store in the settings."""
    prefix: KeyPart = ""
    """Only keys that begin so."""
    suffix: KeyPart = ""
    """Only keys that end so, such as `.jpg`."""


class StageOutput(Resource):
    """A file that a stage of a PipelineJob has left, as JSON Lines or CSV."""

    pipelineJob: ObjectName
    """Name of the PipelineJob, in this namespace."""
    stage: StageName
    """Its stage; it must have succeeded."""
    path: FilePath
    """Path below the stage's outputs."""


_SOURCES = ("inline", "configMapRef", "manifest", "s3", "from")
_BYTES_OF_ITEM = (
    "(has(i.uri) ? size(i.uri) : 0) "
    "+ (has(i.params) ? i.params.map(k, size(i.params[k])).sum() : 0)"
)
_TOO_LONG = (
    f"inline items may have {INLINE_BYTES // 1024} KiB of addresses and params: put them into a "
    "manifest and upload it"
)
_ONE = ".filter(given, given).size() == 1"


class Items(Resource):
    """The list of items; whatever changes at the source later, the frozen list stays."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"[{', '.join(f'has(self.{source})' for source in _SOURCES)}]{_ONE}",
                f"give exactly one of {', '.join(_SOURCES)} in items",
            ),
        )
    )

    inline: list[InlineItem] | None = Field(
        default=None,
        min_length=1,
        max_length=INLINE_MAX,
        json_schema_extra=rules(
            (
                f"self.map(i, {_BYTES_OF_ITEM}).sum() <= {INLINE_BYTES}",
                _TOO_LONG,
            ),
        ),
    )
    """The items themselves, 1,000 at most."""
    configMapRef: ConfigMapKey | None = None
    """A key of a ConfigMap."""
    manifest: ItemUri | None = None
    """Address of an uploaded list, as JSON Lines or CSV; `stagework upload FILE` prints one."""
    s3: StoredItems | None = None
    """Objects listed from a store."""
    from_: StageOutput | None = Field(default=None, alias="from")
    """What a stage of a PipelineJob has left."""
