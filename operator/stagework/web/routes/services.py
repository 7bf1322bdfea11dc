"""What the routes share, and how a route gets at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request

from stagework.api.tasks import RESTORE
from stagework.artifacts.store import Store
from stagework.history.store import History
from stagework.model_gateway.gateway import Gateway
from stagework.settings import Settings
from stagework.web.attempt_writes import AttemptWrites
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Caller, Operator, StagePod, Task
from stagework.web.auth.tickets import Tickets
from stagework.web.batches.service import BatchService
from stagework.web.board.assets import Assets
from stagework.web.cluster import ClusterReader, Run
from stagework.web.errors import forbidden, not_found
from stagework.web.heartbeats import Heartbeats
from stagework.web.history_care import HistoryCare
from stagework.web.https_input import HttpsSource
from stagework.web.kept_logs import KeptLogs
from stagework.web.live.followers import Followers
from stagework.web.queue.service import QueueService
from stagework.web.schedules.service import ScheduleService
from stagework.web.space import Space
from stagework.web.sweep import Sweeper


@dataclass(frozen=True)
class Services:
    """Built once by `create_app`."""

    reader: ClusterReader
    store: Store
    settings: Settings
    space: Space
    attempts: AttemptWrites
    authorization: Authorization
    tickets: Tickets
    heartbeats: Heartbeats
    https: HttpsSource
    models: Gateway
    logs: KeptLogs
    queue: QueueService
    history: History
    batches: BatchService
    schedules: ScheduleService
    sweeper: Sweeper
    history_care: HistoryCare
    wall_clock: Callable[[], float]
    """Seconds since 1970."""
    assets: Assets
    """Files of the board's page."""
    reachable: Callable[[], Awaitable[bool]]
    followers: Followers
    """Who follows live topics."""

    def now(self) -> datetime:
        """The wall clock's moment."""
        return datetime.fromtimestamp(self.wall_clock(), UTC)

    async def run(self, namespace: str, name: str) -> Run:
        """The run of that name; 404 where there is none."""
        run = await self.reader.get_run(namespace, name)
        if run is None:
            raise not_found(f"there is no PipelineJob {name!r} in namespace {namespace!r}")
        return run


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


def _caller(request: Request) -> Caller:
    # Without authentication there is no caller, and then there is no answer either.
    return cast("Caller", request.state.caller)


def _stage_pod(request: Request) -> StagePod:
    caller = _caller(request)
    if not isinstance(caller, StagePod):
        raise forbidden("only stage Pods may use this")
    return caller


def _operator(request: Request) -> Operator:
    caller = _caller(request)
    if not isinstance(caller, Operator):
        raise forbidden("only the operator may use this")
    return caller


def _operator_or(task: str) -> Callable[[Request], None]:
    def _operator_or_task(request: Request) -> None:
        caller = _caller(request)
        if not isinstance(caller, Task) or caller.name != task:
            _operator(request)

    return _operator_or_task


def task_only(*names: str) -> Any:
    """A route's dependency: everybody but these built-in tasks gets 403."""

    def _task(request: Request) -> None:
        caller = _caller(request)
        if not isinstance(caller, Task) or caller.name not in names:
            raise forbidden(f"only the built-in task {' or '.join(names)} may use this")

    return Depends(_task)


ServicesParam = Annotated[Services, Depends(_services)]
"""A route's parameter: the shared services."""
CallerParam = Annotated[Caller, Depends(_caller)]
"""A route's parameter: whoever is authenticated; the route itself asks what he may do."""
StagePodParam = Annotated[StagePod, Depends(_stage_pod)]
"""A route's parameter: a stage's Pod; everybody else gets 403."""
OPERATOR_ONLY: Final = Depends(_operator)
"""A route's dependency: everybody but the operator gets 403."""
OPERATOR_OR_RESTORE: Final = Depends(_operator_or(RESTORE.name))
"""Likewise, but for the restore of a backup, which an administrator has begun."""
OPERATOR_OR_HEALTH_CHECK: Final = Depends(_operator_or("health_check"))
"""Likewise, but for the health check."""
