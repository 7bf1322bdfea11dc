"""The ledger of a batch as a file: every item with what became of it, in the manifest's order."""

from collections.abc import AsyncIterator

import msgspec
from fastapi import Response

from stagework.api.batch_book import ItemState
from stagework.batches.books import Books
from stagework.batches.layout import LEDGER_CSV, BatchFolder
from stagework.overview.item_table import HEAD, csv_rows
from stagework.web import bodies


async def ledger_response(books: Books, folder: BatchFolder, name: str) -> Response:
    """Streamed; raises NotFrozen."""
    await books.facts(folder)
    lines = books.ledger(folder)
    chunks = as_csv(lines) if name == LEDGER_CSV else lines
    return bodies.file_response(chunks, None, name=name)


async def as_csv(pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A table of lines of JSON."""
    yield HEAD.encode()
    async for page in pages:
        items = (msgspec.json.decode(line, type=ItemState) for line in page.splitlines())
        yield csv_rows(items).encode()
