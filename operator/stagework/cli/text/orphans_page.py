"""Stages that are suspected to have lost their process, and what becomes of them."""

from datetime import datetime

from stagework.api.durations import short
from stagework.cli.text.tables import Cell, Table
from stagework.overview.orphans import Suspect, Suspects

_TITLES = ("NAMESPACE", "RUN", "STAGE", "ATTEMPT", "MACHINE", "NODE", "CAUSE", "FOR", "ACTION")


def table(found: Suspects, now: datetime) -> Table:
    """One row a stage."""
    return Table(_TITLES, tuple(_cells(one, now) for one in found.all))


def counts(found: Suspects, *, dry_run: bool) -> list[str]:
    """Found, recovered and skipped; then per kind, and what was updated."""
    if not found.all:
        return ["No orphans found."]
    recovered, parents = found.recovered, found.parents
    line = f"found {len(found.all)}, recovered {len(recovered)}"
    line += f", skipped {len(found.all) - len(recovered)}"
    if dry_run:
        line += " (dry run: nothing was written)"
    kinds = sorted({one.kind for one in recovered})
    per_kind = [f"{kind} {sum(one.kind == kind for one in recovered)}" for kind in kinds]
    lines = [line, *(f"  of {part}" for part in per_kind)]
    return [*lines, f"  parents updated: {len(parents)}"] if parents else lines


def _cells(one: Suspect, now: datetime) -> tuple[Cell, ...]:
    since = short((now - one.since).total_seconds()) if one.since is not None else "-"
    action = Cell(f"skip ({one.skipped})", "wait") if one.skipped else Cell("fail", "bad")
    words = (one.namespace, one.run, one.stage, str(one.attempt), one.machine, one.node or "-")
    return (*(Cell(word) for word in words), Cell(one.cause), Cell(since), action)
