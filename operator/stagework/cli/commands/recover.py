"""`stagework recover`: declare stages failed whose process may have gone, and nothing proves it."""

import json
import re
from datetime import timedelta
from itertools import groupby
from typing import Annotated, Final

import typer

from stagework.api.intervention import InterventionSpec, Target
from stagework.api.kinds import PIPELINEJOB, RECOVER
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import MAX_SECONDS
from stagework.cli.commands.interventions import answered, signed
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import DryRun, Everywhere, JsonFormat, Namespace, Reason
from stagework.cli.text import orphans_page
from stagework.overview.orphans import Suspect, Suspects, suspects_in

_SPAN: Final = re.compile(r"(\d{1,9})([smhd]?)")
_SECONDS: Final = {"s": 1, "m": 60, "": 60, "h": 3600, "d": 86400}


def recover(
    context: typer.Context,
    *,
    timeout: Annotated[
        str,
        typer.Option(
            "--timeout",
            help="For how long nothing must have proved that a stage lives, such as 90s, 30m or"
            " 2h; a bare number is minutes.",
        ),
    ] = "30m",
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
    all_namespaces: Everywhere = False,
    output: Annotated[
        JsonFormat | None, typer.Option("--output", "-o", help="json: counts and stages.")
    ] = None,
) -> None:
    """Declare stages failed of which nothing proves for so long whether they live.

    They can be retried then; the old process may still run. Machines that may be away are left
    alone. Needs the right to recover. Exit 0: done, or nothing was found; 1: something was refused;
    2: no answer in time.
    """
    session, span = session_of(context), span_of(timeout)
    where = None if all_namespaces else session.namespace(namespace)
    runs = session.objects.runs(where).runs
    found = suspects_in(runs, span, session.now())
    if not dry_run:
        _ask(session, runs, found, span, reason)
    if output is not None:
        document = {"dry_run": dry_run, **found.document}
        session.terminal.say(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if found.all:
        session.terminal.table(orphans_page.table(found, session.now()))
    for line in orphans_page.counts(found, dry_run=dry_run):
        session.terminal.say(line)


def span_of(text: str) -> timedelta:
    """`--timeout`; raises CommandError."""
    span = _SPAN.fullmatch(text.strip())
    seconds = int(span[1]) * _SECONDS[span[2]] if span is not None else -1
    if not 0 < seconds <= MAX_SECONDS:
        raise CommandError(
            f"--timeout {text!r} is no span of time up to a week: write 90s, 30m, 2h or 1d"
        )
    return timedelta(seconds=seconds)


def _ask(
    session: Session,
    runs: tuple[PipelineJob, ...],
    found: Suspects,
    span: timedelta,
    reason: str,
) -> None:
    """One Intervention a run; raises CommandError where any of it is refused."""
    by_uid = {run.metadata.uid: run for run in runs}
    made = [
        session.objects.intervene(
            by_uid[uid].metadata, signed(session, _request(by_uid[uid], stages, span, reason))
        )
        for uid, group in groupby(found.recovered, key=lambda one: one.run_uid)
        for stages in ([*group],)
    ]
    refused = sum(len(answered(session, one).status.refused) for one in made)
    if refused:
        raise CommandError(
            f"{refused} refused: they have changed meanwhile", command="stagework recover --dry-run"
        )


def _request(
    run: PipelineJob, stages: list[Suspect], span: timedelta, reason: str
) -> InterventionSpec:
    return InterventionSpec(
        target=Target(kind=PIPELINEJOB.kind, name=run.metadata.name, uid=run.metadata.uid),
        verb=RECOVER,
        stages=[one.stage for one in stages],
        attempt=stages[0].attempt if len(stages) == 1 else None,
        timeoutSeconds=int(span.total_seconds()),
        reason=reason,
    )
