"""The commands about batches, put together."""

import typer

from stagework.cli.commands.batch import changes, failed, listing, reprocess, status, stop, submit
from stagework.cli.errors import EXIT_HELP

app = typer.Typer(
    name="batch",
    help="Many items through one pipeline: hand over, follow, see what failed, run it again.",
    epilog=EXIT_HELP,
    no_args_is_help=True,
)

for _name, _command in (
    ("submit", submit.submit),
    ("status", status.status),
    ("list", listing.listing),
    ("failed", failed.failed),
    ("reprocess", reprocess.reprocess),
    ("stop", stop.stop),
    ("suspend", changes.suspend),
    ("resume", changes.resume),
):
    app.command(_name, epilog=EXIT_HELP)(_command)
