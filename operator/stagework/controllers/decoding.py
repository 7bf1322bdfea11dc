"""What several controllers read of objects of ours, and what is said where one cannot be read."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

import msgspec
from pydantic import BaseModel, ValidationError

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.base import explain
from stagework.api.pipeline import Pipeline, PipelineSpec
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.controller import OtherVersion, Unreadable

_UNKNOWN: Final = frozenset({"extra_forbidden", "literal_error", "enum"})
"""Pydantic's kinds of faults that another version of the schema would not have."""


@contextmanager
def understood(where: str = "") -> Generator[None]:
    """What is decoded within can be understood; else Unreadable says where not.

    `where`: what stands before the path of a field, such as `spec.`
    """
    try:
        yield
    except ValidationError as error:
        unknown = any(fault["type"] in _UNKNOWN for fault in error.errors())
        kind = OtherVersion if unknown else Unreadable
        raise kind(f"{where}{explain(error)}") from error
    except msgspec.DecodeError as error:
        raise Unreadable(f"{where}{error}") from error


def pipeline_of(known: OwnObject) -> Pipeline:
    """A Pipeline for decisions; raises pydantic.ValidationError."""
    spec = PipelineSpec.model_validate_json(bytes(known.spec))
    return Pipeline.model_construct(metadata=known.checked_metadata(), spec=spec)


class _Condition(msgspec.Struct):
    type: str = ""
    status: str = ""


class _Conditions(msgspec.Struct):
    conditions: list[_Condition] = []


class _Notes(BaseModel):
    answered: list[Answered] = []


class _End(_Conditions):
    startTime: datetime | None = None
    completionTime: datetime | None = None


_conditions = msgspec.json.Decoder(_Conditions)
_end = msgspec.json.Decoder(_End)


class End(NamedTuple):
    """How an object of a kind that comes to an end has ended."""

    succeeded: bool
    seconds: int
    """From its begin to its end."""
    at: datetime | None
    """When; None: it does not say."""


def end_of(known: OwnObject) -> End | None:
    """Its end, also of one that was evicted; None: it has not ended, or cannot be read."""
    try:
        status = _end.decode(known.status)
    except msgspec.DecodeError:
        return None
    said = next((c.status for c in status.conditions if c.type == names.SUCCEEDED), "Unknown")
    if said == "Unknown":
        return None
    begin, end = status.startTime, status.completionTime
    seconds = (end - begin).total_seconds() if begin is not None and end is not None else 0.0
    return End(said == "True", max(0, round(seconds)), end)


def end_document(known: OwnObject) -> dict[str, Any]:
    """What stays of the status of one that is evicted, so that its end is known to its owner.

    Nothing where nobody owns it: most have no owner, and they are many.
    """
    if not known.metadata.ownerReferences or not has_ended(known):
        return {}
    status = _end.decode(known.status)
    status.conditions = [c for c in status.conditions if c.type == names.SUCCEEDED]
    return cast("dict[str, Any]", msgspec.to_builtins(status))


def notes_of(known: OwnObject) -> list[Answered]:
    """Requests that its status says are carried out; none where it cannot be read."""
    try:
        return _Notes.model_validate_json(bytes(known.status)).answered
    except ValidationError:
        return []


def has_ended(known: OwnObject) -> bool:
    """Whether an object's status says that it has ended; False where it cannot be read."""
    if known.is_tombstone:
        return True
    try:
        conditions = _conditions.decode(known.status).conditions
    except msgspec.DecodeError:
        return False
    said = (c.status for c in conditions if c.type == names.SUCCEEDED)
    return next(said, "Unknown") != "Unknown"
