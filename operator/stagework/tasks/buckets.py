"""The bucket of a task: named by the values, its keys in files of a Secret mounted there alone."""

from stagework.artifacts.errors import StoreError
from stagework.artifacts.s3 import ObjectStore, connect
from stagework.artifacts.store import Store
from stagework.tasks.surroundings import Surroundings, TaskFailed


def bucket(surroundings: Surroundings, max_bytes: int) -> Store:
    """Raises TaskFailed where the values name none."""
    settings = surroundings.settings.tasks.s3.get(surroundings.task)
    if settings is None:
        raise TaskFailed(f"no bucket: set tasks.{surroundings.task}.s3 of the chart's values")
    try:
        return ObjectStore(connect(settings), max_file_bytes=max_bytes)
    except OSError as error:
        raise TaskFailed(f"the keys of the bucket: {error}") from error


async def read_object(surroundings: Surroundings, name: str, key: str, max_bytes: int) -> bytes:
    """One object, whole; raises TaskFailed."""
    settings = surroundings.settings.tasks.s3.get(surroundings.task)
    store = bucket(surroundings, max_bytes)
    if settings is not None and settings.bucket != name:
        raise TaskFailed(f"bucket {name!r} is not the one of the values, {settings.bucket!r}")
    try:
        content = await _content(store, key, max_bytes)
    except StoreError as error:
        raise TaskFailed(f"bucket {name!r}: {error}") from error
    if content is None:
        raise TaskFailed(f"bucket {name!r}: {key} has more than {max_bytes} bytes")
    return content


async def _content(store: Store, key: str, max_bytes: int) -> bytes | None:
    opened = await store.open(key)
    if opened.size > max_bytes:
        return None
    return b"".join([chunk async for chunk in opened.chunks])
