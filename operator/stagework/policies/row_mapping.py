"""What is a row of the table `jobs` as a run? Or why can it be none?

In this order: is its id a name; does the map know its tenant; which Pipeline; which params (fixed
ones win over columns, columns over the JSON object); then the run's own rules. A row is data: it
fills params, a title, a subject and an input, and names neither an image nor a namespace.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from pydantic import ValidationError

from stagework.api.base import OBJECT_NAME, explain
from stagework.api.job_rows import ANY_TENANT, JobRow, RowMapping
from stagework.api.outside_spec import outside_spec
from stagework.api.pipeline import MAX_PARAMS, ONE_VARIABLE, PARAMS_BYTES, PARAMS_TOO_LONG
from stagework.api.text import SHORT_BYTES, shortened

NAME_MAX: Final = 253
"""Letters of an object's name."""
_NAME: Final = re.compile(OBJECT_NAME)
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class RowRun:
    """The run that a row becomes."""

    namespace: str
    name: str
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowRefused:
    """It can be none."""

    cause: str
    """What to change, as a sentence."""


def row_run(row: JobRow, tenants: Mapping[str, RowMapping]) -> RowRun | RowRefused:
    """The run of a row by the map of the settings."""
    if not row.id or len(row.id) > NAME_MAX or _NAME.fullmatch(row.id) is None:
        return RowRefused(
            f"id {_quoted(row.id)} cannot name a PipelineJob: lower-case letters, digits, `-` and "
            f"`.`, {NAME_MAX} at most; insert the row under another id"
        )
    mapping = tenants.get(row.tenant) or tenants.get(ANY_TENANT)
    if mapping is None:
        return RowRefused(
            f"tenant_id {_quoted(row.tenant)} is not in settings.listener.tenants: add it there, "
            'then set status to "queued"'
        )
    spec = _spec(row, mapping)
    return spec if isinstance(spec, RowRefused) else RowRun(mapping.namespace, row.id, spec)


def _spec(row: JobRow, mapping: RowMapping) -> Mapping[str, Any] | RowRefused:
    pipeline = _pipeline(row, mapping)
    if isinstance(pipeline, RowRefused):
        return pipeline
    params = _params(row, mapping)
    if isinstance(params, RowRefused):
        return params
    address = _text(row, mapping.input)
    try:
        given = outside_spec(
            pipeline,
            params,
            # Titles are for people, and nothing goes by them: a long one is cut.
            title=shortened(_text(row, mapping.title), SHORT_BYTES),
            subject=_text(row, mapping.subject),
            tenant=row.tenant,
            address=address,
        )
    except ValidationError as error:
        return RowRefused(f"the row cannot become a run: {explain(error)}")
    if "\0" in address:
        return RowRefused(f"column {mapping.input}: an address cannot hold the character NUL")
    return given


def _pipeline(row: JobRow, mapping: RowMapping) -> str | RowRefused:
    if mapping.pipelineColumn is None:
        return mapping.pipeline or ""
    word = _text(row, mapping.pipelineColumn)
    known = mapping.pipelines.get(word)
    if known is not None:
        return known
    return RowRefused(
        f"column {mapping.pipelineColumn}: {_quoted(word)} means no Pipeline; "
        f"known: {', '.join(sorted(mapping.pipelines))}"
    )


def _params(row: JobRow, mapping: RowMapping) -> dict[str, str] | RowRefused:
    listed = _listed_params(row, mapping)
    if isinstance(listed, RowRefused):
        return listed
    of_columns = {
        name: value
        for name, column in mapping.params.items()
        if (value := row.columns.get(column)) is not None
    }
    params = {**listed, **of_columns, **mapping.fixedParams}
    fault = _fault(params)
    return params if fault is None else RowRefused(fault)


def _fault(params: Mapping[str, str]) -> str | None:
    """What the API server would refuse, by rules that our types do not check."""
    if len(params) > MAX_PARAMS:
        return f"{len(params)} params: {MAX_PARAMS} at most"
    if sum(len(value.encode(errors="replace")) for value in params.values()) > PARAMS_BYTES:
        return PARAMS_TOO_LONG
    broken = next((name for name, value in params.items() if "\0" in value), None)
    if broken is not None:
        return f"param {_quoted(broken)} cannot hold the character NUL: remove it"
    if len({name.replace("-", "_") for name in params}) < len(params):
        return ONE_VARIABLE
    return None


def _listed_params(row: JobRow, mapping: RowMapping) -> dict[str, str] | RowRefused:
    """Those of the JSON object: texts as they are, numbers and truth as JSON writes them."""
    column = mapping.paramsColumn
    text = row.columns.get(column) if column is not None else None
    if text is None:
        return {}
    if len(text) > PARAMS_BYTES:
        return RowRefused(f"column {column}: more than {PARAMS_BYTES} letters; shorten it")
    try:
        found: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return RowRefused(f"column {column} is not JSON; write an object of texts")
    if not isinstance(found, dict):
        return RowRefused(f'column {column} is no JSON object; write such as {{"prompt": "shoes"}}')
    params: dict[str, str] = {}
    for name, value in cast("dict[str, object]", found).items():
        if isinstance(value, dict | list):
            return RowRefused(f"column {column}: {_quoted(name)} is no plain value")
        if value is not None:
            params[name] = value if isinstance(value, str) else orjson.dumps(value).decode()
    return params


def _text(row: JobRow, column: str | None) -> str:
    return ((row.columns.get(column) or "") if column is not None else "").strip()


def _quoted(text: str) -> str:
    return f"{shortened(text, _SHOWN)!r}"
