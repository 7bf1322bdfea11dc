"""LISTEN on a connection of its own: a hint that the table has something to read, and no more.

The connection is asked now and then, so that one that has died without a word is noticed. What is
notified while nobody listens is lost, which costs time and nothing else: the table is read anyway
after each connect, and every `scanSeconds`.
"""

import logging
import select
import threading
from collections.abc import Callable
from typing import Any, Final, cast

import orjson
from sqlalchemy import Connection, Engine, exc, text

from stagework.api.job_rows import ROW_QUEUED, TABLE
from stagework.history.engines import postgresql_engine
from stagework.history.errors import HistoryError
from stagework.listener.rows import PROGRAM
from stagework.settings import PostgresSettings

SILENCE_SECONDS: Final = 15.0
"""A connection on which nothing has come for so long is asked whether it lives."""
PAUSE_SECONDS: Final = 1.0
"""After a connection was lost; doubles up to the longest one."""
LONGEST_PAUSE_SECONDS: Final = 15.0
_TICK_SECONDS: Final = 0.5

_log = logging.getLogger("stagework.listener")


def wants_a_run(payload: str) -> bool:
    """Whether a notification speaks of a row that may want a run; where it cannot be read: yes."""
    try:
        said: object = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return True
    if not isinstance(said, dict):
        return True
    return cast("dict[str, Any]", said).get("status") in (ROW_QUEUED, None)


class Hints:
    """Calls `hint` from a thread of its own for each reason to read the table."""

    def __init__(self, settings: PostgresSettings, hint: Callable[[], None]) -> None:
        self._engine: Engine = postgresql_engine(settings, f"{PROGRAM}-hints", 1)
        self._hint = hint
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a moment."""
        self._over.set()
        self._thread.join(LONGEST_PAUSE_SECONDS)

    def _run(self) -> None:
        pause = PAUSE_SECONDS
        while not self._over.is_set():
            try:
                with self._engine.connect() as connection:
                    pause = PAUSE_SECONDS
                    self._listen(connection.execution_options(isolation_level="AUTOCOMMIT"))
            except (exc.SQLAlchemyError, HistoryError, OSError) as error:
                _log.warning("no NOTIFY for now: %s", f"{error}".partition("\n")[0][:200])
                self._engine.dispose()
                self._over.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._engine.dispose()

    def _listen(self, connection: Connection) -> None:
        connection.execute(text(f"LISTEN {TABLE}"))
        # Whatever was notified before is lost.
        self._hint()
        driver = cast("Any", connection.connection.driver_connection)
        silent = 0.0
        while not self._over.is_set():
            if not select.select([driver], [], [], _TICK_SECONDS)[0]:
                silent += _TICK_SECONDS
                if silent >= SILENCE_SECONDS:
                    connection.execute(text("SELECT 1"))
                    silent = 0.0
                continue
            silent = 0.0
            _poll(driver)
            payloads = [str(notification.payload) for notification in driver.notifies]
            driver.notifies.clear()
            if any(map(wants_a_run, payloads)):
                self._hint()


def _poll(driver: Any) -> None:
    """Raises OSError where the connection is gone: its own error is the driver's."""
    try:
        driver.poll()
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
