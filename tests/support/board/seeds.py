"""What there is to see in five situations of a day, as runs, nodes, facts and background jobs.

The letters are those of the ten-second test: A works, B with the MacBook away, C with something
stuck and two failures, D with more coming than is done. `EMPTY` has never run anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stagework.api import names
from stagework.api.background_jobs import BackgroundJob
from stagework.api.facts import AnyFact
from stagework.api.machines import Fleet, MachineClass
from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.scheduledjob import ScheduledJob, ScheduledJobStatus
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.plans.scheduledjob.snapshot import Snapshot
from stagework.plans.scheduledjob.words import said
from tests.support.builders.fleet import make_node
from tests.support.builders.runs import make_stage
from tests.support.builders.schedules import make_schedule
from tests.support.builders.written_runs import run_of
from tests.support.history.facts import attempt_fact, background_job, run_fact

NOW: Final = datetime(2026, 12, 2, 5, 3, 7, tzinfo=UTC)
"""14:03:07 in Seoul."""
ZONE: Final = "Asia/Seoul"
NAMESPACE: Final = "daily"
DOCUMENT: Final = ("extract", "chunk", "embed", "classify", "summarize", "deep_summary")
ADVERTISEMENT: Final = ("img_gen", "vlm_analyze", "overlay", "ocr_eval", "readability_eval")
MACHINES: Final = {
    "gpu": ("extract", "chunk", "embed", "img_gen", "vlm_analyze", "overlay"),
    "macmini": ("classify", "summarize", "ocr_eval"),
    "macbook": ("deep_summary",),
}
_HOME: Final = {stage: key for key, stages in MACHINES.items() for stage in stages}
SECONDS: Final = {"summarize": 50, "overlay": 95, "img_gen": 80, "deep_summary": 240}
"""What some stages usually take."""


def ago(minutes: float) -> datetime:
    """So many minutes before now."""
    return NOW - timedelta(minutes=minutes)


@dataclass(frozen=True)
class Seed:
    """All that a board is made from."""

    runs: tuple[PipelineJob, ...] = ()
    nodes: tuple[NodeView, ...] = ()
    facts: tuple[AnyFact, ...] = ()
    jobs: tuple[BackgroundJob, ...] = ()
    revisions: dict[tuple[str, str], tuple[Stage, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Stage, ...]]
    )
    schedules: tuple[ScheduledJob, ...] = ()
    batches: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Name and status of each."""


def fleet() -> Fleet:
    """Three classes, of which one comes and goes."""

    def machine(key: str, label: str, **more: Any) -> MachineClass:
        return MachineClass(
            key=key, label=label, nodeSelector={"stagework.dev/machine": key}, **more
        )

    return Fleet(
        machineClasses=(
            machine("gpu", "GPU server"),
            machine("macmini", "Mac mini"),
            machine("macbook", "MacBook", mayBeAway=True),
        ),
        stageClasses={stage: (key,) for stage, key in _HOME.items()},
    )


REVISIONS: Final = {
    (NAMESPACE, f"{pipeline}-1"): tuple(
        make_stage(
            name,
            runsOn=["macbook", "macmini"]
            if name == "deep_summary"
            else [_HOME.get(name, "macmini")],
            fallbackAfterSeconds=18_900 if name == "deep_summary" else None,
        )
        for name in stages
    )
    for pipeline, stages in (("document", DOCUMENT), ("ad-image", ADVERTISEMENT))
}
"""The stages of both pipelines, as runs keep them."""


def run(name: str, title: str, at: str, state: dict[str, Any], *, made: float) -> PipelineJob:
    """A run that stands at a stage: those above have succeeded, those below wait for it."""
    pipeline = "document" if at in DOCUMENT else "ad-image"
    stages = DOCUMENT if at in DOCUMENT else ADVERTISEMENT
    place = stages.index(at)
    statuses = [
        *(_done(stage, made - number) for number, stage in enumerate(stages[:place])),
        StageStatus.model_validate({"name": at, "machine": _HOME.get(at, "macmini"), **state}),
        *(_below(stage, state) for stage in stages[place + 1 :]),
    ]
    shown = run_of(
        *statuses,
        name=name,
        uid=f"uid-{name}",
        namespace=NAMESPACE,
        pipeline=pipeline,
        title=title,
        summary=_summary(state),
        message=str(state.get("message", "")),
    )
    meta = shown.metadata.model_copy(update={"creationTimestamp": ago(made)})
    times = {"startTime": ago(made), "completionTime": state.get("completionTime")}
    status = shown.status.model_copy(update={"pipelineRevision": f"{pipeline}-1", **times})
    return shown.model_copy(update={"metadata": meta, "status": status})


