"""The statements about the table `jobs`; every one is safe to be sent twice, and by two at once.

Rows are found by an id of its own type, so that the index serves, and changed only where they are
as they were read, or where the row itself says that the run is its own.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import TextClause, text

from stagework.api.job_rows import (
    COLUMN_LETTERS,
    ROW_FAILED,
    ROW_QUEUED,
    ROW_RUNNING,
    ROW_STATUSES,
    TABLE,
)

_TEXTS: Final = ("text", "character varying")
TYPES: Final = {
    "id": ("uuid", *_TEXTS, "bigint", "integer"),
    "status": _TEXTS,
    "current_step": _TEXTS,
    "error_message": _TEXTS,
}
"""Types that columns of ours may have in a table of others."""
_TENANT_LETTERS: Final = 200
_OURS: Final = ", ".join(f"'{word}'" for word in ROW_STATUSES)
_AT_WORK: Final = f"status IN ('{ROW_QUEUED}', '{ROW_RUNNING}')"

ENCODING: Final = text("SHOW server_encoding")
COLUMNS: Final = text(
    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "  # noqa: S608
    f"WHERE attrelid = to_regclass('{TABLE}') AND attnum > 0 AND NOT attisdropped"
)
"""Names and types; none where there is no table."""


def wanting(columns: Iterable[str]) -> TextClause:
    """Rows that want a run, the oldest first; of the columns no more than may be used."""
    read = "".join(
        f', left("{name}"::text, {COLUMN_LETTERS}) AS "column_{name}"' for name in columns
    )
    return text(
        f"SELECT id::text AS row_id, left(tenant_id::text, {_TENANT_LETTERS}) AS row_tenant, "  # noqa: S608
        f"xmin::text AS row_version, run_namespace, run_key{read} FROM {TABLE} "
        f"WHERE status = '{ROW_QUEUED}' AND run_uid IS NULL "
        "AND (try_after IS NULL OR try_after <= now()) ORDER BY created_at, id LIMIT :many"
    )


def reserve(id_type: str) -> TextClause:
    """Note where its run will be and by which key it is known, before it is made."""
    return text(
        f"UPDATE {TABLE} SET run_namespace = given.namespace, run_key = given.key "  # noqa: S608
        f"FROM {_given('id', 'version', 'namespace', 'key')} WHERE {_is_row(id_type)} "
        f"AND {TABLE}.xmin::text = given.version AND run_key IS NULL AND status = '{ROW_QUEUED}' "
        f"RETURNING {TABLE}.id::text"
    )


def refuse(id_type: str) -> TextClause:
    """It can have no run: say why; not where it has changed since it was read."""
    return _refused(id_type, "version", f"{TABLE}.xmin::text = given.version")


def refuse_reserved(id_type: str) -> TextClause:
    """Likewise, of one whose run was refused by the API server."""
    return _refused(id_type, "key", "run_key = given.key")


def _refused(id_type: str, known_by: str, is_the_same: str) -> TextClause:
    return text(
        f"UPDATE {TABLE} SET status = '{ROW_FAILED}', current_step = '', "  # noqa: S608
        f"error_message = given.error, try_after = NULL FROM {_given('id', known_by, 'error')} "
        f"WHERE {_is_row(id_type)} AND {is_the_same} "
        f"AND run_uid IS NULL AND status = '{ROW_QUEUED}'"
    )


def postpone(id_type: str) -> TextClause:
    """Its run cannot be made now: say why, and when it is tried again; perhaps at another place."""
    return text(
        f"UPDATE {TABLE} SET error_message = given.error, "  # noqa: S608
        "try_after = now() + given.seconds::float * interval '1 second', "
        "run_namespace = CASE given.frees WHEN '' THEN run_namespace END, "
        "run_key = CASE given.frees WHEN '' THEN run_key END "
        f"FROM {_given('id', 'key', 'error', 'seconds', 'frees')} WHERE {_is_row(id_type)} "
        f"AND run_key = given.key AND run_uid IS NULL AND status = '{ROW_QUEUED}'"
    )


def record(id_type: str) -> TextClause:
    """Its run is there: this is its uid. Whatever else has become of the row stays."""
    return text(
        f"UPDATE {TABLE} SET run_uid = given.uid, try_after = NULL, "  # noqa: S608
        f"error_message = CASE WHEN status = '{ROW_QUEUED}' THEN '' ELSE error_message END "
        f"FROM {_given('id', 'key', 'uid')} "
        f"WHERE {_is_row(id_type)} AND run_key = given.key AND run_uid IS NULL"
    )


WRITE: Final = text(
    f"UPDATE {TABLE} SET status = given.status, current_step = given.step, "  # noqa: S608
    "error_message = given.error, run_version = given.version::bigint "
    "FROM unnest(CAST(:uid AS text[]), CAST(:version AS text[]), CAST(:status AS text[]), "
    "CAST(:step AS text[]), CAST(:error AS text[])) AS given(uid, version, status, step, error) "
    "WHERE run_uid = given.uid AND coalesce(run_version, 0) <= given.version::bigint "
    f"AND {TABLE}.status IN ({_OURS}) "
    f"AND ({TABLE}.status, {TABLE}.current_step, {TABLE}.error_message) "
    "IS DISTINCT FROM (given.status, given.step, given.error)"
)
"""What rows show of their runs: only forward, and never over a word that is none of ours."""

LOSE: Final = text(
    f"UPDATE {TABLE} SET status = '{ROW_FAILED}', error_message = :error "  # noqa: S608
    f"WHERE run_uid = :uid AND {_AT_WORK}"
)
"""The run is gone, and its row does not know of an end."""

NOTE: Final = text(
    f"UPDATE {TABLE} SET error_message = :error "  # noqa: S608
    f"WHERE run_uid = :uid AND {_AT_WORK} AND error_message IS DISTINCT FROM :error"
)
"""Of its run nothing is known now; the next state that is written takes this away."""

AT_WORK: Final = text(
    f"SELECT id::text, run_namespace, run_uid FROM {TABLE} WHERE run_uid IS NOT NULL "  # noqa: S608
    f"AND {_AT_WORK} AND run_uid > :after ORDER BY run_uid LIMIT :many"
)
"""Rows with a run that has not ended, as far as they know."""


def _given(*fields: str) -> str:
    arrays = ", ".join(f"CAST(:{name} AS text[])" for name in fields)
    return f"unnest({arrays}) AS given({', '.join(fields)})"


def _is_row(id_type: str) -> str:
    return f"{TABLE}.id = given.id::{id_type}"
