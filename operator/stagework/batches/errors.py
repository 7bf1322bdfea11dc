"""What can be wrong with a batch's items.

BatchError
├── Refused          it will never do: the list is empty, unreadable, too long, or forbidden
├── NotFrozen        there is no manifest yet
└── BadRange         positions or a round that the batch does not have
"""


class BatchError(Exception):
    """The text is for the person who made the batch."""


class Refused(BatchError):  # noqa: N818 - reads as a sentence where it is caught
    """A final refusal; `reason` is one word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFrozen(BatchError):  # noqa: N818 - likewise
    """Its items are not known yet."""

    def __init__(self) -> None:
        super().__init__("the batch has no manifest yet")


class BadRange(BatchError):  # noqa: N818 - likewise
    """The batch has no such positions."""


EMPTY_MANIFEST = "EmptyManifest"
"""There is no item at all."""
TOO_MANY_ITEMS = "TooManyItems"
"""More than a batch can have."""
MANIFEST_UNREADABLE = "ManifestUnreadable"
"""It is no manifest, or has no line that is an item."""
MANIFEST_TOO_LARGE = "ManifestTooLarge"
"""It has more bytes than a manifest may."""
STORE_UNKNOWN = "StoreUnknown"
"""No store of that name is there for this namespace."""
SOURCE_FORBIDDEN = "SourceForbidden"
"""The store does not let us, or the address is of another namespace."""
SOURCE_MISSING = "SourceMissing"
"""What the batch names as its list is not there."""
INVALID_SOURCE = "InvalidSource"
"""Not exactly one source is given."""
