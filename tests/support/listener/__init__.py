"""A table `jobs` in a real PostgreSQL, the fake API server, and listeners between the two."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg2
import psycopg2.extras

from stagework.api.job_rows import RowMapping
from stagework.api.pipelinejob import PipelineJob
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener.listener import Listener
from stagework.listener.making import Making
from stagework.listener.migrate import upgrade
from stagework.listener.rows import Rows
from stagework.listener.runs import Runs
from stagework.settings import ListenerOwnerSettings, ListenerSettings, PostgresSettings
from tests.support.fakeapi.failures import forbidden
from tests.support.fakeapi.faults import Hook, Seen, Verdict
from tests.support.fakeapi.resources import PIPELINE_JOBS, Json
from tests.support.fakeapi.server import FakeApi
from tests.support.history.postgresql import ROLE, Server

LISTENER_ROLE: Final = "stagework_listener"
NAMESPACE: Final = "ads"
MAPPING: Final = RowMapping(
    namespace=NAMESPACE,
    pipeline="ad-image",
    params={"prompt": "title"},
    paramsColumn="params",
    input="input",
    title="title",
)
"""Of every tenant, unless a test says otherwise."""
RIGHTS: Final = frozenset(
    ("stagework.dev", PIPELINE_JOBS.plural, verb) for verb in ("create", "get", "list", "watch")
)
"""What the chart gives; tests/chart holds the two against each other."""


@dataclass
class Table:
    """The table of one test, as its owner sees it."""

    server: Server
    settings: ListenerSettings
    database: PostgresSettings

    @contextmanager
    def connected(self, user: str = ROLE) -> Generator[Any]:
        """A session that commits each statement."""
        connection = psycopg2.connect(
            host=self.database.host,
            port=self.database.port,
            dbname=self.database.database,
            user=user,
            password=self.server.password,
        )
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def execute(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """One statement; its rows, if it has any."""
        with self.connected() as connection:
            factory = psycopg2.extras.RealDictCursor
            with connection.cursor(cursor_factory=factory) as cursor:
                cursor.execute(statement, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def insert(self, tenant: str = "acme", title: str | None = "shoes", **columns: object) -> str:
        """A row; its id."""
        given = {"tenant_id": tenant, "title": title, **columns}
        names, places = ", ".join(given), ", ".join(["%s"] * len(given))
        statement = f"INSERT INTO jobs ({names}) VALUES ({places}) RETURNING id::text"  # noqa: S608
        return str(self.execute(statement, *given.values())[0]["id"])

    def row(self, row: str) -> dict[str, Any]:
        """All of it."""
        (found,) = self.execute("SELECT * FROM jobs WHERE id::text = %s", row)
        return found

    def shows(self, row: str) -> tuple[str, str, str]:
        """Status, step and error."""
        found = self.row(row)
        return found["status"], found["current_step"], found["error_message"]


def settings_of(
    database: PostgresSettings, tenants: Mapping[str, RowMapping] | None = None, **more: Any
) -> ListenerSettings:
    """As the chart writes them; the owner has the same password."""
    owner = ListenerOwnerSettings(user=database.user, passwordFile=database.passwordFile)
    return ListenerSettings(
        postgresql=database.model_copy(update={"user": LISTENER_ROLE}),
        owner=owner,
        tenants=dict(tenants if tenants is not None else {"*": MAPPING}),
        **{"scanSeconds": 1, **more},
    )


def new_database(server: Server, **more: Any) -> Table:
    """Without a table."""
    database = server.database().postgresql
    assert database is not None
    server.login(LISTENER_ROLE)
    return Table(server, settings_of(database, **more), database)


def table(server: Server, **more: Any) -> Table:
    """With the table as the migration makes it."""
    made = new_database(server, **more)
    upgrade(made.settings)
    return made


@dataclass
class Cluster:
    """The fake API server with its runs."""

    server: FakeApi
    api: KubeApi
    made: list[str] = field(default_factory=list[str])

    def runs(self, namespace: str = NAMESPACE) -> dict[str, Json]:
        """Every run, by name."""
        stored = self.server.store.list(PIPELINE_JOBS, namespace)
        return {one.meta["name"]: one.data for one in stored}

    def show(self, like: PipelineJob, name: str, namespace: str = NAMESPACE) -> None:
        """The operator writes this status."""
        status = like.status.model_dump(mode="json", by_alias=True)
        self.server.store.update(
            PIPELINE_JOBS,
            namespace,
            name,
            lambda old: {**old, "status": status},
            subresource="status",
        )

    def delete(self, name: str, namespace: str = NAMESPACE) -> None:
        """A person deletes a run."""
        self.server.store.delete(PIPELINE_JOBS, namespace, name, {})


def refuse_in(namespace: str) -> Hook:
    """Nobody has a right there, as where the chart has taken the Role away."""

    async def refuse(seen: Seen) -> Verdict:
        return forbidden(seen.right, seen.name) if seen.namespace == namespace else None

    return refuse


@asynccontextmanager
async def cluster() -> AsyncGenerator[Cluster]:
    """With the rights that the chart gives, and no other."""
    async with FakeApi(rights=RIGHTS) as server, KubeApi(Target(server.url)) as api:
        yield Cluster(server, api)


@dataclass
class Pass:
    """What makes runs of rows, pass by pass, without what listens."""

    rows: Rows
    making: Making
    recorded: list[str]


@asynccontextmanager
async def making(
    settings: ListenerSettings,
    api: KubeApi,
    rows_of: Callable[[ListenerSettings], Rows] = Rows,
    runs_of: Callable[[KubeApi], Runs] = Runs,
) -> AsyncGenerator[Pass]:
    """As a process that has just started."""
    rows, recorded = rows_of(settings), list[str]()
    try:
        await rows.check()
        yield Pass(rows, Making(settings, rows, runs_of(api), recorded.append), recorded)
    finally:
        await rows.close()


@asynccontextmanager
async def listening(settings: ListenerSettings, api: KubeApi) -> AsyncGenerator[Listener]:
    """A whole listener, until the block ends."""

    listener = Listener(settings, api)
    working = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
