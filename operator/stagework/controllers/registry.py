"""The controllers of this operator: one a kind. A new kind adds its line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry

from stagework import wiring
from stagework.alerts.remembered import Sink
from stagework.cluster.cache.cache import Cache
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.config_map import ConfigMapMemory
from stagework.controllers.alerting.metrics import AlertMetrics
from stagework.controllers.alerting.situation import AlertSources
from stagework.controllers.alerting.stores import StoreWatch
from stagework.controllers.alerting.watch import AlertWatch
from stagework.controllers.batches.answers import BatchAnswers
from stagework.controllers.batches.controller import Batches
from stagework.controllers.batches.retelling import facts_of_batches
from stagework.controllers.batches.sources import Sources
from stagework.controllers.controller import Controller, Key
from stagework.controllers.facts.poster import Poster
from stagework.controllers.facts.spool import Spool
from stagework.controllers.pipelinejobs.answers import Answers
from stagework.controllers.pipelinejobs.causes import Causes
from stagework.controllers.pipelinejobs.controller import PipelineJobs
from stagework.controllers.pipelinejobs.left_behind import LeftBehind
from stagework.controllers.pipelinejobs.limit_ranges import LimitRanges
from stagework.controllers.pipelinejobs.live_pods import LivePods
from stagework.controllers.pipelinejobs.metrics import QueueMetrics
from stagework.controllers.pipelinejobs.orphan_sweep import OrphanSweep
from stagework.controllers.pipelinejobs.orphans_seen import orphans_seen
from stagework.controllers.pipelinejobs.queue_numbers import QueueNumbers
from stagework.controllers.pipelinejobs.retelling import Retelling
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.controllers.pipelinejobs.wake_hooks import WakeHooks
from stagework.controllers.pipelines.controller import Pipelines
from stagework.controllers.scheduledjobs.controller import ScheduledJobs
from stagework.controllers.scheduledjobs.missed_slots import missed_slots
from stagework.controllers.scheduledjobs.missing_runs import MissingRuns
from stagework.controllers.scheduledjobs.task_schedules import TaskSchedules
from stagework.overview.queue.places import Places
from stagework.service_client.batches import BatchBook
from stagework.service_client.checks import PartChecks
from stagework.service_client.heartbeats import HeartbeatReader
from stagework.service_client.logs import LogKeeper
from stagework.service_client.results import ResultStore
from stagework.settings import Settings


@dataclass(frozen=True)
class Parts:
    """What controllers are built from."""

    settings: Settings
    api: KubeApi
    cache: Cache
    results: ResultStore
    logs: LogKeeper
    heartbeats: HeartbeatReader
    checks: PartChecks
    """Who says how the stores are."""
    receivers: Sink
    """Who brings alerts to people."""
    book: BatchBook
    """Who keeps the lists of batches, and what has become of each item."""
    spool: Spool
    """Where facts for history go."""
    poster: Poster
    """Who posts them."""
    registry: CollectorRegistry
    """Where metrics are registered."""
    wake: Callable[[Key], None]
    """Reconcile this object."""
    wall_clock: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds of a clock that nobody sets."""


def _queue_metrics(parts: Parts) -> QueueMetrics:
    settings = parts.settings
    places = Places(settings.fleet, settings.queue.pools)
    numbers = QueueNumbers(parts.registry, places, parts.wall_clock)
    return QueueMetrics(parts.registry, parts.wall_clock, numbers)


def _alert_watch(parts: Parts, numbers: QueueNumbers) -> AlertWatch:
    namespace = parts.settings.releaseNamespace
    return AlertWatch(
        AlertSources(
            rows=numbers.rows,
            orphans=lambda: orphans_seen(parts.cache),
            missed=lambda: missed_slots(parts.cache),
            stores=StoreWatch(parts.checks, parts.wall_clock),
        ),
        parts.receivers,
        ConfigMapMemory(parts.api, namespace, wiring.ALERTS_MEMORY),
        wiring.alert_terms(parts.settings),
        AlertMetrics(parts.registry),
        wall_clock=parts.wall_clock,
        clock=parts.clock,
    )


def _orphan_sweep(parts: Parts) -> OrphanSweep:
    return OrphanSweep(
        parts.cache,
        parts.wake,
        parts.wall_clock,
        sweep_seconds=parts.settings.recovery.sweepSeconds,
        timeout_seconds=parts.settings.recovery.orphanTimeoutSeconds,
    )


def _batches(parts: Parts, retelling: Retelling) -> Batches:
    return Batches(
        parts.cache,
        BatchAnswers(parts.book, Sources(parts.api), parts.wall_clock),
        parts.settings.fleet,
        remembered=retelling.remembered,
        remember=retelling.record,
        registry=parts.registry,
    )


def _schedules(parts: Parts, retelling: Retelling, alerts: AlertWatch) -> ScheduledJobs:
    namespace = parts.settings.releaseNamespace
    wanted = wiring.task_schedules(parts.settings)
    watched = parts.settings.namespaces
    # The chart sees to it that it is watched while a task is on.
    is_watched = not watched or namespace in watched
    return ScheduledJobs(
        parts.cache,
        MissingRuns(parts.api),
        wiring.task_defaults(parts.settings),
        TaskSchedules(parts.api, parts.cache, namespace, wanted) if is_watched else None,
        alerts=alerts.run,
        remembered=retelling.remembered,
        registry=parts.registry,
    )


def build_controllers(parts: Parts) -> tuple[Controller[Any], ...]:
    """One of each kind that is reconciled."""
    stop_seconds = parts.settings.stagePods.terminationGracePeriodSeconds
    retelling = Retelling(
        parts.api,
        parts.cache,
        parts.poster,
        parts.spool,
        namespaces=parts.settings.namespaces,
        wall_clock=parts.wall_clock,
        others=lambda at: facts_of_batches(parts.cache, at),
    )
    queue_metrics = _queue_metrics(parts)
    return (
        PipelineJobs(
            parts.cache,
            Revisions(parts.api, parts.settings.namespaces, parts.wall_clock),
            Answers(
                parts.results,
                parts.logs,
                LivePods(parts.api, parts.wall_clock),
                Causes(parts.api, parts.wall_clock),
                parts.heartbeats,
                WakeHooks(parts.settings.fleet, parts.wall_clock),
            ),
            LimitRanges(parts.api, parts.clock),
            wiring.plan_settings(parts.settings),
            queue_metrics=queue_metrics,
            retelling=retelling,
            left_behind=LeftBehind(parts.api, parts.cache, parts.settings.namespaces, stop_seconds),
            orphan_sweep=_orphan_sweep(parts),
            wake=parts.wake,
            registry=parts.registry,
            wall_clock=parts.wall_clock,
            clock=parts.clock,
        ),
        _batches(parts, retelling),
        Pipelines(parts.settings.fleet, parts.wall_clock),
        _schedules(parts, retelling, _alert_watch(parts, queue_metrics.numbers)),
    )
