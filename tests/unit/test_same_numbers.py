"""Whoever is asked of a run says the same: some twenty runs, and all who speak of them.

The status is the operator's own (`plans/pipelinejob/run_status.py`); what `kubectl get` shows of it
is the measure, and every other view must agree with it. Each view is asked for what it says itself,
by the code that says it to people; what it does not say stands beside it (`VIEWS`), and is not
compared.
"""

import asyncio
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final, cast

import pytest
from prometheus_client import CollectorRegistry
from rich.console import Console

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cli.text.screens import bars_table
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.pipelinejobs.metrics import StageMetrics
from stagework.overview.rows import row
from stagework.plans.pipelinejob.accept import unreadable
from stagework.plans.pipelinejob.transitions import RunEnded, transitions
from stagework.web.cluster_reader import KubeReader
from tests.support.builders.written_runs import at, new_run, stage, written_run
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


def refused(run: PipelineJob, name: str) -> PipelineJob:
    """The run after the operator has refused it: its spec cannot work."""
    status = unreadable(run, "stages: no such machine class", at(60)).status
    assert status is not None
    metadata = run.metadata.model_copy(update={"name": name, "uid": f"uid-of-{name}"})
    return run.model_copy(update={"metadata": metadata, "status": status})


RUNS = {
    name: written_run(*stages, name=name, suspend=name == "suspended")
    for name, stages in CASES.items()
} | {"refused": refused(new_run(), "refused")}
ENDED: Final = frozenset({"Completed", "CompletedWithSkips", "StageFailed", "InvalidSpec"})
"""Statuses after which nothing happens without a person."""


@dataclass(frozen=True)
class Numbers:
    """What a view says of a run; a view that does not speak of something leaves it None."""

    progress: str | None = None
    """`1/3`; empty while there are no stages."""
    done: int | None = None
    """How many stages count as progress."""
    status: str | None = None
    ended: bool | None = None
    stage: str | None = None
    """The current stage, and how many more are at work."""
    first: str | None = None
    """The current stage, where there is room for one."""
    machine: str | None = None
    succeeded: frozenset[str] | None = None
    """Names of the stages that have succeeded."""
    failed: frozenset[str] | None = None
    """Names of the stages that have failed."""

    @property
    def said(self) -> set[str]:
        """What the view speaks of."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}


def by_kubectl(run: PipelineJob) -> Numbers:
    """The columns of `kubectl get pj`, and the stages of `-o json`, as the API server has them."""
    kept = json.loads(run.model_dump_json())
    cells: dict[str, str] = {}
    for column in PIPELINEJOB.columns:
        value: Any = kept
        for part in column.path.lstrip(".").split("."):
            value = value.get(part, "")
        cells[column.name] = str(value)
    states = {stage["name"]: stage["state"] for stage in kept["status"]["stages"]}
    return Numbers(
        progress=cells["Progress"],
        done=int(cells["Progress"].split("/")[0] or 0),
        status=cells["Status"],
        ended=cells["Status"] in ENDED,
        stage=cells["Stage"],
        first=cells["Stage"].split(" ")[0],
        machine=cells["Machine"],
        succeeded=frozenset(name for name, state in states.items() if state == "Succeeded"),
        failed=frozenset(name for name, state in states.items() if state == "Failed"),
    )


def _cli(run: PipelineJob) -> Cli:
    cluster = FakeCluster()
    cluster.add(run)
    return Cli(cluster)


def _below(titles: str, line: str) -> dict[str, str]:
    """The cells of a table's line, by the titles that they stand under."""
    starts = [match.start() for match in re.finditer(r"\S+", titles)]
    cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
    return dict(zip(titles.split(), cells, strict=True))


def by_status_list(run: PipelineJob) -> Numbers:
    (listed,) = json.loads(_cli(run)("status", "-o", "json").out)
    return Numbers(
        progress=listed["progress"],
        status=listed["status"],
        stage=listed["stage"],
        machine=listed["machine"],
    )


