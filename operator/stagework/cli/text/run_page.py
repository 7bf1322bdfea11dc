"""One run in sections: header line, stages, what it waits for, the next command to type."""

from rich.text import Text

from stagework.api.durations import short
from stagework.cli.text.monitor_lines import held
from stagework.cli.text.run_list import progress
from stagework.cli.text.tables import Cell, Table, line, one_line
from stagework.overview.attempts import AttemptRow
from stagework.overview.detail import RunDetail, StageRow, Wait
from stagework.overview.holders import SlotHolder
from stagework.overview.states import tone
from stagework.policies.next_step import Step

_TITLES = ("STAGE", "STATE", "MACHINE", "NODE", "ATTEMPT", "TIME", "MESSAGE")


def sections(
    shown: RunDetail,
    step: Step,
    holders: tuple[SlotHolder, ...] = (),
    numbers: tuple[str, ...] = (),
) -> list[Text]:
    """The run as lines; sections are parted by an empty line. `numbers`: how long it will take."""
    lines = [_header(shown)]
    message = one_line(shown.row.message)
    if message:
        lines.append(Text(message))
    if shown.stages:
        lines += [Text(), *_stages_table(shown.stages).lines()]
    sections_below = (("Logs end:", _log_ends(shown)), ("Earlier attempts:", _earlier(shown)))
    for title, rows in sections_below:
        if rows:
            lines += [Text(), Text(title), *(Text(f"  {row}") for row in rows)]
    sentences = waits(shown)
    if sentences:
        lines += [Text(), Text("Waits for:")]
        lines += [line(Cell("  "), Cell(sentence, "wait")) for sentence in sentences]
    if holders:
        lines += [Text(), Text("Slots are held by:")]
        lines += [Text(f"  {sentence}") for sentence in map(held, holders)]
    if numbers:
        lines += [Text(), Text("Estimates:"), *(Text(f"  {sentence}") for sentence in numbers)]
    if step.command:
        lines += [Text(), Text(f"Next: {step.command}"), Text(f"      {step.sentence}")]
    return lines


def as_object(
    shown: RunDetail, step: Step, holders: tuple[SlotHolder, ...] = ()
) -> dict[str, object]:
    """The run as `-o json` prints it."""
    row = shown.row
    return {
        "namespace": row.namespace,
        "name": row.name,
        "title": one_line(shown.title),
        "pipeline": shown.pipeline,
        "status": row.status,
        "progress": progress(row),
        "time": short(row.elapsed_seconds),
        "message": one_line(row.message),
        "stages": [_stage_object(stage) for stage in shown.stages],
        "waits": waits(shown),
        "holders": [*map(held, holders)],
        "next": step.command,
        "advice": step.sentence,
    }


def waits(shown: RunDetail) -> list[str]:
    """What the run waits for, a sentence each."""
    if not shown.seen:
        return [f"the operator has not reconciled it yet (for {short(shown.row.age_seconds)})"]
    return [_wait_sentence(wait) for wait in shown.waits]


def _log_ends(shown: RunDetail) -> list[str]:
    """How the logs of failed stages end, where the run's own message does not say so."""
    return [
        f"{stage.stage}: {stage.log_line}"
        for stage in shown.stages
        if stage.log_line and stage.log_line not in shown.row.message
    ]


def _earlier(shown: RunDetail) -> list[str]:
    return [_attempt(attempt) for stage in shown.stages for attempt in stage.earlier]


def _attempt(attempt: AttemptRow) -> str:
    code = attempt.exit_code
    exit_code = "" if code is None else f", exit code {code}"
    ago = "" if attempt.seconds_ago is None else f", {short(attempt.seconds_ago)} ago"
    return f"{attempt.stage} {attempt.attempt}: {attempt.reason}{exit_code}{ago}"


def _wait_sentence(wait: Wait) -> str:
    return ": ".join(part for part in (wait.stage, wait.cause, one_line(wait.message)) if part)


def _header(shown: RunDetail) -> Text:
    row = shown.row
    pipeline = f"pipeline {shown.pipeline}" if shown.pipeline else ""
    parts = [progress(row), pipeline, short(row.elapsed_seconds), one_line(shown.title)]
    rest = "".join(f"   {part}" for part in parts if part)
    place = f"{row.namespace}/{row.name}   "
    return line(Cell(place), Cell(row.status, tone(row.status)), Cell(rest))


def _stages_table(stages: tuple[StageRow, ...]) -> Table:
    return Table(
        _TITLES,
        tuple(
            (
                Cell(stage.stage),
                Cell(stage.state, tone(stage.state)),
                Cell(stage.machine),
                Cell(stage.node),
                Cell(str(stage.attempt)),
                Cell(_time(stage)),
                Cell(": ".join(part for part in (stage.reason, one_line(stage.message)) if part)),
            )
            for stage in stages
        ),
    )


def _stage_object(stage: StageRow) -> dict[str, object]:
    return {
        "stage": stage.stage,
        "state": stage.state,
        "reason": stage.reason,
        "machine": stage.machine,
        "node": stage.node,
        "attempt": stage.attempt,
        "time": _time(stage),
        "message": one_line(stage.message),
        "logLine": one_line(stage.log_line),
        "earlier": [
            {"attempt": e.attempt, "reason": e.reason, "exitCode": e.exit_code}
            for e in stage.earlier
        ],
    }


def _time(stage: StageRow) -> str:
    return "" if stage.elapsed_seconds is None else short(stage.elapsed_seconds)
