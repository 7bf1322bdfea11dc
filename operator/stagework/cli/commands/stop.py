"""`stagework stop`: end a run now and keep its record."""

import typer

from stagework.api.kinds import STOP
from stagework.cli.commands.interventions import intervene
from stagework.cli.commands.session import session_of
from stagework.cli.options import DryRun, Namespace, Reason, Run


def stop(
    context: typer.Context,
    *,
    name: Run,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """End a run now: what runs gets its grace period, nothing else starts, all results stay.

    `stagework retry` goes on from there. Exit 0: done; 1: refused; 2: no answer in time.
    """
    session = session_of(context)
    intervene(session, name, STOP, [], namespace=namespace, reason=reason, dry_run=dry_run)