def by_status_table(run: PipelineJob) -> Numbers:
    cells = _below(*_cli(run)("status").lines)
    return Numbers(
        progress=cells["PROGRESS"],
        status=cells["STATUS"],
        stage=cells["STAGE"],
        machine=cells["MACHINE"],
    )


def by_status_page(run: PipelineJob) -> Numbers:
    """The header (place, state, progress where there is any, and more), and the table of stages."""
    header, *lines = _cli(run)("status", run.metadata.name).lines
    _, status, *more = header.split("   ")
    rows: list[dict[str, str]] = []
    if titles := next((line for line in lines if line.startswith("STAGE ")), ""):
        begin = lines.index(titles) + 1
        rows = [_below(titles, line) for line in lines[begin : begin + len(run.status.stages)]]
    return Numbers(
        progress="".join(part for part in more if re.fullmatch(r"\d+/\d+", part)),
        status=status,
        succeeded=frozenset(row["STAGE"] for row in rows if row["STATE"] == "Succeeded"),
        failed=frozenset(row["STAGE"] for row in rows if row["STATE"] == "Failed"),
    )


def by_status_page_json(run: PipelineJob) -> Numbers:
    page = json.loads(_cli(run)("status", run.metadata.name, "-o", "json").out)
    states = {stage["stage"]: stage["state"] for stage in page["stages"]}
    return Numbers(
        progress=page["progress"],
        status=page["status"],
        succeeded=frozenset(name for name, state in states.items() if state == "Succeeded"),
        failed=frozenset(name for name, state in states.items() if state == "Failed"),
    )


def by_monitor(run: PipelineJob) -> Numbers:
    """`picked up default/NAME - STATUS, 1/3 done, STAGE STATE - CAUSE`, and a line at its end.

    No stage is named of a run that has ended (`MONITORED`).
    """
    lines = _cli(run)("monitor", run.metadata.name, "--once", "--by-name").lines
    (picked_up,) = [line for line in lines if "picked up default/" in line]
    status, *parts = picked_up.split(" - ")[1].split(", ")
    progress = [part.removesuffix(" done") for part in parts if part.endswith(" done")]
    at_stage = [part.split(" ")[0] for part in parts if not part.endswith(" done")]
    end = re.compile(rf"\] (completed|failed) - {re.escape(run.metadata.name)}\b")
    return Numbers(
        progress="".join(progress),
        status=status,
        ended=any(end.search(line) for line in lines),
        first=at_stage[0] if at_stage else None,
    )


def by_live_view(run: PipelineJob) -> Numbers:
    """The row that the live screen paints of it."""
    paper = io.StringIO()
    Console(file=paper, width=200).print(bars_table([row(run, at(60))], 200))
    titles, painted = paper.getvalue().splitlines()
    starts = {match.group(): match.start() for match in re.finditer(r"\S+", titles)}
    begins = [*starts.values(), None]
    ends = zip(starts, begins, begins[1:], strict=False)
    cells = {title: painted[begin:end].strip() for title, begin, end in ends}
    return Numbers(
        progress=cells["DONE"],
        status=cells["STATUS"],
        stage=cells["STAGE"],
        machine=cells["MACHINE"],
    )


def _before(run: PipelineJob) -> PipelineJobStatus:
    """Every stage of the run while nothing had begun."""
    return PipelineJobStatus(stages=[after_others(old.name) for old in run.status.stages])


def by_metrics(run: PipelineJob) -> Numbers:
    """How the attempts ended that were counted, by stage."""
    registry = CollectorRegistry()
    StageMetrics(registry).record(transitions(_before(run), run.status))
    ends: dict[str, set[str]] = {"Succeeded": set(), "Skipped": set(), "Failed": set()}
    for family in registry.collect():
        for sample in family.samples:
            outcome = sample.labels.get("outcome", "")
            if sample.name == "stagework_stage_attempts_total" and outcome in ends:
                assert sample.value == 1
                ends[outcome].add(sample.labels["stage"])
    return Numbers(
        done=len(ends["Succeeded"] | ends["Skipped"]),
        succeeded=frozenset(ends["Succeeded"]),
        failed=frozenset(ends["Failed"]),
    )


