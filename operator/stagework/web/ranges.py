"""Part of a file, and no more than its head: what a download that was cut off goes on with.

One range is answered (RFC 9110); several, or one in other units, are as if none were asked for.
"""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response

from stagework.artifacts.store import OpenFile, Store
from stagework.web import bodies
from stagework.web.errors import ProblemError

_ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def stored_file(request: Request, store: Store, key: str) -> Response:
    """A stored file as was asked: whole, a part of it, or what there is to say of it."""
    file = await store.open(key)
    part = asked_part(request, file)
    if part is None:
        answer = bodies.stored_file_response(file)
    else:
        opened = await store.open(key, part.start)
        chunks = _first(opened.chunks, len(part))
        answer = bodies.file_response(chunks, len(part), sha256=file.sha256)
        answer.status_code = HTTPStatus.PARTIAL_CONTENT
        answer.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    answer.headers["Accept-Ranges"] = "bytes"
    if request.method == "HEAD":
        return Response(status_code=answer.status_code, headers=dict(answer.headers))
    return answer


def asked_part(request: Request, file: OpenFile) -> range | None:
    """The bytes that were asked for; None: all. Raises ProblemError (416) where there are none."""
    found = _ONE_RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    condition = request.headers.get("If-Range", "")
    if found is None or found[0] == "bytes=-" or (condition and condition != f'"{file.sha256}"'):
        return None
    first, last = found[1], found[2]
    if not first:
        part = range(max(0, file.size - int(last)), file.size)
    else:
        part = range(int(first), min(int(last) + 1 if last else file.size, file.size))
    if not part:
        raise ProblemError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the file has {file.size} bytes",
            "ask for some of those",
            {"Content-Range": f"bytes */{file.size}"},
        )
    return part


async def _first(chunks: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    left = count
    async for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
