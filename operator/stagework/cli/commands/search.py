"""`stagework search`: look for words in the index that a run has left."""

from pathlib import Path
from typing import Annotated

import typer

from stagework.cli.commands.session import session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.outputs import fetch
from stagework.cli.search_index import INDEX_FILE, indexes, look_up, words_of
from stagework.cli.service import ApiService
from stagework.cli.text.hits import hits_table


def search(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="The run.")],
    words: Annotated[list[str], typer.Argument(help="Words; most of them have to be there.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; ./out/NAME by default.")] = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Search the full-text index that a run has left (fetched once with its other results)."""
    session = session_of(context)
    folder = to or Path("out") / name
    files = sorted(folder.glob(f"*/{INDEX_FILE}"))
    if not files:
        where = session.namespace(namespace)
        service = ApiService(session.cluster, release_namespace, where, service_account)
        files = indexes(fetch(service, session.objects.run(where, name), folder))
    if not files:
        flag = session.home.flag(session.namespace(namespace))
        raise CommandError(f"{name} has no {INDEX_FILE}", command=f"stagework status {name}{flag}")
    wanted = words_of(words)
    hits = look_up(files[0], wanted)
    if not hits:
        raise CommandError(f"nothing in {name} has most of these words: {' '.join(wanted)}")
    session.terminal.table(hits_table(hits, wanted))
