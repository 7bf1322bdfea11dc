"""`stagework suspend`, `resume` and `priority`: what a person may change of a run that is there.

They are edits of the run's spec by that person, with that person's rights, as `kubectl patch` makes
them: a dry run asks the API server, which judges it by the same schema and policies.
"""

from collections.abc import Mapping
from typing import Annotated

import typer

from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import Refused
from stagework.cli.options import DryRun, Namespace, Run
from stagework.cli.text import changes


def suspend(
    context: typer.Context, *, name: Run, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Start nothing new of a run until it is resumed; what runs goes on."""
    session, run = _run(context, namespace, name)
    _refuse_ended(session, run, "suspend")
    _change(session, run, {"suspend": True}, changes.suspended(run), dry_run=dry_run)


def resume(
    context: typer.Context, *, name: Run, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Let a suspended run go on."""
    session, run = _run(context, namespace, name)
    _change(session, run, {"suspend": False}, changes.resumed(run), dry_run=dry_run)


def priority(
    context: typer.Context,
    *,
    name: Run,
    number: Annotated[
        int,
        typer.Argument(metavar="NUMBER", min=-1000, max=1000, help="Higher goes first; 0: usual."),
    ],
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Change which runs go before others for a slot; above 0 needs the right to prioritize.

    A negative number stands behind `--`: stagework priority NAME -- -5
    """
    session, run = _run(context, namespace, name)
    _refuse_ended(session, run, "change the priority of")
    _change(session, run, {"priority": number}, changes.with_priority(run, number), dry_run=dry_run)


def _run(context: typer.Context, namespace: str | None, name: str) -> tuple[Session, PipelineJob]:
    session = session_of(context)
    return session, session.objects.run(session.namespace(namespace), name)


def _refuse_ended(session: Session, run: PipelineJob, doing: str) -> None:
    if run.status.ended:
        flag = session.home.flag(run.metadata.namespace)
        raise Refused(
            f"cannot {doing} {run.metadata.name}: it has ended ({run.status.summary})",
            command=f"stagework status {run.metadata.name}{flag}",
        )


def _change(
    session: Session,
    run: PipelineJob,
    spec: Mapping[str, object],
    sentence: str,
    *,
    dry_run: bool,
) -> None:
    session.objects.change(PIPELINEJOB, run.metadata, spec, dry_run=dry_run)
    session.terminal.say(sentence + (" (dry run: nothing was written)" if dry_run else ""))
