"""Rows of the table `jobs`: their words, and how a row becomes a run.

The table belongs to whoever inserts rows; the listener alone writes what is said here of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from stagework.api.base import Resource
from stagework.api.pipeline import MAX_PARAMS, PARAMS_BYTES, ParamName, ParamValue
from stagework.api.references import ObjectName
from stagework.api.text import SHORT_BYTES

TABLE: Final = "jobs"
"""Name of the table, of the channel of its NOTIFY, and of the label's value on its runs."""
ANY_TENANT: Final = "*"
"""In the map of tenants: all that have no entry of their own."""

ROW_QUEUED: Final = "queued"
"""`status` of a row that wants a run, or whose run has not begun."""
ROW_RUNNING: Final = "running"
"""`status` of a row whose run has begun."""
ROW_DONE: Final = "done"
"""`status` of a row whose run has succeeded."""
ROW_FAILED: Final = "failed"
"""`status` of a row whose run has failed, or that can have none; `error_message` says why."""
ROW_STATUSES: Final = (ROW_QUEUED, ROW_RUNNING, ROW_DONE, ROW_FAILED)
"""All that the listener writes; over any other word it never writes."""

COLUMN_LETTERS: Final = PARAMS_BYTES + 1
"""So much is read of a column at most: one letter more than anything of it may have."""

Column = Annotated[str, StringConstraints(pattern="^[a-z_][a-z0-9_]{0,62}$")]
"""A column of the table."""
Tenant = Annotated[str, StringConstraints(min_length=1, max_length=SHORT_BYTES)]
"""A `tenant_id`, or `ANY_TENANT`."""
Namespace = Annotated[
    str, StringConstraints(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]


class RowMapping(Resource):
    """How the rows of a tenant become runs: what is fixed, and what stands in which column."""

    namespace: Namespace
    """Where its runs are made."""
    pipeline: ObjectName | None = None
    """The Pipeline of all its rows; or give `pipelineColumn`."""
    pipelineColumn: Column | None = None
    """Column with a word that `pipelines` has; or give `pipeline`."""
    pipelines: dict[str, ObjectName] = Field(default={}, max_length=256)
    """Word in that column to the Pipeline it means: a row names no other."""
    params: dict[ParamName, Column] = Field(default={}, max_length=MAX_PARAMS)
    """Param to the column with its value; where that is NULL the param is left out."""
    fixedParams: dict[ParamName, ParamValue] = Field(default={}, max_length=MAX_PARAMS)
    """Param to its value, the same for all rows; no row can change it."""
    paramsColumn: Column | None = None
    """Column with a JSON object of further params; those of `params` win."""
    input: Column | None = None
    """Column with the address of what the run works on."""
    title: Column | None = None
    """Column with what people see."""
    subject: Column | None = None
    """Column with the document's or picture's own identity."""

    @model_validator(mode="after")
    def _one_pipeline(self) -> Self:
        if (self.pipeline is None) == (self.pipelineColumn is None):
            raise ValueError("give exactly one of pipeline and pipelineColumn")
        if self.pipelineColumn is not None and not self.pipelines:
            raise ValueError("pipelineColumn needs pipelines: which word means which Pipeline")
        return self

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        named = (self.pipelineColumn, self.paramsColumn, self.input, self.title, self.subject)
        return frozenset((*self.params.values(), *(name for name in named if name is not None)))


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row that wants a run, as it was read."""

    id: str
    tenant: str
    columns: Mapping[str, str | None]
    """Those that the map names, as text, `COLUMN_LETTERS` at most."""
    version: str = ""
    """Another one after each change of the row."""
    namespace: str = ""
    """Where its run is or will be, once that is on record."""
    key: str = field(default="", repr=False)
    """Of its run, once that is on record: a run without it is not the row's."""
