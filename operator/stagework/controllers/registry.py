"""The controllers of this operator: one a kind. A new kind adds its line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry

from stagework import wiring
from stagework.cluster.cache.cache import Cache
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.controller import Controller, Key
from stagework.controllers.pipelinejobs.answers import Answers
from stagework.controllers.pipelinejobs.causes import Causes
from stagework.controllers.pipelinejobs.controller import PipelineJobs
from stagework.controllers.pipelinejobs.left_behind import LeftBehind
from stagework.controllers.pipelinejobs.limit_ranges import LimitRanges
from stagework.controllers.pipelinejobs.live_pods import LivePods
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.service_client.results import ResultStore
from stagework.settings import Settings


@dataclass(frozen=True)
class Parts:
    """What controllers are built from."""

    settings: Settings
    api: KubeApi
    cache: Cache
    results: ResultStore
    registry: CollectorRegistry
    """Where metrics are registered."""
    wake: Callable[[Key], None]
    """Reconcile this object."""
    wall_clock: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds of a clock that nobody sets."""


def build_controllers(parts: Parts) -> tuple[Controller[Any], ...]:
    """One of each kind that is reconciled."""
    return (
        PipelineJobs(
            parts.cache,
            Revisions(parts.api, parts.settings.namespaces, parts.wall_clock),
            Answers(
                parts.results,
                LivePods(parts.api, parts.wall_clock),
                Causes(parts.api, parts.wall_clock),
            ),
            LimitRanges(parts.api, parts.clock),
            wiring.plan_settings(parts.settings),
            left_behind=LeftBehind(parts.api, parts.cache),
            wake=parts.wake,
            registry=parts.registry,
            wall_clock=parts.wall_clock,
            clock=parts.clock,
        ),
    )
