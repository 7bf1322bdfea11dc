"""Statements that join rows with those that are there, by the rules of `fact_merging.py`."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine

from stagework.history.tables import attempts
from stagework.policies.fact_merging import FIRST_WINS, LATEST, OF_END, STAYS_TRUE

_INSERT: Final[dict[str, Callable[[Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def write(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Join these rows with those that are there; one key may not come twice among them."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        # One short statement, its values by column: so many long ones would be most of the work.
        names = [column.name for column in table.c]
        connection.execute(_upsert(table, dialect), {n: [row[n] for row in rows] for n in names})
    else:
        connection.execute(_upsert(table, dialect), rows)


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    insert = _INSERT[dialect](table)
    if dialect == "postgresql":
        columns = [(column.name, ARRAY(_long(column.type))) for column in table.c]
        values = [func.unnest(cast(bindparam(name, type_=array), array)) for name, array in columns]
        insert = insert.from_select([name for name, _ in columns], select(*values))
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.c if column.name not in keys]
    come = insert.excluded
    newer: ColumnElement[bool] = come.at >= table.c.at
    ends = newer
    if "ended" in table.c:
        ends = or_(newer, and_(table.c.ended.is_(None), come.ended.is_not(None)))
    if table is not attempts:
        return insert.on_conflict_do_update(
            index_elements=keys, set_={name: come[name] for name in rest}, where=ends
        )
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: _joined(table.c[name], come[name], newer, ends) for name in rest},
    )


def _long(of: TypeEngine[Any]) -> TypeEngine[Any]:
    """A cast to a type of some length would cut what is longer, without a word."""
    return Text() if isinstance(of, String) else of


def _joined(
    known: Any, come: Any, newer: ColumnElement[bool], ends: ColumnElement[bool]
) -> ColumnElement[Any]:
    if known.name in FIRST_WINS:
        return func.coalesce(known, come)
    if known.name in STAYS_TRUE:
        return or_(known, come)
    if known.name in OF_END:
        return case((ends, come), else_=known)
    if known.name == LATEST:
        return case((newer, come), else_=known)
    return case((newer, _or(come, known)), else_=_or(known, come))


def _or(first: Any, second: Any) -> ColumnElement[Any]:
    """The first one where it says something."""
    said = func.nullif(first, "") if isinstance(first.type, String) else first
    return func.coalesce(said, second)