def by_facts(run: PipelineJob) -> Numbers:
    """The fact of the run's end, from which its event and its history are written."""
    ends = [fact for fact in transitions(_before(run), run.status) if isinstance(fact, RunEnded)]
    if not ends:
        return Numbers(ended=False)
    (end,) = ends
    return Numbers(
        progress=f"{end.done}/{end.stages}" if end.stages else "",
        done=end.done,
        status=end.summary,
        ended=True,
        failed=frozenset(end.failed),
    )


class _OneObject:
    """An API server that knows one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, _path: str) -> bytes:
        return self._body


def by_api_service(run: PipelineJob) -> Numbers:
    """The stages whose artifacts the API service hands out: those that have succeeded."""
    reader = KubeReader(cast("KubeApi", _OneObject(run.model_dump_json().encode())))
    read = asyncio.run(reader.get_run("default", run.metadata.name))
    assert read is not None
    return Numbers(succeeded=frozenset(committed.stage for committed in read.committed))


VIEWS: dict[Callable[[PipelineJob], Numbers], set[str]] = {
    by_status_list: {"progress", "status", "stage", "machine"},
    by_status_table: {"progress", "status", "stage", "machine"},
    by_status_page: {"progress", "status", "succeeded", "failed"},
    by_status_page_json: {"progress", "status", "succeeded", "failed"},
    by_monitor: {"progress", "status", "ended", "first"},
    by_live_view: {"progress", "status", "stage", "machine"},
    by_metrics: {"done", "succeeded", "failed"},
    by_facts: {"ended", "progress", "done", "status", "failed"},
    by_api_service: {"succeeded"},
}
"""Who speaks of a run, and of what."""
SILENT: Final[dict[tuple[Callable[[PipelineJob], Numbers], bool], set[str]]] = {
    (by_monitor, True): {"first"},
    (by_facts, False): {"progress", "done", "status", "failed"},
}
"""What a view leaves out of a run that has ended (True), or that has not."""


def test_there_are_twenty_runs_and_one_that_was_refused_and_no_two_alike() -> None:
    assert len(RUNS) == 21
    assert len({str(run.status.stages) for run in RUNS.values()}) == 21


def test_kubectl_says_what_was_meant() -> None:
    def columns(name: str) -> tuple[str | None, ...]:
        shown = by_kubectl(RUNS[name])
        return (shown.progress, shown.status, shown.stage, shown.machine)

    assert columns("failed") == ("1/3", "StageFailed", "b", "gpu")
    assert columns("failed-branch-another-waits") == ("0/3", "Waiting", "b", "gpu")
    assert columns("two-branches-run") == ("1/4", "Running", "b +1", "gpu")
    assert columns("skipped") == ("1/2", "CompletedWithSkips", "b", "gpu")
    assert columns("refused") == ("", "InvalidSpec", "", "")


@pytest.mark.parametrize("name", RUNS)
def test_every_run_ends_that_says_so(name: str) -> None:
    run = RUNS[name]
    assert run.status.ended is by_kubectl(run).ended


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
@pytest.mark.parametrize("name", RUNS)
def test_every_view_says_of_a_run_what_kubectl_says(
    name: str, view: Callable[[PipelineJob], Numbers]
) -> None:
    run = RUNS[name]
    measure, shown = by_kubectl(run), view(run)
    speaks_of = VIEWS[view] - SILENT.get((view, measure.ended is True), set())
    assert shown.said == speaks_of
    for what in sorted(speaks_of):
        assert getattr(shown, what) == getattr(measure, what), what