_SUMMARIES: Final = {
    "Running": names.RUNNING,
    "Waiting": names.QUEUED,
    "Stuck": names.STUCK,
    "Failed": names.STAGE_FAILED,
}


def _summary(state: dict[str, Any]) -> str:
    held = state.get("reason") == names.WAIT_APPROVAL
    return names.AWAITING_APPROVAL if held else _SUMMARIES[state["state"]]


def _done(stage: str, minutes: float) -> StageStatus:
    return StageStatus(
        name=stage,
        state="Succeeded",
        machine=_HOME.get(stage, "macmini"),
        node=f"{_HOME.get(stage, 'macmini')}-01",
        startTime=ago(minutes),
        completionTime=ago(minutes - 0.4),
    )


def _below(stage: str, state: dict[str, Any]) -> StageStatus:
    if state["state"] == "Failed":
        return StageStatus(name=stage, state="NotRun", reason=names.UPSTREAM_FAILED)
    return StageStatus(name=stage, state="Waiting", reason=names.WAIT_DEPENDENCY)


def working(name: str, title: str, stage: str, minutes: float) -> PipelineJob:
    """One that is at work."""
    node = f"{_HOME[stage]}-01"
    state = {"state": "Running", "node": node, "startTime": ago(minutes), "turnTime": ago(minutes)}
    return run(name, title, stage, state, made=minutes + 9)


def in_queue(
    count: int,
    stage: str,
    *,
    of: str,
    reason: str = names.WAIT_SLOT,
    made: float = 4,
    ahead: int = 0,
) -> list[PipelineJob]:
    """So many that wait at a stage; `made`: so many minutes ago, what they have done is as old.

    `ahead`: so many of other stages are before them on their machine.
    """
    state = {"state": "Waiting", "reason": reason, "waitingSince": ago(293)}
    return [
        run(
            f"{stage.replace('_', '-')}-{n}",
            f"{of} {n + 1}",
            stage,
            {**state, "message": _in_line(stage, ahead + n + 1)},
            made=made + n * 0.2,
        )
        for n in range(count)
    ]


def _in_line(stage: str, place: int) -> str:
    """As the operator says it."""
    machine = _HOME[stage]
    length, slots, holder = {
        "gpu": (34, 2, "ad-7c11 (overlay, 2 min)"),
        "macmini": (8, 1, "lease-2024 (summarize, 40 s)"),
        "macbook": (12, 1, "nobody"),
    }[machine]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10 if place not in (11, 12, 13) else 0, "th")
    place_text = f"{place}{ending} of {length}"
    return f"waits for a {machine} slot: {place_text}; {slots} of {slots} taken by {holder}"


def failed(name: str, title: str, stage: str, minutes: float, cause: str) -> PipelineJob:
    """One that has failed for good."""
    state = {
        "state": "Failed",
        "reason": names.EXIT_CODE,
        "message": cause,
        "attempt": 3,
        "failures": 3,
        "exitCode": 1,
        "node": f"{_HOME[stage]}-01",
        "startTime": ago(minutes + 1),
        "completionTime": ago(minutes),
        "logLine": "OSError: cannot open resource",
        "earlier": [
            {"attempt": 1, "reason": names.EXIT_CODE, "exitCode": 1, "time": ago(minutes + 8)},
            {"attempt": 2, "reason": names.EXIT_CODE, "exitCode": 1, "time": ago(minutes + 4)},
        ],
    }
    return run(name, title, stage, state, made=minutes + 12)


def stuck(name: str, title: str, stage: str, minutes: float, cause: str) -> PipelineJob:
    """One whose turn has come and that cannot start."""
    state = {
        "state": "Stuck",
        "reason": "ImagePullBackOff",
        "message": cause,
        "turnTime": ago(minutes),
        "waitingSince": ago(minutes + 1),
    }
    return run(name, title, stage, state, made=minutes + 2)


def nodes(*, macbook_away: bool = False) -> tuple[NodeView, ...]:
    """A node a class, two of the GPU."""
    return (
        make_node("gpu-01", "gpu"),
        make_node("gpu-02", "gpu"),
        make_node("mini-01", "macmini"),
        make_node(
            "mb-01", "macbook", ready=not macbook_away, transition="2026-12-02T00:10:00+00:00"
        ),
    )


def past(rates: dict[str, tuple[int, int]], since: float = 0) -> tuple[AnyFact, ...]:
    """What was done and what came in a day, but for the last `since` hours.

    `rates` by stage, as (done, came) an hour.
    """
    return tuple(
        fact
        for stage, (done, came) in rates.items()
        for hour in range(24)
        if hour >= since
        for fact in _hour(stage, hour, done, came)
    )


