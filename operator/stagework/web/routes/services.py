"""What the routes share, and how a route gets at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from stagework.artifacts.store import Store
from stagework.model_gateway.gateway import Gateway
from stagework.settings import Settings
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Caller, Operator, StagePod
from stagework.web.cluster import ClusterReader
from stagework.web.errors import forbidden
from stagework.web.heartbeats import Heartbeats
from stagework.web.https_input import HttpsSource


@dataclass(frozen=True)
class Services:
    """Built once by `create_app`."""

    reader: ClusterReader
    store: Store
    settings: Settings
    authorization: Authorization
    heartbeats: Heartbeats
    https: HttpsSource
    models: Gateway
    reachable: Callable[[], Awaitable[bool]]


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


ServicesParam = Annotated[Services, Depends(_services)]
"""A route's parameter: the shared services."""
CallerParam = Annotated[Caller, Depends(_caller)]
"""A route's parameter: whoever is authenticated; the route itself asks what he may do."""
StagePodParam = Annotated[StagePod, Depends(_stage_pod)]
"""A route's parameter: a stage's Pod; everybody else gets 403."""
OPERATOR_ONLY: Final = Depends(_operator)
"""A route's dependency: everybody but the operator gets 403."""
