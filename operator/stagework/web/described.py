"""What the description of the HTTP API says of all routes alike: how they answer errors."""

from typing import Any, Final

from fastapi import FastAPI

from stagework.api.base import Observed


class Problem(Observed):
    """An error, as RFC 9457 has it."""

    title: str
    """The status in words."""
    status: int
    """The status."""
    detail: str
    """What is wrong."""
    error: str
    """The same."""
    hint: str
    """What to do about it; empty where nothing helps."""
    reason: str = ""
    """One word for programs, where there is one."""


_SCHEMA: Final = {"$ref": f"#/components/schemas/{Problem.__name__}"}
_CONTENT: Final = {"application/problem+json": {"schema": _SCHEMA}}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "The request cannot be done", "content": _CONTENT},
    "5XX": {"description": "It could not be done now", "content": _CONTENT},
}
"""Answers that every route may give."""


class Described(FastAPI):
    """An app whose description has the schema that those answers name."""

    def openapi(self) -> dict[str, Any]:
        """The description."""
        described = super().openapi()
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        schemas[Problem.__name__] = Problem.model_json_schema()
        return described
