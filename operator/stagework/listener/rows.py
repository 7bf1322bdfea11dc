"""The table `jobs`, read and written in a thread of its own, one statement after the other.

What fails is one of our errors, without what was asked: rows may hold anything.
"""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, TextClause, exc

from stagework.api.job_rows import JobRow
from stagework.history.engines import postgresql_engine
from stagework.history.errors import HistoryError
from stagework.listener import statements
from stagework.listener.errors import ChangeRefused, RowsUnavailable, TableUnusable
from stagework.overview.row_state import RowState
from stagework.settings import ListenerSettings

PROGRAM: Final = "stagework-listener"
"""As the server sees us."""
AnswerT = TypeVar("AnswerT")

_log = logging.getLogger("stagework.listener")


@dataclass(frozen=True, slots=True)
class Reservation:
    """Where a row's run is or will be, and by which key it is known."""

    row: JobRow
    namespace: str
    key: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """There is no run yet; it is tried again."""

    cause: str
    seconds: float
    frees: bool = False
    """No run was ever made of this reservation: the map, as it is then, gives the row a new one."""


@dataclass(frozen=True, slots=True)
class RunOfRow:
    """The run that a row has on record."""

    row: str
    namespace: str
    uid: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run's row is to show, as of that version of the run."""

    uid: str
    version: int
    state: RowState


