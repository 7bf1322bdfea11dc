"""What is particular to the two databases: their tables, who migrates them, how they fail."""

import asyncio
import logging
import resource
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from stagework.api.facts import RunFact
from stagework.api.history import Page, RunQuery
from stagework.history import sql
from stagework.history.engines import engine_of
from stagework.history.errors import FactRefused, HistoryUnavailable
from stagework.history.migrate import upgrade
from stagework.history.sql import SqlHistory
from stagework.history.tables import metadata
from stagework.settings import HistorySettings, TlsSettings
from tests.support.history.facts import attempt_fact, minute, run_fact
from tests.support.history.postgresql import Server, certify


async def known(history: SqlHistory) -> list[str]:
    return [run.uid for run in (await history.runs(RunQuery())).items]


def test_the_tables_are_the_sum_of_their_migrations(database: HistorySettings) -> None:
    engine = engine_of(database)
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        indexes = {
            index["name"]
            for table in metadata.tables
            for index in inspect(engine).get_indexes(table)
        }
    engine.dispose()
    assert indexes == {index.name for table in metadata.tables.values() for index in table.indexes}


def test_the_migrations_do_nothing_where_they_were_done(database: HistorySettings) -> None:
    engine = engine_of(database)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO interventions VALUES ('u','r',1,'n','n','v','','','',1,1,0,'Done')")
        )
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM interventions")) == 1
    engine.dispose()


async def test_services_that_start_at_the_same_moment_migrate_once(
    database: HistorySettings,
) -> None:
    services = [SqlHistory(database) for _ in range(4)]
    await asyncio.gather(*(service.open() for service in services))
    await services[0].record([run_fact()])
    assert await known(services[3]) == ["run-1"]
    for service in services:
        await service.close()


async def test_before_it_is_opened_it_is_unavailable(database: HistorySettings) -> None:
    history = SqlHistory(database)
    with pytest.raises(HistoryUnavailable):
        await history.runs(RunQuery())
    with pytest.raises(HistoryUnavailable):
        await history.record([run_fact()])
    await history.close()


async def test_readers_do_not_wait_for_one_who_writes(database: HistorySettings) -> None:
    history = SqlHistory(database)
    await history.open()
    await history.record([run_fact()])
    writer = engine_of(database)
    with writer.execution_options(stagework_writes=True).begin() as connection:
        connection.execute(text("DELETE FROM runs"))
        async with asyncio.timeout(5):
            assert await known(history) == ["run-1"]
    assert await known(history) == []
    writer.dispose()
    await history.close()