def _hour(stage: str, hour: int, done: int, came: int) -> Iterator[AnyFact]:
    share = (1.0, 0.9, 0.8, 0.95, 0.7, 0.85)[hour % 6] if hour else 1.0
    machine = _HOME.get(stage, "macmini")
    for number in range(round(done * share)):
        ended = ago(60 * hour + 60 * (number + 0.5) / (done * share))
        seconds = SECONDS.get(stage, 12)
        yield attempt_fact(
            f"past-{stage}-{hour}-{number}",
            stage,
            namespace=NAMESPACE,
            machine=machine,
            queued=ended - timedelta(hours=30) if number >= round(came * share) else ended,
            started=ended - timedelta(seconds=seconds),
            ended=ended,
            outcome="Succeeded",
        )
    for number in range(round((came - done) * share)):
        queued = ago(60 * hour + number)
        uid = f"left-{stage}-{hour}-{number}"
        yield attempt_fact(uid, stage, namespace=NAMESPACE, queued=queued)


def night_facts() -> Iterator[AnyFact]:
    """What ended in the nights of eight days."""
    for day in range(1, 8):
        for number in range(1220 + 40 * (day % 4)):
            begin = NOW.replace(hour=13, minute=5) - timedelta(days=day + 1)
            ended = begin + timedelta(seconds=20 * number)
            yield attempt_fact(
                f"night-{day}-{number}",
                "embed",
                namespace=NAMESPACE,
                machine="gpu",
                queued=ended,
                started=ended,
                ended=ended,
                outcome="Succeeded" if number > 2 else "Failed",
                reason="" if number > 2 else "ExitCode",
            )


def _ended_runs() -> Iterator[AnyFact]:
    words = ("Completed", "Completed", "CompletedWithSkips", "StageFailed", "Stopped")
    titles = ("Walk at dusk", "Coffee poster", "Lease 2023", "여름 신발", "Annual report")
    for number in range(40):
        yield run_fact(
            f"ended-{number}",
            namespace=NAMESPACE,
            name=f"ad-{number:04x}",
            title=titles[number % 5],
            pipeline="ad-image" if number % 2 else "document",
            tenant="team-a" if number % 3 else "team-b",
            created=ago(20 + 11 * number),
            started=ago(19 + 11 * number),
            ended=ago(12 + 11 * number),
            at=ago(12 + 11 * number),
            state=words[number % 5],
            stages=9,
        )


def schedule(name: str, when: dict[str, Any], status: dict[str, Any], **spec: Any) -> ScheduledJob:
    """A schedule with these runs and numbers; all that people read is the operator's own."""
    zone: dict[str, Any] = {"timeZone": ZONE, **spec}
    made = make_schedule(when, name=name, namespace=NAMESPACE, created=ago(40_000), **zone)
    meta = made.metadata.model_copy(update={"uid": f"uid-{name}"})
    made = made.model_copy(update={"metadata": meta})
    stats = {**status.get("stats", {}), "lastExecution": status.get("lastScheduleTime")}
    status = {**status, "stats": stats}
    seen = ScheduledJobStatus.model_validate({"countsFrom": meta.creationTimestamp, **status})
    return made.model_copy(update={"status": said(seen, Snapshot(made), NOW)})


def _numbers(ok: int, failed: int, skipped: int, active: int, average: int) -> dict[str, Any]:
    return {
        "totalExecutions": ok + failed + active,
        "successfulExecutions": ok,
        "failedExecutions": failed,
        "skipped": skipped,
        "averageExecutionSeconds": average,
        "executionSeconds": ok * average,
    }


def _slot_run(name: str, minutes: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "uid": f"uid-{name}", "slot": ago(minutes), **more}


