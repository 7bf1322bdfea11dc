"""`stagework batch suspend` and `resume`: edits of the spec, as `kubectl patch` makes them."""

import typer

from stagework.api.batch import Batch
from stagework.api.kinds import BATCH
from stagework.cli.batches import Batches
from stagework.cli.commands.batch.options import Name, status_command
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import Refused
from stagework.cli.options import DryRun, Namespace


def suspend(
    context: typer.Context, *, name: Name, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Begin no new chunk of a batch until it is resumed; those in flight go on."""
    session, batch = _batch(context, namespace, name)
    if batch.status.ended:
        raise Refused(
            f"cannot suspend {name}: it has ended ({batch.status.summary})",
            command=status_command(session, batch.metadata.namespace, name),
        )
    already = f"{name} is suspended already"
    going_on = batch.status.chunks.open
    chunks = f"; in flight, and going on: {going_on} chunks" if going_on else ""
    sentence = already if batch.spec.suspend else f"{name}: suspended, no new chunk begins{chunks}"
    _change(session, batch, sentence, suspended=True, dry_run=dry_run)


def resume(
    context: typer.Context, *, name: Name, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Let a suspended batch go on."""
    session, batch = _batch(context, namespace, name)
    sentence = f"{name}: resumed" if batch.spec.suspend else f"{name} is not suspended"
    _change(session, batch, sentence, suspended=False, dry_run=dry_run)


def _batch(context: typer.Context, namespace: str | None, name: str) -> tuple[Session, Batch]:
    session = session_of(context)
    return session, Batches(session.cluster).one(session.namespace(namespace), name)


def _change(
    session: Session, batch: Batch, sentence: str, *, suspended: bool, dry_run: bool
) -> None:
    spec = {"suspend": suspended}
    session.objects.change(BATCH, batch.metadata, spec, dry_run=dry_run)
    session.terminal.say(sentence + (" (dry run: nothing was written)" if dry_run else ""))