async def test_however_many_search_one_does_at_a_time_and_others_read_meanwhile(
    database: HistorySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = SqlHistory(database)
    await history.open()
    await history.record([run_fact()])
    go, at_work, most = threading.Event(), set[int](), list[int]()

    def walks(_connection: Connection, _query: RunQuery) -> Page[RunFact]:
        at_work.add(threading.get_ident())
        most.append(len(at_work))
        go.wait(20)
        at_work.clear()
        return Page(items=[], next=None)

    monkeypatch.setattr(sql, "_runs", walks)
    searches = [asyncio.create_task(history.runs(RunQuery(text="rare"))) for _ in range(8)]
    async with asyncio.timeout(5):
        assert await history.namespaces() == ["team"]
    go.set()
    await asyncio.gather(*searches)
    assert most == [1] * 8
    await history.close()


async def test_a_batch_is_kept_whole_or_not_at_all(server: Server) -> None:
    history = SqlHistory(server.database())
    await history.open()
    bad = RunFact.model_construct(None, **{**run_fact("run-2").__dict__, "title": "a\0b"})
    with pytest.raises(FactRefused):
        await history.record([run_fact(), bad])
    assert await known(history) == []
    await history.record([run_fact()])
    assert await known(history) == ["run-1"]
    await history.close()


async def test_a_value_that_cannot_be_stored_is_refused_for_good(server: Server) -> None:
    history = SqlHistory(server.database())
    await history.open()
    bad = RunFact.model_construct(None, **{**run_fact().__dict__, "title": "x" * 513})
    with pytest.raises(FactRefused):
        await history.record([bad])
    await history.close()


async def test_postgresql_that_was_stopped_is_away_and_then_goes_on(server: Server) -> None:
    history = SqlHistory(server.database())
    await history.open()
    await history.record([run_fact()])
    server.stop()
    try:
        for _ in range(3):
            with pytest.raises(HistoryUnavailable):
                await history.record([run_fact("run-2")])
            with pytest.raises(HistoryUnavailable):
                await history.runs(RunQuery())
    finally:
        server.start()
    await history.record([run_fact("run-2", created=minute(1))])
    assert await known(history) == ["run-2", "run-1"]
    await history.close()


async def test_a_changed_password_counts_and_a_wrong_one_is_said_without_it(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = server.database()
    assert settings.postgresql is not None
    secret = tmp_path / "password"
    secret.write_text("not-the-password")
    changed = settings.postgresql.model_copy(update={"passwordFile": str(secret)})
    history = SqlHistory(HistorySettings(postgresql=changed))
    with pytest.raises(HistoryUnavailable, match="password authentication failed") as caught:
        await history.open()
    assert "not-the-password" not in f"{caught.value!r}{caplog.text}"
    secret.write_text(f"{server.password}\n")
    await history.open()
    assert server.password not in caplog.text
    await history.close()


async def test_a_password_file_that_is_missing_is_said(server: Server) -> None:
    settings = server.database()
    assert settings.postgresql is not None
    changed = settings.postgresql.model_copy(update={"passwordFile": "/nowhere/password"})
    history = SqlHistory(HistorySettings(postgresql=changed))
    with pytest.raises(HistoryUnavailable, match="/nowhere/password"):
        await history.open()
    await history.close()


def with_tls(server: Server, **tls: str) -> HistorySettings:
    settings = server.database().postgresql
    assert settings is not None
    changed = settings.model_copy(update={"tls": TlsSettings.model_validate(tls)})
    return HistorySettings(postgresql=changed)


async def test_a_server_is_known_by_its_certificate(server: Server) -> None:
    settings = with_tls(server, mode="verify-full", caFile=str(server.certificate))
    history = SqlHistory(settings)
    await history.open()
    await history.record([run_fact()])
    assert await known(history) == ["run-1"]
    await history.close()
    engine = engine_of(settings)
    with engine.connect() as connection:
        question = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert connection.scalar(question) is True
    engine.dispose()


async def test_a_server_with_another_certificate_or_none_to_know_it_by_is_refused(
    server: Server, tmp_path: Path
) -> None:
    certify(tmp_path / "other.crt", tmp_path / "other.key")
    for files in ({"caFile": str(tmp_path / "other.crt")}, {"caFile": "/nowhere/ca.crt"}):
        history = SqlHistory(with_tls(server, mode="verify-full", **files))
        with pytest.raises(HistoryUnavailable):
            await history.open()
        await history.close()


def test_the_role_of_the_tests_has_no_right_beyond(server: Server) -> None:
    """What docs/history.md gives is enough: all tests here run with it."""
    settings = server.database().postgresql
    assert settings is not None
    connection = psycopg2.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=server.password,
        dbname=settings.database,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchall() == [(False,)]
    connection.close()


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond its present size: what a full disk does, for this process alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_sqlite_on_a_full_disk_is_away_and_then_goes_on(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    history = SqlHistory(HistorySettings(file=str(tmp_path / "history.db")))
    await history.open()
    await history.record([run_fact()])
    request.getfixturevalue("full_disk")
    many = [attempt_fact(number=number, message="x" * 500) for number in range(1, 900)]
    for _ in range(3):
        with pytest.raises(HistoryUnavailable):
            await history.record(many)
    assert await known(history) == ["run-1"], "what was kept can be read"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await history.record(many)
    found = await history.run("run-1")
    assert found is not None
    assert len(found.attempts) == 899
    await history.close()


async def test_sqlite_in_a_folder_that_cannot_be_made_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = SqlHistory(HistorySettings(file=str(tmp_path / "file" / "history.db")))
    with pytest.raises(HistoryUnavailable, match="file"):
        await history.open()
    await history.close()


async def test_sqlite_keeps_what_it_has_acknowledged(tmp_path: Path) -> None:
    history = SqlHistory(HistorySettings(file=str(tmp_path / "history.db")))
    await history.open()
    await history.record([run_fact()])
    # As a process that was killed leaves them: no close, the log not merged.
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{tmp_path}/history.db{suffix}", f"{copy}{suffix}")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT uid FROM runs").fetchall() == [("run-1",)]
    connection.close()
    await history.close()
