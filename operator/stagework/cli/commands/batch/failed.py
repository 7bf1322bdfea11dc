"""`stagework batch failed`: the items that failed, each with its reason."""

import itertools
import json
from enum import StrEnum
from typing import Annotated, Final

import typer

from stagework.api.batch_answers import BatchItem
from stagework.api.batch_book import FAILED
from stagework.cli.batches import Batches, BatchItems
from stagework.cli.commands.batch.options import Name
from stagework.cli.commands.session import Session, session_of
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.service import ApiService
from stagework.cli.text import batch_page
from stagework.overview.item_table import HEAD, csv_rows

MOST: Final = 300
"""So many stand in a table; the other forms have all."""


class Format(StrEnum):
    """`-o`."""

    csv = "csv"
    json = "json"


def failed(
    context: typer.Context,
    *,
    name: Name,
    output: Annotated[
        Format | None, typer.Option("--output", "-o", help="csv or json: all of them.")
    ] = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """List the items that failed, each with its reason, in the list's order."""
    session = session_of(context)
    where = session.namespace(namespace)
    batch = Batches(session.cluster).one(where, name)
    service = ApiService(session.cluster, release_namespace, where, service_account)
    pages = BatchItems(service, batch).pages(FAILED)
    if output is Format.csv:
        first = next(pages)  # before the head: what cannot be read is no empty table
        session.terminal.raw(HEAD.rstrip())
        for page in itertools.chain([first], pages):
            for line in csv_rows(page).splitlines():
                session.terminal.raw(line)
        return
    items = [item for page in pages for item in page]
    if output is Format.json:
        objects = [item.model_dump(mode="json") for item in items]
        session.terminal.say(json.dumps(objects, indent=2, ensure_ascii=False))
    else:
        _table(session, name, items)


def _table(session: Session, name: str, items: list[BatchItem]) -> None:
    if not items:
        session.terminal.say(f"No item of {name} has failed.")
        return
    session.terminal.table(batch_page.failed_table(items[:MOST]))
    more = len(items) - MOST
    if more > 0:
        session.terminal.note(f"and {more} more: stagework batch failed {name} -o csv")