SCHEDULES: Final = (
    schedule(
        "nightly-clean",
        {"cron": "0 2 * * *"},
        {
            "lastScheduleTime": ago(723),
            "stats": _numbers(40, 1, 2, 0, 41),
            "endedRuns": [
                _slot_run("ad-3b87", 723, succeeded=True),
                _slot_run("nightly-clean-1111", 2163, succeeded=False),
            ],
        },
    ),
    schedule(
        "mail-in",
        {"intervalSeconds": 1800},
        {
            "lastScheduleTime": ago(10),
            "stats": _numbers(1204, 0, 0, 1, 95),
            "activeRuns": [_slot_run("lease-2024", 10)],
        },
    ),
    schedule("weekly-report", {"cron": "30 8 * * 1"}, {}, suspend=True),
    schedule("berlin-feed", {"cron": "15 9 * * 1-5"}, {}, timeZone="Europe/Berlin"),
    schedule(
        "import-once",
        {"at": "2026-11-20T09:00:00+09:00"},
        {"lastScheduleTime": ago(17_583), "stats": _numbers(1, 0, 0, 0, 7265)},
    ),
)
BUSY: Final = (
    working("ad-7c11", "Coffee poster", "overlay", 2),
    working("ad-90fe", "Tea poster", "img_gen", 1),
    working("lease-2024", "Lease 2024", "summarize", 0.7),
    *in_queue(20, "extract", of="Contract"),
    *in_queue(8, "embed", of="Report", ahead=20),
    *in_queue(6, "img_gen", of="Poster", ahead=28),
    *in_queue(8, "summarize", of="Minutes"),
)
DEFERRED: Final = in_queue(12, "deep_summary", of="Study", reason=names.WAIT_NO_NODE, made=300)
RATES: Final = {
    "extract": (40, 12),
    "chunk": (20, 12),
    "embed": (30, 14),
    "classify": (20, 6),
    "summarize": (40, 14),
    "img_gen": (14, 6),
    "overlay": (16, 8),
}
DEEP: Final = {"deep_summary": (6, 6)}
AWAY_HOURS: Final = 5
PAST: Final = (*past(RATES), *past(DEEP, AWAY_HOURS), *night_facts(), *_ended_runs())
JOBS: Final = (
    background_job(
        "reindex-1",
        namespace=NAMESPACE,
        label="Reindex contracts",
        processed=120,
        total=400,
        started=ago(22),
        heartbeat=ago(8),
    ),
    background_job(
        "backup-1",
        namespace=NAMESPACE,
        kind="backup",
        label="Nightly backup",
        state="done",
        processed=318,
        total=318,
        started=ago(190),
        heartbeat=ago(186),
        ended=ago(186),
    ),
)
BATCHES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "winter-catalogue",
        {
            "summary": "Running",
            "total": 200,
            "done": 121,
            "failed": 9,
            "running": 20,
            "percent": "65.0",
            "itemsPerMinute": "6.5",
            "eta": "11m..14m",
            "etaSeconds": {"p50": 640, "p90": 820},
            "chunks": {"completed": 13, "failed": 1, "open": 2},
            "size": {"items": 10, "reason": "Target"},
            "startTime": ago(20),
            "failedSamples": [
                {"id": f"shoe-{n:03}.png", "reason": reason, "message": message}
                for n, (reason, message) in enumerate(
                    [("NonZeroExit", "font was missing")] * 7 + [("StepTimeout", "took 120 s")] * 2
                )
            ],
        },
    ),
    (
        "archive-2025",
        {
            "summary": "CompletedWithFailures",
            "message": "3 items failed",
            "total": 4200,
            "done": 4197,
            "failed": 3,
            "percent": "100.0",
            "itemsPerMinute": "38.2",
            "chunks": {"completed": 420, "failed": 0, "open": 0},
            "size": {"items": 10, "reason": "Tail"},
            "startTime": ago(900),
            "completionTime": ago(780),
        },
    ),
    ("spring-drafts", {"summary": "Queued", "message": "its list is being read"}),
)
BOOK: Final = ("winter-catalogue", 200, 121, 9)
"""Of which batch there is a book: its items, how many are done, and how many have failed."""
A: Final = Seed(BUSY, nodes(), PAST, JOBS, REVISIONS, SCHEDULES, BATCHES)
B: Final = replace(A, runs=(*BUSY, *DEFERRED), nodes=nodes(macbook_away=True))
C: Final = replace(
    B,
    runs=(
        *B.runs,
        stuck("summer-shoes", "Summer shoes", "vlm_analyze", 15, "image not found: debian:12-slmi"),
        failed("ad-3b87", "Walk at dusk", "ocr_eval", 12, "font was missing"),
        failed("ad-51aa", "골목길의 저녁 풍경", "ocr_eval", 31, "font was missing"),
    ),
)
D: Final = replace(
    A,
    runs=(
        *BUSY,
        *in_queue(50, "classify", of="Mail"),
        failed("r-1", "Report 9", "embed", 300, "out of memory"),
        failed("r-2", "Report 11", "embed", 340, "out of memory"),
    ),
    facts=(*past({**RATES, "classify": (40, 50)}), *night_facts()),
)
EMPTY: Final = Seed((), nodes())
LETTER: Final = run(
    "letter-7",
    "Letter to customers",
    "summarize",
    {
        "state": "Waiting",
        "reason": names.WAIT_APPROVAL,
        "message": "waits for somebody to approve it",
        "waitingSince": ago(25),
    },
    made=40,
)
HELD: Final = replace(A, runs=(*BUSY, LETTER))
"""A run waits for a person's word."""
ALL: Final = {"A": A, "B": B, "C": C, "D": D, "EMPTY": EMPTY, "HELD": HELD}
