"""The board's numbers from live objects: runs that the person may list, and nodes if allowed.

What was done and came is taken from history too, where the API service tells it: runs that were
deleted, as those of batches are, are known there alone.

Cost: one list of runs (pages of 500), one revision a Pipeline content, one list of nodes, one of
the release's ConfigMaps.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import Stage
from stagework.cli.cluster import Cluster
from stagework.cli.errors import CommandError, NotAllowed
from stagework.cli.objects import Listing, Objects
from stagework.cli.release_settings import QueueRules, queue_rules
from stagework.cli.remembered import Remembered
from stagework.cli.replies import decoded, items
from stagework.cli.service import ApiService
from stagework.overview.queue.board import Seen
from stagework.overview.queue.live import work_of
from stagework.overview.queue.machines import machine_states
from stagework.overview.queue.past import Past

_NODES: Final = "/api/v1/nodes"


@dataclass
class LiveQueue:
    """Reads what the numbers are made from, each thing once."""

    cluster: Cluster
    release: str
    _stages: dict[tuple[str, str], tuple[Stage, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Stage, ...]]
    )
    _rules: QueueRules | None = None
    _nodes: list[NodeView] | None = None
    _past: Past | None = None
    _where: str | None = None
    """Of which namespace runs were read last; None: of all."""

    def runs(self, namespace: str | None) -> tuple[Listing, str | None]:
        """The runs of a namespace (None: of all), and where they are from.

        Who may not list those of all namespaces gets those of the context's.
        """
        objects = Objects(self.cluster)
        if namespace is None:
            with suppress(NotAllowed):
                listing, self._where = objects.runs(None), None
                return listing, None
        self._where = namespace or self.cluster.namespace
        return objects.runs(self._where), self._where

    def rules(self, runs: Iterable[PipelineJob]) -> QueueRules:
        """How numbers are counted here."""
        if self._rules is None:
            machines = {s.machine for run in runs for s in run.status.stages if s.machine}
            self._rules = queue_rules(self.cluster, self.release, machines)
        return self._rules

    def read_nodes(self) -> None:
        """Read the nodes anew; none where that is not allowed."""
        answer = self.cluster.request("GET", _NODES)
        nodes = items(decoded(answer.body)) if answer.good else None
        self._nodes = [msgspec.convert(node, NodeView) for node in nodes] if nodes else None

    def read_past(self) -> str:
        """Ask anew what these runs' namespaces have done and got; why history does not tell it,
        empty where it does.
        """
        service = ApiService(self.cluster, self.release, self._where or self.cluster.namespace)
        try:
            self._past = Remembered(service).queue_past(self._where)
        except CommandError as error:
            self._past = None
            return str(error)
        return ""

    def seen(self, runs: Iterable[PipelineJob]) -> Seen:
        """All that a board is made from."""
        known = tuple(runs)
        rules = self.rules(known)
        rows = [work for run in known for work in work_of(run, self.stages_of(run), rules.places)]
        nodes = self._nodes
        return Seen(
            rows=rows,
            places=rules.places,
            zone=rules.zone,
            zone_name=rules.zone_name,
            machines=None if nodes is None else machine_states(rules.places.fleet, nodes),
            past=self._past,
        )

    def stages_of(self, run: PipelineJob) -> tuple[Stage, ...]:
        """The run's stages as its revision keeps them; none where they cannot be read."""
        if run.spec.stages is not None:
            return tuple(run.spec.stages)
        key = (run.metadata.namespace, run.status.pipelineRevision)
        if not key[1]:
            return ()
        if key not in self._stages:
            try:
                self._stages[key] = tuple(Objects(self.cluster).stages(run))
            except CommandError:
                self._stages[key] = ()
        return self._stages[key]
