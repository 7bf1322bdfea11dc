"""What several of the commands about batches share."""

from typing import Annotated

import typer

from stagework.cli.commands.session import Session
from stagework.cli.options import JsonFormat

Name = Annotated[str, typer.Argument(metavar="NAME", help="The batch.")]
"""The batch that a command is about."""
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Show the progress until it has ended.")]
"""`-w`."""
Output = Annotated[JsonFormat | None, typer.Option("--output", "-o", help="json.")]
"""`-o`."""


def status_command(session: Session, namespace: str, name: str) -> str:
    """What shows it whole."""
    return f"stagework batch status {name}{session.home.flag(namespace)}"
