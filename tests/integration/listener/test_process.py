"""The listener as it is started: killed in the middle, stopped, migrated, and what it says."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fakeapi.eventually import eventually
from tests.support.history.postgresql import Server
from tests.support.listener import LISTENER_ROLE, Table, cluster, new_database
from tests.support.listener.process import ListenerProcess
from tests.support.operators.setup import write_files

ROWS = 120
SECONDS = 60


@pytest.fixture
def processes() -> Iterator[list[ListenerProcess]]:
    """Whatever is started is ended."""
    started = list[ListenerProcess]()
    yield started
    for process in started:
        process.kill()


def started(
    jobs: Table, folder: Path, url: str, processes: list[ListenerProcess]
) -> ListenerProcess:
    write_files(folder, url, {})
    process = ListenerProcess(folder, jobs.settings, folder / "kubeconfig")
    processes.append(process)
    process.start()
    return process


async def test_killed_again_and_again_it_makes_one_run_of_each_row(
    jobs: Table, tmp_path: Path, processes: list[ListenerProcess]
) -> None:
    slow = jobs.settings.model_copy(update={"batchRows": 10})
    jobs = Table(jobs.server, slow, jobs.database)
    rows = {jobs.insert() for _ in range(ROWS)}
    async with cluster() as ads:
        process = started(jobs, tmp_path, ads.server.url, processes)
        for share in (1, 3, 6):
            await eventually(lambda share=share: len(ads.runs()) > share * 10, seconds=SECONDS)
            process.kill()
            process.start()
        await eventually(lambda: set(ads.runs()) == rows, seconds=SECONDS)
        uids = {name: run["metadata"]["uid"] for name, run in ads.runs().items()}

        def recorded() -> dict[str, str]:
            found = jobs.execute("SELECT id::text, run_uid FROM jobs")
            return {row["id"]: row["run_uid"] for row in found}

        await eventually(lambda: recorded() == uids, seconds=SECONDS)
        assert process.end() == 0, process.log


async def test_probes_say_whether_it_works_and_what_is_missing(
    server: Server, tmp_path: Path, processes: list[ListenerProcess]
) -> None:
    jobs = new_database(server)
    async with cluster() as ads:
        process = started(jobs, tmp_path, ads.server.url, processes)
        await eventually(lambda: asked(process, "/livez")[0] == 200, seconds=SECONDS)
        await eventually(
            lambda: "there is no table jobs" in asked(process, "/readyz")[1], seconds=SECONDS
        )
        assert asked(process, "/readyz")[0] == 503
        migration = ListenerProcess(tmp_path, jobs.settings, tmp_path / "kubeconfig")
        processes.append(migration)
        migration.start("migrate")
        await eventually(lambda: asked(process, "/readyz")[0] == 200, seconds=SECONDS)
        assert jobs.server.password not in process.log


async def test_printed_sql_makes_the_same_table(
    server: Server, tmp_path: Path, processes: list[ListenerProcess]
) -> None:
    jobs = new_database(server)
    process = ListenerProcess(tmp_path, jobs.settings, tmp_path / "kubeconfig")
    processes.append(process)
    process.start("print-sql")
    await eventually(lambda: "GRANT SELECT" in process.log, seconds=SECONDS)
    jobs.execute(process.log.replace("%", "%%"))
    row = jobs.insert()
    with jobs.connected(LISTENER_ROLE) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE jobs SET status = 'running'")
    assert jobs.shows(row)[0] == "running"


def asked(process: ListenerProcess, path: str) -> tuple[int, str]:
    """Status and text of an answer; 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()
