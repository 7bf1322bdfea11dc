"""`stagework batch stop`: end a batch now and keep its record."""

import typer

from stagework.api.kinds import STOP
from stagework.cli.batches import Batches
from stagework.cli.commands.batch.asking import preview, request, spec_of
from stagework.cli.commands.batch.options import Name
from stagework.cli.commands.session import session_of
from stagework.cli.options import DryRun, Namespace, Reason


def stop(
    context: typer.Context,
    *,
    name: Name,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """End a batch now: the chunks in flight are ended and not counted, no new one begins.

    `stagework batch reprocess NAME --all-but-done` goes on from there. Exit 0: done; 1: refused;
    2: no answer in time.
    """
    session = session_of(context)
    batch = Batches(session.cluster).one(session.namespace(namespace), name)
    spec = spec_of(batch, STOP, reason)
    if dry_run:
        preview(session, batch, spec)
    else:
        request(session, batch, spec)