class Rows:
    """Every call raises ListenerError."""

    def __init__(self, settings: ListenerSettings) -> None:
        if settings.postgresql is None:
            raise TableUnusable("settings.listener.postgresql is not set: name the database")
        self._settings = settings
        self._engine: Engine = postgresql_engine(settings.postgresql, PROGRAM, 1)
        self._thread = ThreadPoolExecutor(1, "rows")
        self._id_type = ""

    async def close(self) -> None:
        """Let go of the connection; what is being done comes to its end."""
        await self._in_thread(self._engine.dispose)
        self._thread.shutdown(wait=False)

    async def check(self) -> None:
        """Whether the table is there, and has what the map names; raises TableUnusable."""
        encoding, columns = await self._done(_looked_at)
        if encoding != "UTF8":
            raise TableUnusable(f"the database has the encoding {encoding}: it must be UTF8")
        if not columns:
            raise TableUnusable(
                f"there is no table {statements.TABLE} that this role can see: "
                "run `stagework-listener migrate`"
            )
        missing = [name for name in ("run_uid", *self._settings.columns) if name not in columns]
        if missing:
            raise TableUnusable(
                f"the table has no column {missing[0]}: "
                + (
                    "run `stagework-listener migrate`"
                    if missing[0] == "run_uid"
                    else "add it, or correct settings.listener.tenants"
                )
            )
        for name, types in statements.TYPES.items():
            if columns.get(name) not in types:
                raise TableUnusable(
                    f"{name} is of type {columns.get(name)}: it must be one of {', '.join(types)}"
                )
        self._id_type = columns["id"]

    async def wanting(self, many: int) -> list[JobRow]:
        """Rows that want a run, the oldest first."""
        columns = self._settings.columns
        statement = statements.wanting(columns)

        def read(connection: Connection) -> list[JobRow]:
            found = connection.execute(statement, {"many": many}).mappings()
            return [_row(line, columns) for line in found]

        return await self._done(read)

    async def reserve(self, wanted: Sequence[Reservation]) -> set[str]:
        """Ids of those that were as they had been read: no other is to be made."""
        given = ((one.row.id, one.row.version, one.namespace, one.key) for one in wanted)
        return await self._change(statements.reserve, ("id", "version", "namespace", "key"), given)

    async def refuse(self, refused: Sequence[tuple[JobRow, str]]) -> None:
        """They can have no run, and why."""
        given = ((row.id, row.version, cause) for row, cause in refused)
        await self._change(statements.refuse, ("id", "version", "error"), given)

    async def refuse_reserved(self, refused: Sequence[tuple[Reservation, str]]) -> None:
        """The API server takes none of their runs, and why."""
        given = ((one.row.id, one.key, cause) for one, cause in refused)
        await self._change(statements.refuse_reserved, ("id", "key", "error"), given)

    async def postpone(self, postponed: Sequence[tuple[Reservation, Postponed]]) -> None:
        """Their runs cannot be made now: why, and for how many seconds."""
        given = (
            (one.row.id, one.key, why.cause, f"{why.seconds:g}", "frees" if why.frees else "")
            for one, why in postponed
        )
        fields = ("id", "key", "error", "seconds", "frees")
        await self._change(statements.postpone, fields, given)

    async def record(self, made: Sequence[tuple[Reservation, str]]) -> None:
        """Their runs are there, under these uids."""
        given = ((one.row.id, one.key, uid) for one, uid in made)
        await self._change(statements.record, ("id", "key", "uid"), given)

    async def write(self, reports: Sequence[Report]) -> None:
        """What rows show of their runs; a row that knows a newer state keeps it."""
        given = (
            (one.uid, f"{one.version}", one.state.status, one.state.step, one.state.error)
            for one in reports
        )
        fields = ("uid", "version", "status", "step", "error")
        await self._change(lambda _: statements.WRITE, fields, given)

    async def lose(self, uid: str, cause: str) -> None:
        """A run is gone, and its row does not know of an end."""
        given = {"uid": uid, "error": cause}
        await self._done(lambda connection: connection.execute(statements.LOSE, given))

    async def note(self, uid: str, cause: str) -> None:
        """Nothing is known of a run now, and why; how its row stood stays. Said once in the log."""
        given = {"uid": uid, "error": cause}
        noted = await self._done(lambda connection: connection.execute(statements.NOTE, given))
        if noted.rowcount:
            _log.warning("a row shows no change (run %s): %s", uid, cause)

    async def at_work(self, after: str, many: int) -> list[RunOfRow]:
        """Rows with a run that has not ended, as far as they know, by uid."""
        given = {"after": after, "many": many}
        return await self._done(
            lambda connection: [
                RunOfRow(row, namespace, uid)
                for row, namespace, uid in connection.execute(statements.AT_WORK, given)
            ]
        )

    async def _change(
        self,
        statement: Callable[[str], TextClause],
        fields: Sequence[str],
        given: Iterable[Sequence[str]],
    ) -> set[str]:
        """What the statement returns. Where one row refuses, all others are changed."""
        rows = [*given]
        if not rows:
            return set()
        arrays = {name: [row[place] for row in rows] for place, name in enumerate(fields)}
        try:
            return await self._done(lambda on: _changed(on, statement(self._id_type), arrays))
        except ChangeRefused as error:
            if len(rows) == 1:
                _log.warning("a row takes no change (%s): %s", rows[0][0], error)
                return set()
        half = len(rows) // 2
        first = await self._change(statement, fields, rows[:half])
        return first | await self._change(statement, fields, rows[half:])

    async def _done(self, work: Callable[[Connection], AnswerT]) -> AnswerT:
        def transaction() -> AnswerT:
            with translated(), self._engine.begin() as connection:
                return work(connection)

        return await self._in_thread(transaction)

    async def _in_thread(self, work: Callable[[], AnswerT]) -> AnswerT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _looked_at(connection: Connection) -> tuple[str, dict[str, str]]:
    encoding = str(connection.scalar(statements.ENCODING))
    columns = connection.execute(statements.COLUMNS)
    return encoding, {str(name): str(kind) for name, kind in columns}


def _row(line: RowMapping, columns: Iterable[str]) -> JobRow:
    return JobRow(
        id=line["row_id"],
        tenant=line["row_tenant"] or "",
        columns={name: line[f"column_{name}"] for name in columns},
        version=line["row_version"],
        namespace=line["run_namespace"] or "",
        key=line["run_key"] or "",
    )


def _changed(on: Connection, statement: TextClause, arrays: dict[str, list[str]]) -> set[str]:
    done = on.execute(statement, arrays)
    return set(done.scalars()) if done.returns_rows else set()


@contextmanager
def translated() -> Generator[None]:
    """Errors of the database as ours; raises ListenerError."""
    try:
        yield
    except (exc.DataError, exc.IntegrityError, exc.InternalError) as error:
        raise ChangeRefused(_cause(error)) from None
    except exc.ProgrammingError as error:
        raise TableUnusable(_cause(error)) from None
    except (exc.SQLAlchemyError, HistoryError, OSError) as error:
        raise RowsUnavailable(_cause(error)) from None


def _cause(error: Exception) -> str:
    """The database's own first line: what follows may quote a row."""
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {str(origin).strip().partition(chr(10))[0][:200]}"
