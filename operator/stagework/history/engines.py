"""Connections to the two databases, each with what it needs to be safe and to answer in time.

SQLite: a write-ahead log, so that readers never wait for the writer; every commit is on the disk
before it is acknowledged; its `lower` knows all letters, where its own knows ASCII alone.
PostgreSQL: the password is read from its file for each connection, so that a changed one counts,
and stands nowhere else; no statement takes longer than it may.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event

from stagework.history.errors import HistoryUnavailable
from stagework.settings import HistorySettings, PostgresSettings

BUSY_SECONDS: Final = 10
"""How long one who wants to write waits for another one, as the migration and the service."""
STATEMENT_SECONDS: Final = 20
"""Longest statement on PostgreSQL, but for migrations."""
READERS: Final = 4
"""Connections that read at the same time."""
CONNECTIONS: Final = READERS + 2
"""With the one that writes and the one that searches."""


WRITES: Final = "stagework_writes"
"""Execution option of connections that will write."""


def engine_of(settings: HistorySettings) -> Engine:
    """Whichever is set; nothing is connected yet. Raises HistoryUnavailable."""
    if settings.postgresql is not None:
        return postgresql_engine(settings.postgresql, "stagework-api", CONNECTIONS)
    return _sqlite(Path(settings.file))


def _sqlite(file: Path) -> Engine:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryUnavailable(f"{file.parent}: {error.strerror}") from error
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=CONNECTIONS,
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepared)
    event.listen(engine, "begin", _begun)
    return engine


def _prepared(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by us, also for changes of tables
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.create_function("lower", 1, _lowered, deterministic=True)


def _lowered(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _begun(connection: Connection) -> None:
    """Who will write says so at once: one who has read first could not be let in later."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def postgresql_engine(settings: PostgresSettings, program: str, connections: int) -> Engine:
    """Of a PostgreSQL server, also another one than history's; `program` is who it sees there."""
    tls = settings.tls
    files = {"sslrootcert": tls.caFile, "sslcert": tls.certFile, "sslkey": tls.keyFile}
    url = URL.create(
        "postgresql+psycopg2",
        username=settings.user,
        host=settings.host,
        port=settings.port,
        database=settings.database,
    )
    engine = create_engine(
        url,
        connect_args={
            "sslmode": tls.mode,
            **{name: path for name, path in files.items() if path},
            "connect_timeout": settings.connectTimeoutSeconds,
            "tcp_user_timeout": (STATEMENT_SECONDS + BUSY_SECONDS) * 1000,
            "keepalives_idle": BUSY_SECONDS,
            "application_name": program,
            # No statement of ours is long enough for compiling it to be worth while.
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC -c jit=off",
        },
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        executemany_mode="values_plus_batch",
        executemany_batch_page_size=500,
    )
    if settings.passwordFile:
        path = Path(settings.passwordFile)
        event.listen(engine, "do_connect", lambda *given: _with_password(path, *given))
    return engine


def _with_password(path: Path, *given: object) -> None:
    parameters = cast("dict[str, Any]", given[3])
    try:
        parameters["password"] = path.read_text().strip()
    except OSError as error:
        raise HistoryUnavailable(f"{path}: {error.strerror}") from error
