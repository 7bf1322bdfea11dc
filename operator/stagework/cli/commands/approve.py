"""`stagework approve`: let stages pass that wait for it."""

from typing import Annotated

import typer

from stagework.api.kinds import APPROVE
from stagework.cli.commands.interventions import intervene
from stagework.cli.commands.session import session_of
from stagework.cli.options import DryRun, Namespace, Reason, Run


def approve(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[
        list[str] | None,
        typer.Option(
            "--stage", help="Stage to approve; may be repeated. All that wait for it if absent."
        ),
    ] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Let stages pass that wait for approval; needs the right to approve.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    intervene(
        session_of(context),
        name,
        APPROVE,
        stage or [],
        namespace=namespace,
        reason=reason,
        dry_run=dry_run,
    )
