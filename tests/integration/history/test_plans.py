"""What each question costs does not depend on how much is remembered: it goes by an index.

Also where the database has no statistics yet, as after a morning's first thousand runs.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, event, text

from stagework.api.history import CountQuery, FailedQuery, RunQuery
from stagework.history import counting, queries
from stagework.history.engines import engine_of
from stagework.history.migrate import upgrade
from stagework.history.rows import micros
from stagework.settings import HistorySettings
from tests.support.history.facts import minute

ROWS: Final = 30_000
NOW: Final = minute(60 * 24 * 10)
_OF_ALL: Final = """
INSERT INTO attempts (uid, stage, attempt, at, namespace, pipeline, home, machine, node, queued,
  started, ended, outcome, reason, message, followed)
SELECT 'run-' || n, 'ocr', 1, {at}, 'team-' || (n % 8), 'documents', 'gpu', 'gpu', 'g', {at},
  {at}, {at}, CASE WHEN n % 50 = 0 THEN 'Failed' ELSE 'Succeeded' END, '', 'why', {false}
FROM {numbers}
"""
_NUMBERS: Final = {
    "postgresql": "generate_series(1, {count}) AS n",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})"
    " SELECT n FROM c)",
}


@pytest.fixture
def filled(database: HistorySettings) -> Iterator[Engine]:
    """Many attempts over ten days, and nobody has counted them."""
    engine = engine_of(database)
    upgrade(engine)
    dialect = engine.dialect.name
    step = timedelta(days=10) // ROWS // timedelta(microseconds=1)
    fill = _OF_ALL.format(
        at=f"{micros(NOW)} - CAST(n AS BIGINT) * {step}",
        false="false" if dialect == "postgresql" else "0",
        numbers=_NUMBERS[dialect].format(count=ROWS),
    )
    with engine.begin() as connection:
        if dialect == "postgresql":
            connection.execute(text("ALTER TABLE attempts SET (autovacuum_enabled = false)"))
        connection.execute(text(fill))
    yield engine
    engine.dispose()


def _of_a_day(connection: Connection) -> object:
    day = CountQuery(
        namespaces=tuple(f"team-{number}" for number in range(8)),
        since=NOW - timedelta(days=1),
        hour_ago=NOW - timedelta(hours=1),
        midnight=NOW - timedelta(hours=9),
        until=NOW,
    )
    return counting.counts(connection, day)


def _failed(**fields: Any) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(queries.failed_page(FailedQuery(**fields))).all()


QUESTIONS: Final[dict[str, Callable[[Connection], object]]] = {
    "a day": _of_a_day,
    "failed": _failed(),
    "failed of one namespace": _failed(namespaces=("team-3",)),
    "attempts of a run": lambda c: c.execute(queries.attempts_of("run-7")).all(),
    "runs": lambda c: c.execute(queries.runs_page(RunQuery())).all(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_all_attempts(filled: Engine, question: str) -> None:
    plans: list[str] = []
    explain = "EXPLAIN " if filled.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "

    def note(_: object, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
        cursor.execute(explain + statement, parameters)
        plans.append("\n".join(str(row) for row in cursor.fetchall()))

    with filled.connect() as connection:
        event.listen(connection, "before_cursor_execute", note)
        QUESTIONS[question](connection)

    assert plans
    for plan in plans:
        whole = [line for line in plan.splitlines() if "attempts" in line and _reads_all(line)]
        assert whole == [], plan


def _reads_all(line: str) -> bool:
    by_index = "USING INDEX" in line or "USING COVERING INDEX" in line
    return "Seq Scan on attempts" in line or ("SCAN attempts" in line and not by_index)
