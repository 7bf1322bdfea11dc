"""Reads all parts side by side, has them judged, and tells people what has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

import aiohttp
import msgspec

from stagework.alerts.alerts import Message, Sending
from stagework.api import names
from stagework.api.health import ServiceHealth
from stagework.api.history import FailedList
from stagework.api.observed import LeaseView, NodeView
from stagework.api.resources import LEASES, NODES, ObjectRef
from stagework.api.tasks import HealthCheckData
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.overview.queue.machines import MachineState, machine_states
from stagework.tasks.health_check.judge import OPERATOR, Check, Seen, SeenLease, judge
from stagework.tasks.queue_totals import queue_totals
from stagework.tasks.service import Service, ServiceFailed
from stagework.tasks.surroundings import Report, Surroundings
from stagework.wiring import LEASE_NAME

LIMIT_SECONDS: Final = 30.0
"""What does not answer within it is down."""
SAID_BY_OPERATOR: Final = frozenset({"api-service", "store", "artifact-store", "orphans"})
"""What the operator alerts of by itself, and sooner, while it works. Of failures it asks another
question: whether too many of one stage fail, not of all together.
"""
HOUR: Final = timedelta(hours=1)

AnswerT = TypeVar("AnswerT")
_lease = msgspec.json.Decoder(LeaseView)
_nodes = msgspec.json.Decoder(ListPage[NodeView])


async def run(surroundings: Surroundings, data: HealthCheckData) -> Report:
    """One check of everything."""
    now = surroundings.now()
    seen = await _seen(surroundings, now)
    checks = judge(seen, surroundings.settings.fleet, data, now)
    sendings = {} if surroundings.dry_run else await _report(surroundings, checks)
    failing = [check.name for check in checks if check.state == "failing"]
    summary = f"failing: {', '.join(failing)}" if failing else "all is well"
    return Report(
        summary,
        {
            "healthy": not failing,
            "checks": [
                {**check.document, "alert": sendings.get(check.name, Sending.KNOWN).value}
                for check in checks
            ],
        },
    )


async def _report(surroundings: Surroundings, checks: list[Check]) -> dict[str, Sending]:
    """One after the other, so that what was said is remembered check by check."""
    sendings: dict[str, Sending] = {}
    where = f"stagework in {surroundings.settings.releaseNamespace}"
    operator_works = any(check.name == OPERATOR and check.state == "ok" for check in checks)
    for check in checks:
        if operator_works and check.state == "failing" and check.name in SAID_BY_OPERATOR:
            continue
        key = f"health/{check.name}"
        if check.state == "failing":
            message = Message(f"{where}: {check.name} is failing", check.message)
            sendings[check.name] = await surroundings.alerts.failing(key, message)
        elif check.state == "ok":
            message = Message(f"{where}: {check.name} is well again", check.message)
            sendings[check.name] = await surroundings.alerts.well(key, message)
    return sendings


async def _seen(surroundings: Surroundings, now: datetime) -> Seen:
    api, service = surroundings.api, surroundings.service
    settings = surroundings.settings
    api_server, lease, operator, ready, machines = await asyncio.gather(
        _fault(lambda: api.get("/version")),
        _answer(lambda: _lease_of(api, settings.releaseNamespace)),
        _page_fault(settings.tasks.operatorUrl),
        _page_fault(f"{service.url}/readyz"),
        _answer(lambda: _machines(surroundings)),
    )
    parts, failed, done = await asyncio.gather(
        _parts(service),
        _answer(lambda: _failed(service, now)),
        _answer(lambda: _done(surroundings)),
    )
    number, orphans = failed or (None, 0)
    return Seen(api_server, lease, operator, ready, parts, machines, number, orphans, done)


async def _answer(ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT | None:
    """None: there is no answer, whyever."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await ask()
    except (ApiError, ServiceFailed, msgspec.DecodeError, ValueError, TimeoutError):
        return None


async def _fault(ask: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await ask()
    except TimeoutError:
        return f"no answer within {LIMIT_SECONDS:.0f} s"
    except ApiError as error:
        return f"{type(error).__name__}: {error}"
    return ""


async def _page_fault(url: str) -> str:
    """What is wrong with a page that answers 200 where all is well."""
    timeout = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            text = (await answer.text(errors="replace"))[:200].strip()
    except TimeoutError:
        return f"no answer within {LIMIT_SECONDS:.0f} s"
    except (aiohttp.ClientError, OSError) as error:
        return f"does not answer: {type(error).__name__}"
    return "" if answer.status == HTTPStatus.OK else f"HTTP {answer.status}: {text}"


async def _lease_of(api: KubeApi, namespace: str) -> SeenLease:
    try:
        body = await api.get(paths.object_path(ObjectRef(LEASES, namespace, LEASE_NAME)))
    except NotFound:
        return SeenLease("", None)
    spec = _lease.decode(body).spec
    return SeenLease(spec.holder_identity or "", spec.renewed)


async def _machines(surroundings: Surroundings) -> dict[str, MachineState]:
    nodes: list[NodeView] = []
    collection = paths.collection(NODES)
    async for body in surroundings.api.list_pages(collection, on_restart=nodes.clear):
        nodes += _nodes.decode(body).items or []
    return machine_states(surroundings.settings.fleet, nodes)


async def _parts(service: Service) -> ServiceHealth | str:
    try:
        return await service.get("/v1/checks", ServiceHealth)
    except ServiceFailed as error:
        return str(error)


async def _failed(service: Service, now: datetime) -> tuple[int, int]:
    """How many, and how many of them as orphans."""
    since, number, orphans = (now - HOUR).isoformat(), 0, 0
    pages = service.pages(
        "/v1/failed", FailedList, lambda page: page.next, since=since, limit="500"
    )
    async for page in pages:
        number += len(page.failed)
        orphans += sum(stage.reason == names.ORPHANED for stage in page.failed)
    return number, orphans


async def _done(surroundings: Surroundings) -> int:
    return (await queue_totals(surroundings)).done_1h
