"""A database of history: opened, asked in threads of its own, closed.

One thread writes, for SQLite has one writer at a time, and a few read. One searches: what walks a
whole table is asked one at a time, and the others never wait for it. A statement that fails is
told as one of our errors, without what was asked.
"""

import asyncio
import logging
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, exc

from stagework.history.engines import READERS, WRITES, engine_of
from stagework.history.errors import FactRefused, HistoryError, HistoryUnavailable
from stagework.history.migrate import upgrade
from stagework.settings import HistorySettings

_log = logging.getLogger("stagework.history")

AnswerT = TypeVar("AnswerT")


class Database:
    """Shared by all that is kept in it."""

    def __init__(self, settings: HistorySettings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._writer = ThreadPoolExecutor(1, "history-writer")
        self._readers = ThreadPoolExecutor(READERS, "history-reader")
        self._search = ThreadPoolExecutor(1, "history-searcher")

    async def open(self) -> None:
        """Bring the tables up to date; raises HistoryUnavailable."""
        await self._in(self._writer, self._opened)

    async def close(self) -> None:
        """Let go of it; what is being done comes to its end."""
        await self._in(self._writer, self._disposed)
        self._writer.shutdown(wait=False)
        self._readers.shutdown(wait=False)
        self._search.shutdown(wait=False)

    async def write(self, work: Callable[[Connection], AnswerT]) -> AnswerT:
        """In one transaction; kept on the disk once it returns. Raises HistoryError."""
        return await self._in(self._writer, lambda: self._done(work, writes=True))

    async def read(self, work: Callable[[Connection], AnswerT]) -> AnswerT:
        """In one transaction. Raises HistoryError."""
        return await self._in(self._readers, lambda: self._done(work))

    async def search(self, work: Callable[[Connection], AnswerT]) -> AnswerT:
        """Likewise, of what no index helps with; one after the other. Raises HistoryError."""
        return await self._in(self._search, lambda: self._done(work))

    def _opened(self) -> None:
        engine = engine_of(self._settings)
        with _translated():
            try:
                upgrade(engine)
            except BaseException:
                engine.dispose()
                raise
        self._engine = engine

    def _disposed(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], AnswerT]) -> AnswerT:
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    def _done(self, work: Callable[[Connection], AnswerT], *, writes: bool = False) -> AnswerT:
        if self._engine is None:
            raise HistoryUnavailable("the database was not opened yet")
        engine = self._engine.execution_options(**{WRITES: writes})
        with _translated(), engine.begin() as connection:
            return work(connection)


@contextmanager
def _translated() -> Generator[None]:
    """Errors of the database as ours: their texts quote what was stored, or the password's place.

    All but a value that does not fit may pass: a server that is away, a full disk, a lock.
    """
    try:
        yield
    except HistoryError:
        raise
    except (exc.DataError, exc.IntegrityError, ValueError, OverflowError) as error:
        raise FactRefused(_cause(error)) from None
    except (exc.SQLAlchemyError, OSError) as error:
        _log.warning("history: %s", _cause(error))
        raise HistoryUnavailable(_cause(error)) from None


def _cause(error: Exception) -> str:
    """The database's own first line."""
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {str(origin).strip().partition(chr(10))[0][:200]}"
