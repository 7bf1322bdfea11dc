"""`stagework batch list`: all batches, the newest first."""

import json
from typing import Annotated

import typer

from stagework.api.facts import BatchFact
from stagework.api.kinds import BATCH
from stagework.cli.batches import Batches
from stagework.cli.commands.session import Session, session_of
from stagework.cli.commands.status import Format
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, Namespace, ReleaseNamespace
from stagework.cli.remembered import Remembered
from stagework.cli.service import ApiService
from stagework.cli.text import batch_page
from stagework.overview.batch_row import batch_row, newest_first


def listing(
    context: typer.Context,
    *,
    namespace: Namespace = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Batches of all namespaces.")
    ] = False,
    output: Annotated[Format | None, typer.Option("--output", "-o", help="json or wide.")] = None,
    remembered: Annotated[
        bool, typer.Option("--remembered", help="As history has them, also deleted ones.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="So many remembered ones at most.")
    ] = 20,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """List batches with their progress, the newest first."""
    session = session_of(context)
    where = None if everywhere else session.namespace(namespace)
    if remembered:
        service = ApiService(session.cluster, release_namespace, session.namespace(namespace))
        _remembered(session, Remembered(service).batches(where, limit), output, everywhere)
        return
    batches, unreadable = Batches(session.cluster).listed(where)
    for text in unreadable:
        session.terminal.warn(text)
    rows = [batch_row(batch) for batch in newest_first(batches)]
    if output is Format.json:
        objects = [row.model_dump(mode="json") for row in rows]
        session.terminal.say(json.dumps(objects, indent=2, ensure_ascii=False))
    elif not rows:
        in_namespace = f" in namespace {where}" if where else ""
        session.terminal.say(f"No {BATCH.plural}{in_namespace}.")
        session.terminal.say("  next: stagework batch submit FOLDER --pipeline PIPELINE")
    else:
        wide = output is Format.wide
        table = batch_page.table(rows, session.now(), wide=wide, namespaces=everywhere)
        session.terminal.table(table)


def _remembered(
    session: Session, found: list[BatchFact], output: Format | None, everywhere: bool
) -> None:
    if output is Format.json:
        objects = [batch.model_dump(mode="json") for batch in found]
        session.terminal.say(json.dumps(objects, indent=2, ensure_ascii=False))
    elif not found:
        session.terminal.say(f"No {BATCH.plural} are remembered.")
    else:
        session.terminal.table(batch_page.remembered_table(found, namespaces=everywhere))
