"""The base of every resource type: frozen, closed, documented by attribute docstrings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationError,
)

from stagework.api.observed import EPOCH, OwnerReference


class Resource(BaseModel):
    """Part of a resource as a person writes it: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Observed(BaseModel):
    """Part of a resource as the operator writes it: unknown fields of a newer version pass."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, without what these types have no use for."""
        if deep:
            return super().model_copy(update=update, deep=True)
        return self._evolved(update or {})

    @classmethod
    def unchecked(cls, values: Mapping[str, Any]) -> Self:
        """One with these values, which are known to fit, and the defaults of all others.

        As pydantic's `model_construct`, at a tenth of its cost: some are made at every decision.
        """
        return cls._of({**_defaults(cls), **values})

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        made = object.__new__(cls)
        _set(made, "__dict__", values)
        _set(made, "__pydantic_fields_set__", _NOT_GIVEN)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made

    def _evolved(self, changes: Mapping[str, Any]) -> Self:
        """The same with other values; each type's `evolve` says which. Asked for all the time.

        The values are shared, and so is the note of which fields were given: nothing here is ever
        changed in place, and nobody asks for that note.
        """
        made = object.__new__(type(self))
        _set(made, "__dict__", {**self.__dict__, **changes})
        _set(made, "__pydantic_fields_set__", self.__pydantic_fields_set__)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made

    def as_written(self) -> Mapping[str, Any]:
        """Its values by the name under which they are stored; what is empty is left out there."""
        return self.__dict__


_set = object.__setattr__
"""The types are frozen for everybody else."""
_NOT_GIVEN: set[str] = set()
"""Shared by all that were made unchecked: nobody asks which fields were given."""


@cache
def _defaults(kind: type[BaseModel]) -> Mapping[str, Any]:
    return {
        name: field.get_default()
        for name, field in kind.model_fields.items()
        if not field.is_required()
    }


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds cut, as `metav1.Time` writes it.

    At the ends of the calendar a time zone may lead out of it: then without that.
    """
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="seconds")[:19] + "Z"


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """CEL rules of a type as (rule, message) pairs; the API server checks them at apply."""
    return {
        "x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]
    }


def no_null_byte(what: str) -> Any:
    """Of a text that a program is given as an argument or in its environment: those end at a NUL.

    The kubelet could not start the container. `what` names the text in the refusal.
    """
    message = f"{what} cannot hold the character NUL: no program could be given it; remove it"
    return Field(json_schema_extra=rules(("!self.contains('\\u0000')", message)))


def explain(error: ValidationError) -> str:
    """A pydantic error as one sentence a person can act on: the first fault, path and cause."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    return f"{path}: {first['msg']}"


COUNT_MAX = 1_000_000
"""Highest attempt, and count of what happens again and again: nothing of ours comes near it."""
TOTAL_MAX = 2**53
"""Highest of all other counts: what every reader of JSON takes for the same number."""

OBJECT_NAME = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$"
"""The name of an object of Kubernetes; or nothing."""
ShortText = Annotated[str, StringConstraints(max_length=128)]
"""A name, a uid, a short sentence."""

Sentence = Annotated[str, StringConstraints(max_length=512)]
"""Why something is as it is, with its cause."""

Time = Annotated[
    datetime,
    PlainSerializer(format_time, return_type=str),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
"""A point in time; written as RFC 3339 in UTC, whole seconds."""


def _owners(given: Any) -> tuple[OwnerReference, ...]:
    return msgspec.convert(given, tuple[OwnerReference, ...])


Owners = Annotated[tuple[OwnerReference, ...], PlainValidator(_owners)]
"""As they are read of every object, also where pydantic reads this one."""


class Metadata(Observed):
    """The few fields of `metadata` that decisions about an object of ours use.

    Ten thousand are cached as structs (`cluster/cache/own_objects.py`), which are decoded faster
    and are smaller; one becomes this type only while it is decided about.
    """

    name: str = ""
    """Name within the namespace."""
    namespace: str = ""
    """Namespace."""
    uid: str = ""
    """Never used again, unlike the name."""
    resourceVersion: str = ""
    """Version of the whole object; preconditions carry it."""
    generation: int = 0
    """Grows with each change of `spec`."""
    creationTimestamp: datetime = EPOCH
    """When the API server accepted it."""
    deletionTimestamp: datetime | None = None
    """Set when somebody asked for its deletion."""
    ownerReferences: Owners = ()
    """Owners; the object goes when they are gone."""
