"""`stagework results`: fetch what a run has produced, and show its values."""

from pathlib import Path
from typing import Annotated

import typer

from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.outputs import Fetched, fetch, file_count, pictures
from stagework.cli.service import ApiService
from stagework.cli.text.values import values_table


def results(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="The run.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; ./out/NAME by default.")] = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Download the committed outputs of a run into DIR/<stage>/ and show the values."""
    session = session_of(context)
    where = session.namespace(namespace)
    run = session.objects.run(where, name)
    service = ApiService(session.cluster, release_namespace, where, service_account)
    folder = to or Path("out") / name
    fetched = fetch(service, run, folder)
    if fetched:
        _show(session, fetched, folder)
        return
    flag = session.home.flag(where)
    if run.status.ended:
        raise CommandError(
            f"{name} has no outputs: stages with `contract: ExitCode` keep none",
            command=f"stagework status {name}{flag}",
        )
    raise CommandError(
        f"{name} has no committed outputs yet", command=f"stagework wait {name}{flag}"
    )


def _show(session: Session, fetched: list[Fetched], folder: Path) -> None:
    """The table of values, then where the files are."""
    table = values_table(fetched)
    if table.rows:
        session.terminal.table(table)
        session.terminal.say()
    session.terminal.say(f"{file_count(fetched)} files of {len(fetched)} stages in {folder}/")
    for path in pictures(fetched):
        session.terminal.say(f"  {path}")
