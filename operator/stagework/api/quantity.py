"""Quantities as in Pods: a text such as `500m` or `2Gi`, or a whole number.

Kubernetes itself takes `cpu: 1` as well as `cpu: "1"`. In the schema a quantity is an integer or a
string; what is decided by is the text.
"""

from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from stagework.api.base import Resource

_PATTERN: Final = "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$"
_LETTERS_MAX: Final = 20


def _text(given: Any) -> Any:
    is_number = isinstance(given, int) and not isinstance(given, bool)
    return str(given) if is_number else given


Quantity = Annotated[
    str,
    BeforeValidator(_text),
    StringConstraints(pattern=_PATTERN, min_length=1, max_length=_LETTERS_MAX),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": _PATTERN,
            "maxLength": _LETTERS_MAX,
            "minimum": 0,
            "x-kubernetes-int-or-string": True,
        }
    ),
]
"""An amount of a resource; never negative."""

_POWERS: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
"""Of ten."""
_BINARY: Final = "KMGTPE"


def bytes_of(quantity: str) -> int:
    """How many bytes a quantity of memory is, rounded up; raises ValueError for none."""
    digits = quantity.rstrip("numkKMGTPEi")
    suffix = quantity[len(digits) :]
    if suffix.endswith("i"):
        factor = Decimal(1024) ** (_BINARY.index(suffix[0]) + 1)
    else:
        factor = Decimal(10) ** _POWERS.get(suffix, 0)
    return int((Decimal(digits) * factor).to_integral_value(ROUND_CEILING))


_NAME: Final = (
    "^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMG]i"
    "|[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$"
)
ResourceName = Annotated[str, StringConstraints(max_length=63)]
KnownResource = Annotated[str, StringConstraints(pattern=_NAME)]
"""A resource that a container may ask for: one of Kubernetes' own, or a name with a domain."""

_IS_COUNTED: Final = "(k.contains('/') || k.startsWith('hugepages-'))"
"""CEL: the resource k cannot be shared out beyond what is there: a limit, and a request like it."""
_LIMIT: Final = "quantity(string(self.limits[k]))"
_REQUEST: Final = "quantity(string(self.requests[k]))"
_FIRST_WRONG: Final = "self.{0}.filter(k, !({1}))[0]"


def _checked(place: str, check: str, message: str, said: str) -> dict[str, str]:
    """A rule about each entry of requests or limits; `said` is CEL of the sentence about k."""
    return {
        "rule": f"!has(self.{place}) || self.{place}.all(k, {check})",
        "message": message,
        "messageExpression": f"[{_FIRST_WRONG.format(place, check)}].map(k, {said})[0]",
    }


_RULES: Final[list[Any]] = [
    *(
        _checked(
            place,
            f"k.matches('{_NAME}')",
            f"{place}: a resource is cpu, memory, ephemeral-storage, or a name with a domain",
            f"'{place}: there is no resource ' + k + ': write cpu, memory, ephemeral-storage, or "
            "a name with a domain such as nvidia.com/gpu'",
        )
        for place in ("requests", "limits")
    ),
    _checked(
        "requests",
        f"!has(self.limits) || !(k in self.limits) || {_REQUEST}.compareTo({_LIMIT}) <= 0",
        "a request is above its limit: lower the request or raise the limit",
        "'the request of ' + k + ' is above its limit: lower it to ' + string(self.limits[k]) "
        "+ ', or raise the limit to ' + string(self.requests[k])",
    ),
    _checked(
        "requests",
        f"!{_IS_COUNTED} || (has(self.limits) && k in self.limits "
        f"&& {_REQUEST}.compareTo({_LIMIT}) == 0)",
        "what is counted, such as a GPU, is given as a limit; its request is the same or absent",
        "k + ' is counted, so it needs a limit: write it in limits, and in requests the same or "
        "nothing'",
    ),
    *(
        _checked(
            place,
            f"!k.contains('/') || quantity(string(self.{place}[k])).isInteger()",
            f"{place}: what is counted, such as a GPU, is a whole number",
            f"'{place}: ' + k + ' is counted, so it must be a whole number'",
        )
        for place in ("requests", "limits")
    ),
]


class Resources(Resource):
    """Requests and limits of the stage's container."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-validations": _RULES})

    requests: dict[ResourceName, Quantity] = Field(default={}, max_length=8)
    """Requests, such as `cpu: 500m`."""
    limits: dict[ResourceName, Quantity] = Field(default={}, max_length=8)
    """Limits, such as `memory: 2Gi` or `nvidia.com/gpu: 1`."""
