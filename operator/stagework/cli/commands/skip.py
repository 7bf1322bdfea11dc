"""`stagework skip`: take stages for done without running them."""

from typing import Annotated

import typer

from stagework.api.kinds import SKIP
from stagework.cli.commands.interventions import intervene
from stagework.cli.commands.session import session_of
from stagework.cli.options import DryRun, Namespace, Reason, Run


def skip(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[list[str], typer.Option("--stage", help="Stage to skip; may be repeated.")],
    run_descendants: Annotated[
        bool,
        typer.Option("--run-descendants", help="The stages that depend on it run all the same."),
    ] = False,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Take stages for done without running them.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    intervene(
        session_of(context),
        name,
        SKIP,
        stage,
        namespace=namespace,
        reason=reason,
        dry_run=dry_run,
        descendants="Run" if run_descendants else "NotRun",
    )
