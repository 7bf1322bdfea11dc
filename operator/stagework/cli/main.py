"""`stagework`, also installed as `kubectl-stagework`: the commands, and how errors are shown."""

import sys
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from stagework.cli.cluster import Cluster
from stagework.cli.commands import (
    approve,
    board,
    changes,
    doctor,
    history,
    logs,
    monitor,
    queue,
    recover,
    results,
    retry,
    schedules,
    search,
    skip,
    status,
    stop,
    upload,
    wait,
)
from stagework.cli.commands.batch import group as batch
from stagework.cli.commands.session import Session
from stagework.cli.errors import EXIT_HELP, CommandError

HELP: Final = (
    "Multi-stage work on Kubernetes: see, follow, retry and fetch the results of PipelineJobs, "
    "and of Batches of many items."
)


class Commands(TyperGroup):
    """Prints what went wrong for a person, never a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run the command."""
        try:
            return super().invoke(ctx)  # pyright: ignore[reportArgumentType]
        except CommandError as error:
            session = ctx.obj if isinstance(ctx.obj, Session) else Session(_no_cluster)
            session.terminal.error(error)
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    cls=Commands,
    name="stagework",
    help=HELP,
    epilog=EXIT_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def begin(
    context: typer.Context,
    kubeconfig: Annotated[
        str | None, typer.Option("--kubeconfig", help="Kubeconfig file; $KUBECONFIG by default.")
    ] = None,
    kube_context: Annotated[
        str | None, typer.Option("--context", help="Context of the kubeconfig.")
    ] = None,
) -> None:
    """Take the options that stand before the command."""
    if context.obj is None:
        context.obj = Session.of_kubeconfig(kubeconfig, kube_context)


for _name, _command in (
    ("status", status.status),
    ("history", history.history),
    ("monitor", monitor.monitor),
    ("queue", queue.queue),
    ("top", queue.top),
    ("board", board.board),
    ("wait", wait.wait),
    ("logs", logs.logs),
    ("retry", retry.retry),
    ("skip", skip.skip),
    ("approve", approve.approve),
    ("stop", stop.stop),
    ("recover", recover.recover),
    ("suspend", changes.suspend),
    ("resume", changes.resume),
    ("priority", changes.priority),
    ("upload", upload.upload),
    ("results", results.results),
    ("search", search.search),
    ("doctor", doctor.doctor),
):
    app.command(_name, epilog=EXIT_HELP)(_command)
app.add_typer(batch.app)

app.add_typer(schedules.app, name="schedule")


def run() -> None:
    """Entry point of the console scripts."""
    # The name under which kubectl calls a plugin reads better as people type it.
    plugin = sys.argv[0].rsplit("/", 1)[-1].startswith("kubectl-")
    app(prog_name="kubectl stagework" if plugin else "stagework")


def _no_cluster() -> Cluster:
    raise CommandError("no cluster was asked for")
