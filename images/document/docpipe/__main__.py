"""`python -m docpipe STAGE` runs one stage; without an argument the one that the Pod names.

`python -m docpipe search INDEX QUERY` asks an index that the stage `fulltext` left.
"""

from __future__ import annotations

import sys
from pathlib import Path

import stagekit
from docpipe.stages import (
    chunk,
    classify,
    deep_summary,
    embed,
    extract,
    fulltext,
    markdown,
    preview,
    stt,
    summarize,
    thumbnail,
)
from docpipe.text import search_index
from stagekit.search_index import NotAnIndex

STAGES = {
    module.STAGE: stagekit.per_item(module.run)
    for module in (
        extract,
        stt,
        preview,
        thumbnail,
        markdown,
        chunk,
        fulltext,
        embed,
        classify,
        summarize,
        deep_summary,
    )
}
"""The eleven stages, in an order in which each comes after those it needs.

Each goes through the items of a batch where there are any.
"""


def search(arguments: list[str]) -> int:
    """Prints the chunks that have most words of a query; 1 where there are none."""
    if len(arguments) < 2:
        sys.stderr.write("usage: python -m docpipe search INDEX QUERY...\n")
        return 2
    try:
        hits = search_index.search(Path(arguments[0]), " ".join(arguments[1:]))
    except NotAnIndex as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for hit in hits:
        pages = ", ".join(map(str, hit.pages))
        print(f"{hit.id}  page {pages}  {hit.section}\n    {' '.join(hit.extract.split())}")  # noqa: T201
    if not hits:
        sys.stderr.write("nothing was found: no part has most of these words\n")
    return 0 if hits else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["search"]:
        sys.exit(search(sys.argv[2:]))
    sys.exit(stagekit.main(STAGES))
