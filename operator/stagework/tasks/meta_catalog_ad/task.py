"""Fetches the feed from a web server or a bucket, and makes runs of its products."""

from typing import Final
from urllib.parse import urlsplit

from stagework.api.tasks import MetaCatalogAdData
from stagework.tasks.buckets import read_object
from stagework.tasks.entries.fetching import Fetched, fetch
from stagework.tasks.entries.maker import checked_namespace, make_runs
from stagework.tasks.meta_catalog_ad.feeds import FeedError, products
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed

S3: Final = "s3"


async def run(surroundings: Surroundings, data: MetaCatalogAdData) -> Report:
    """One reading."""
    checked_namespace(surroundings, data)
    fetched = await _feed(surroundings, data)
    try:
        found = products(fetched.content, data.format)
    except FeedError as error:
        raise TaskFailed(f"{data.url}: {error}") from error
    changes = tuple(f"/{field}" for field in data.changes)
    done = await make_runs(surroundings, found, data, data.mapping, changes)
    report = done.report(dry=surroundings.dry_run)
    return Report(report.summary, {"products": len(found), **report.document})


async def _feed(surroundings: Surroundings, data: MetaCatalogAdData) -> Fetched:
    parts = urlsplit(data.url)
    if parts.scheme == S3:
        return Fetched(
            await read_object(surroundings, parts.netloc, parts.path.lstrip("/"), data.maxBytes)
        )
    fetched = await fetch(surroundings, data.url, data.maxBytes)
    if fetched is None:
        raise TaskFailed(f"{data.url}: the server says that nothing has changed, and was not asked")
    return fetched
