"""A stage in an image with stagekit and nothing else: checks each picture of a batch.

A PNG whose chunks are whole is done, and leaves its size; one that is not is refused. Contents that
are a word do what the word says: `FAIL` fails the item, `SKIP` skips it, `DIE` ends the whole Pod
as a kill for memory would, once a heartbeat has named the item.
"""

import os
import struct
import sys
import time
import zlib
from pathlib import Path

import stagekit

PAUSE = float(globals().get("PAUSE", 0.0))
"""Seconds of work on each item; written before this script by whoever makes the stage."""
JOURNAL = str(globals().get("JOURNAL", ""))
"""File to which each item that is looked at adds a line with its id; likewise; empty: none."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KILLED = 137
HEARD_SECONDS = 3.0
"""Longer than stagekit waits between two heartbeats."""


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG all of whose chunks are there; raises Refused."""
    if not content:
        raise stagekit.Refused("EmptyPicture", "the picture is empty (0 bytes)")
    if not content.startswith(SIGNATURE):
        raise stagekit.Refused("NotAPicture", "give a PNG")
    size, place, kind = (0, 0), len(SIGNATURE), b""
    while kind != b"IEND":
        head = content[place : place + 8]
        if len(head) < 8:
            raise stagekit.Refused("TruncatedPicture", "upload the whole file")
        length, kind = struct.unpack(">I4s", head)
        body = content[place + 8 : place + 8 + length]
        check = content[place + 8 + length : place + 12 + length]
        if check != struct.pack(">I", zlib.crc32(kind + body)):
            raise stagekit.Refused("TruncatedPicture", "upload the whole file")
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        place += 12 + length
    return size


def judge(item: stagekit.BatchItem) -> None:
    """One picture; what is left lies in its own folder."""
    if JOURNAL:
        with Path(JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(f"{item.id}\n")
    content = item.file().read_bytes() if item.uri else b"SKIP"
    time.sleep(PAUSE)
    if content == b"DIE":
        time.sleep(HEARD_SECONDS)
        os._exit(KILLED)
    if content == b"FAIL":
        raise ValueError("so it was asked")
    if content == b"SKIP":
        raise stagekit.Skip("AskedFor", "so it was asked")
    width, height = size_of(content)
    (item.outputs / "size.txt").write_text(f"{width}x{height}\n")


def run(ctx: stagekit.Context) -> None:
    """All pictures of the batch that the run works on, or its one input."""
    for item in ctx.batch_items():
        with item:
            judge(item.value)
    if not ctx.has_batch_items:
        source = ctx.inputs.source()
        size_of(source.read_bytes() if source is not None else b"")


if __name__ == "__main__":
    sys.exit(stagekit.main({os.environ["STAGEWORK_STAGE"]: run}, ["item_script"]))
