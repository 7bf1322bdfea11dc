"""A document from outside, whole and bounded, fetched as `https` inputs are."""

from dataclasses import dataclass

import aiohttp

from stagework.tasks.surroundings import Surroundings, TaskFailed
from stagework.web.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, and the ETag that its server gave it."""

    content: bytes
    etag: str = ""


async def fetch(
    surroundings: Surroundings, url: str, max_bytes: int, etag: str = ""
) -> Fetched | None:
    """None: nothing has changed. Raises TaskFailed."""
    source = surroundings.https(max_bytes)
    try:
        download = await source.fetch_changed(url, etag)
        if download is None:
            return None
        content = b"".join([chunk async for chunk in download.chunks])
    except ProblemError as error:
        raise TaskFailed(f"{url}: {error.error.replace('the input', 'the document')}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise TaskFailed(f"{url}: {error or type(error).__name__}") from error
    finally:
        await source.close()
    return Fetched(content, download.etag)
