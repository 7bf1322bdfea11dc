"""Whoever is asked of a run says the same: twenty runs, and all who speak of them.

The status is the operator's own (`plans/pipelinejob/run_status.py`); what `kubectl get` shows of it
is the measure, and every other view must agree with it.
"""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest
from prometheus_client import CollectorRegistry

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.pipelinejobs.metrics import StageMetrics
from stagework.overview.rows import row
from stagework.plans.pipelinejob.transitions import RunEnded, transitions
from stagework.web.cluster_reader import KubeReader
from tests.support.builders.written_runs import at, stage, written_run
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster


def done(name: str) -> StageStatus:
    """A stage that has succeeded and left something."""
    return stage(name, "Succeeded", start=1, end=2, prefix=f"default/uid/{name}/1-pod")


def failed(name: str) -> StageStatus:
    return stage(name, "Failed", reason=names.EXIT_CODE, message="code 3", start=1, end=2)


def skipped(name: str, *, below_runs: bool) -> StageStatus:
    return stage(name, "Skipped", end=2, skip="Run" if below_runs else "NotRun")


def not_run(name: str, reason: str = names.UPSTREAM_FAILED) -> StageStatus:
    return stage(name, "NotRun", reason=reason)


def after_others(name: str) -> StageStatus:
    return stage(name, reason=names.WAIT_DEPENDENCY, message="waits for the one above")


def in_queue(name: str) -> StageStatus:
    return stage(name, reason=names.WAIT_SLOT, message="2nd in line for gpu")


def running(name: str, *, attempt: int = 1, machine: str = "gpu") -> StageStatus:
    return stage(name, "Running", attempt=attempt, machine=machine, node="n1", start=9)


CASES: dict[str, list[StageStatus]] = {
    "queued": [in_queue("a"), after_others("b")],
    "starting": [stage("a", "Starting", reason=names.WAIT_POD), after_others("b")],
    "running": [running("a"), after_others("b")],
    "in-the-middle": [done("a"), running("b", machine="macmini"), after_others("c")],
    "between-two": [done("a"), in_queue("b"), after_others("c")],
    "completed": [done("a"), done("b")],
    "failed": [done("a"), failed("b"), not_run("c")],
    "failed-at-once": [failed("a"), not_run("b"), not_run("c")],
    "both-branches-failed": [failed("a"), failed("b")],
    "failed-branch-another-runs": [failed("a"), not_run("c"), running("b")],
    "failed-branch-another-waits": [failed("a"), in_queue("b"), not_run("c")],
    "two-branches-run": [done("a"), running("b"), running("c"), after_others("d")],
    "skipped": [skipped("a", below_runs=False), not_run("b", names.UPSTREAM_SKIPPED)],
    "skipped-and-went-on": [skipped("a", below_runs=True), done("b")],
    "skipped-and-goes-on": [skipped("a", below_runs=True), running("b")],
    "skipped-by-itself": [stage("a", "Skipped", end=2), done("b")],
    "retried": [done("a"), running("b", attempt=2), after_others("c")],
    "retried-and-waits": [
        stage("a", attempt=2, reason=names.WAIT_BACKOFF, message="10 s"),
        after_others("b"),
    ],
    "suspended": [done("a"), stage("b", reason=names.WAIT_SUSPENDED), after_others("c")],
    "no-machine": [
        done("a"),
        stage("b", reason=names.WAIT_NO_NODE, machine="macbook"),
        after_others("c"),
    ],
}
RUNS = {
    name: written_run(*stages, name=name, suspend=name == "suspended")
    for name, stages in CASES.items()
}


class Numbers(NamedTuple):
    """What a view says of a run; a view that does not speak of something leaves it None."""

    progress: str
    status: str | None = None
    stage: str | None = None
    machine: str | None = None


def by_kubectl(run: PipelineJob) -> Numbers:
    """The columns of `kubectl get pj`, from the object as the API server keeps it."""
    kept = json.loads(run.model_dump_json())
    cells: dict[str, str] = {}
    for column in PIPELINEJOB.columns:
        value: Any = kept
        for part in column.path.lstrip(".").split("."):
            value = value.get(part, "")
        cells[column.name] = str(value)
    return Numbers(cells["Progress"], cells["Status"], cells["Stage"], cells["Machine"])


def _cli(run: PipelineJob) -> Cli:
    cluster = FakeCluster()
    cluster.add(run)
    return Cli(cluster)


def by_status_list(run: PipelineJob) -> Numbers:
    (listed,) = json.loads(_cli(run)("status", "-o", "json").out)
    return Numbers(listed["progress"], listed["status"], listed["stage"], listed["machine"])


