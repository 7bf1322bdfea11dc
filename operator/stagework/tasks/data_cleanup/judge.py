"""Which of these objects go, and why another one stays though it is old: no clock, no request.

1. What has not ended stays; so does what is going already.
2. What has an owner is its owner's, and what has a time to live of its own is the operator's.
3. What is not old enough stays; a failure stays longer, for somebody may retry it.
4. What a run or a Batch that has not ended works on stays: its input, or its items, name it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from stagework.api.names import SUCCEEDED
from stagework.api.observed import ObjectCondition, OwnerReference
from stagework.api.tasks import DataCleanupData

ARTIFACT = "artifact://"
_Named = tuple[str, str, str]
"""A run, by `uid` or by `name`: which of both, its namespace, and that."""


class _Base(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Meta(_Base, frozen=True):
    """Of an object."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    deletion_timestamp: str | None = None
    owner_references: tuple[OwnerReference, ...] = ()


class InputView(_Base, frozen=True):
    """What a run works on."""

    uri: str = ""


class StageOutputView(_Base, frozen=True):
    """A file of a run's stage."""

    pipeline_job: str = ""
    """The run's name."""


class ItemsView(_Base, frozen=True):
    """Where the items of a Batch come from; they may be artifacts of that stage themselves."""

    from_: StageOutputView | None = msgspec.field(default=None, name="from")


class SpecView(_Base, frozen=True):
    """As far as a clean-up goes."""

    input: InputView | None = None
    ttl_seconds_after_finished: int | None = None
    items: ItemsView | None = None


class StatusView(_Base, frozen=True):
    """As far as a clean-up goes."""

    conditions: tuple[ObjectCondition, ...] = ()
    completion_time: datetime | None = None


class Finishing(_Base, frozen=True):
    """An object that ends."""

    metadata: Meta
    spec: SpecView = SpecView()
    status: StatusView = StatusView()
    kind: str = ""

    @property
    def succeeded(self) -> bool | None:
        """None: it has not ended."""
        for condition in self.status.conditions:
            if condition.type == SUCCEEDED and condition.status != "Unknown":
                return condition.status == "True"
        return None


@dataclass(frozen=True, slots=True)
class Goes:
    """One object is deleted, for this reason."""

    target: Finishing
    reason: str


@dataclass(frozen=True, slots=True)
class Stays:
    """One object is old enough and stays, for this reason."""

    target: Finishing
    reason: str


def judge(
    objects: Sequence[Finishing],
    data: DataCleanupData,
    now: datetime,
    *,
    batches: Sequence[Finishing] = (),
) -> list[Goes | Stays]:
    """What is old enough: what becomes of it, the oldest first, `limit` at most that go.

    `batches`: those that may work on artifacts of these.
    """
    needed = {**_needed_by_name(batches), **_needed_by_uid(objects)}
    old = sorted(
        ((ended, target) for target in objects if (ended := _past_keep_time(target, data, now))),
        key=lambda pair: (pair[0], pair[1].metadata.uid),
    )
    judged = [_judged(target, ended, needed) for ended, target in old]
    gone = [verdict for verdict in judged if isinstance(verdict, Goes)][: data.limit]
    return [*gone, *(verdict for verdict in judged if isinstance(verdict, Stays))]


def _past_keep_time(target: Finishing, data: DataCleanupData, now: datetime) -> datetime | None:
    """When it ended, of what may go by its age."""
    meta, ended = target.metadata, target.status.completion_time
    succeeded = target.succeeded
    if succeeded is None or ended is None or meta.deletion_timestamp is not None:
        return None
    if meta.owner_references or target.spec.ttl_seconds_after_finished is not None:
        return None
    keep = data.keepFinishedSeconds if succeeded else data.keepFailedSeconds
    return ended if ended + timedelta(seconds=keep) <= now else None


def _judged(target: Finishing, ended: datetime, needed: dict[_Named, str]) -> Goes | Stays:
    meta = target.metadata
    by_uid, by_name = _by_uid(meta.namespace, meta.uid), _by_name(meta.namespace, meta.name)
    user = needed.get(by_uid) or needed.get(by_name)
    if user is not None:
        return Stays(target, f"{user} works on its artifacts")
    how = "well" if target.succeeded else "with a failure"
    return Goes(target, f"ended {how} at {ended:%Y-%m-%d %H:%M} UTC")


def _by_uid(namespace: str, uid: str) -> _Named:
    return ("uid", namespace, uid)


def _by_name(namespace: str, name: str) -> _Named:
    return ("name", namespace, name)


def _needed_by_name(batches: Iterable[Finishing]) -> dict[_Named, str]:
    """Runs from whose stages a Batch has its items, and that Batch: frozen, the list stays, but
    its items may be files of that stage.
    """
    return {
        _by_name(batch.metadata.namespace, batch.spec.items.from_.pipeline_job): (
            f"Batch {batch.metadata.name}"
        )
        for batch in batches
        if batch.succeeded is None
        and batch.spec.items is not None
        and batch.spec.items.from_ is not None
    }


def _needed_by_uid(objects: Iterable[Finishing]) -> dict[_Named, str]:
    """Runs whose artifacts another one works on, and that one's name."""
    return {
        _by_uid(*_parts(target.spec.input.uri)): target.metadata.name
        for target in objects
        if target.succeeded is None
        and target.spec.input is not None
        and target.spec.input.uri.startswith(ARTIFACT)
    }


def _parts(uri: str) -> tuple[str, str]:
    """Namespace and uid of the run whose artifact that is."""
    namespace, _, path = uri.removeprefix(ARTIFACT).partition("/")
    return namespace, path.partition("/")[0]
