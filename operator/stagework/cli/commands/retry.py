"""`stagework retry`: run failed stages anew."""

from typing import Annotated

import typer

from stagework.api.kinds import RETRY
from stagework.cli.commands.interventions import intervene
from stagework.cli.commands.session import session_of
from stagework.cli.options import DryRun, Namespace, Reason, Run


def retry(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Stage to retry; may be repeated. All failed ones if absent."),
    ] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Run failed stages anew; the stages that depend on them wait again.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    session = session_of(context)
    intervene(
        session, name, RETRY, stage or [], namespace=namespace, reason=reason, dry_run=dry_run
    )
