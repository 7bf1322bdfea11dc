"""Which artifacts may go? A pure decision of what is there, what names it, and the time."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from stagework.batches.layout import BatchFolder
from stagework.web.artifact_path import UPLOADS
from stagework.web.cluster import Run


@dataclass(frozen=True)
class RunArtifacts:
    """Artifacts of one run (`gone_since` in seconds since 1970; None: not noted as gone)."""

    namespace: str
    run_uid: str
    gone_since: float | None


@dataclass(frozen=True)
class BatchBooks:
    """The books of one batch."""

    namespace: str
    uid: str
    gone_since: float | None

    @property
    def prefix(self) -> str:
        """Where they lie."""
        return str(BatchFolder(self.namespace, self.uid))


@dataclass(frozen=True)
class NamedByBatches:
    """What the books of batches name."""

    uploads: frozenset[str] = frozenset()
    """Digests."""
    children: frozenset[str] = frozenset()
    """Uids of runs."""
    namespaces: frozenset[str] = frozenset()
    """Where a Batch is new and its list not frozen: it may name any upload there."""


@dataclass(frozen=True)
class Upload:
    """Files that people uploaded, all with the same digest."""

    namespace: str
    sha256: str
    newest: float


@dataclass(frozen=True)
class Note:
    """Write down (or, with None, take back) since when a run is gone."""

    prefix: str
    gone_since: float | None


@dataclass(frozen=True)
class Delete:
    """Delete everything below the prefix."""

    prefix: str


def decide(
    kept: Iterable[RunArtifacts],
    uploaded: Iterable[Upload],
    runs: Iterable[Run],
    *,
    models: Iterable[str] = (),
    named_by_batches: NamedByBatches = NamedByBatches(),
    now: float,
    keep_seconds: float,
) -> list[Note | Delete]:
    """What to do, from what is there; `runs` must have been listed after `kept`.

    `models`: addresses that Pipelines name.
    """
    existing = list(runs)
    run_uids = {(run.namespace, run.uid) for run in existing}
    addresses = {*models, *(uri for run in existing for uri in (run.input_uri, *run.models))}
    named = {uri.rpartition("/")[0] for uri in addresses}
    needed = {_prefix_of(run.input_uri) for run in existing}
    actions: list[Note | Delete] = []
    for of_run in kept:
        there = (of_run.namespace, of_run.run_uid) in run_uids
        since, prefix = of_run.gone_since, f"{of_run.namespace}/{of_run.run_uid}"
        is_needed = prefix in needed or of_run.run_uid in named_by_batches.children
        seconds = float("inf") if is_needed else keep_seconds
        actions += _of_gone(prefix, there=there, since=since, now=now, keep_seconds=seconds)
    for upload in uploaded:
        prefix = f"{upload.namespace}/{UPLOADS}/{upload.sha256}"
        is_named = (
            f"artifact://{prefix}" in named
            or upload.sha256 in named_by_batches.uploads
            or upload.namespace in named_by_batches.namespaces
        )
        if now - upload.newest >= keep_seconds and not is_named:
            actions.append(Delete(prefix))
    return actions


def _prefix_of(uri: str) -> str:
    """Namespace and run of an artifact's address."""
    return "/".join(uri.removeprefix("artifact://").split("/")[:2])


def decide_books(
    books: Iterable[BatchBooks],
    living: Collection[tuple[str, str]],
    *,
    now: float,
    keep_seconds: float,
) -> list[Note | Delete]:
    """The same for the books of batches; `living`: namespaces and uids of those that are there."""
    actions: list[Note | Delete] = []
    for of_batch in books:
        there = (of_batch.namespace, of_batch.uid) in living
        since, prefix = of_batch.gone_since, of_batch.prefix
        actions += _of_gone(prefix, there=there, since=since, now=now, keep_seconds=keep_seconds)
    return actions


def _of_gone(
    prefix: str, *, there: bool, since: float | None, now: float, keep_seconds: float
) -> Iterator[Note | Delete]:
    if there:
        if since is not None:
            yield Note(prefix, None)
    elif since is None:
        yield Note(prefix, now)
    elif now - since >= keep_seconds:
        yield Delete(prefix)


def seconds_of(text: str | None) -> float | None:
    """Since when it is gone, as a note has it."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