def by_status_table(run: PipelineJob) -> Numbers:
    titles, line = _cli(run)("status").lines
    starts = [match.start() for match in re.finditer(r"\S+", titles)]
    cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
    _, status, current, progress, machine, _ = cells
    return Numbers(progress, status, current, machine)


def by_status_page(run: PipelineJob) -> Numbers:
    """The header: place, state, progress and so on."""
    header = _cli(run)("status", run.metadata.name).lines[0].split("   ")
    return Numbers(header[2], header[1])


def by_status_page_json(run: PipelineJob) -> Numbers:
    page = json.loads(_cli(run)("status", run.metadata.name, "-o", "json").out)
    return Numbers(page["progress"], page["status"])


def by_monitor(run: PipelineJob) -> Numbers:
    """`picked up default/NAME - STATUS, 1/3 done, STAGE STATE`; the stage while the run goes on."""
    lines = _cli(run)("monitor", run.metadata.name, "--once", "--by-name").lines
    (picked_up,) = [line for line in lines if "picked up default/" in line]
    status, progress, *rest = picked_up.split(" - ", 1)[1].split(", ")
    return Numbers(progress.removesuffix(" done"), status, rest[0].split()[0] if rest else None)


def by_live_view(run: PipelineJob) -> Numbers:
    shown = row(run, at(60))
    return Numbers(f"{shown.done}/{shown.total}", shown.status, shown.stage, shown.machine)


def _before(run: PipelineJob) -> PipelineJobStatus:
    """Every stage of the run while nothing had begun."""
    return PipelineJobStatus(stages=[after_others(old.name) for old in run.status.stages])


def by_metrics(run: PipelineJob) -> Numbers:
    """How many attempts ended in success or a skip, of all stages."""
    registry = CollectorRegistry()
    StageMetrics(registry).record(transitions(_before(run), run.status))
    ended = [
        sample
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "stagework_stage_attempts_total"
        and sample.labels["outcome"] in {"Succeeded", "Skipped"}
    ]
    return Numbers(f"{sum(int(sample.value) for sample in ended)}/{len(run.status.stages)}")


def by_facts(run: PipelineJob) -> Numbers:
    """The fact of the run's end, from which its event and its history are written."""
    ends = [fact for fact in transitions(_before(run), run.status) if isinstance(fact, RunEnded)]
    if not run.finished:
        assert ends == []
        return by_kubectl(run)
    (end,) = ends
    return Numbers(f"{end.done}/{end.stages}", end.summary)


class _OneObject:
    """An API server that knows one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, _path: str) -> bytes:
        return self._body


def by_api_service(run: PipelineJob) -> Numbers:
    """The stages that the API service hands out; of a skipped stage there is nothing."""
    reader = KubeReader(cast("KubeApi", _OneObject(run.model_dump_json().encode())))
    read = asyncio.run(reader.get_run("default", run.metadata.name))
    assert read is not None
    skips = sum(left.state == "Skipped" for left in run.status.stages)
    return Numbers(f"{len(read.committed) + skips}/{len(run.status.stages)}")


VIEWS: list[Callable[[PipelineJob], Numbers]] = [
    by_status_list,
    by_status_table,
    by_status_page,
    by_status_page_json,
    by_monitor,
    by_live_view,
    by_metrics,
    by_facts,
    by_api_service,
]


def test_there_are_twenty_runs_and_no_two_alike() -> None:
    assert len(RUNS) == 20
    assert len({str(stages) for stages in CASES.values()}) == 20


def test_kubectl_says_what_was_meant() -> None:
    assert by_kubectl(RUNS["failed"]) == Numbers("1/3", "StageFailed", "b", "gpu")
    assert by_kubectl(RUNS["failed-branch-another-waits"]) == Numbers("0/3", "Waiting", "b", "gpu")
    assert by_kubectl(RUNS["two-branches-run"]) == Numbers("1/4", "Running", "b +1", "gpu")
    assert by_kubectl(RUNS["skipped"]) == Numbers("1/2", "CompletedWithSkips", "b", "gpu")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
@pytest.mark.parametrize("name", RUNS)
def test_every_view_says_of_a_run_what_kubectl_says(
    name: str, view: Callable[[PipelineJob], Numbers]
) -> None:
    run = RUNS[name]
    measure, shown = by_kubectl(run), view(run)
    assert shown.progress == measure.progress
    assert shown.status in (None, measure.status)
    assert shown.machine in (None, measure.machine)
    # A line has room for one stage's name: the first, without how many more are at work.
    assert shown.stage in (None, measure.stage, (measure.stage or "").split(" ")[0])
