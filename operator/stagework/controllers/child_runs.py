"""The runs that an object of ours has made: which changes concern it, and which say they are its.

That is no proof, and a plan takes none for its own but those whose uid is on record, or told by the
answer to a create of ours.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from stagework.api.kinds import PIPELINEJOB, Kind
from stagework.api.observed import OwnerReference
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_OWNER, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key, Trigger
from stagework.controllers.decoding import has_ended

RUNS: Final = objects_of(PIPELINEJOB)
"""All runs in the cache."""


def runs_of(cache: Cache, maker: ObjectRef) -> Iterator[OwnObject]:
    """Those that say that this very object controls them."""
    for run in cache.indexed(RUNS, maker.namespace, BY_OWNER, maker.uid):
        owner = run.controller
        if run.metadata.namespace == maker.namespace and owner is not None and owner.names(maker):
            yield run


def of_its_runs(maker: Kind) -> Trigger[OwnObject]:
    """For an object of that kind: its runs, as they come, end, are deleted, and go."""
    return Trigger(RUNS, partial(maker_of, maker))


def maker_of(maker: Kind, change: Change[OwnObject]) -> Iterable[Key]:
    """The object of that kind which a change of a run concerns, as the run says."""
    known = change.object
    key = key_of_maker(maker, known.metadata.namespace, known.controller)
    if key is None:
        return ()
    old, new = change.old, change.new
    if old is not None and new is not None:
        leaving = old.metadata.deletionTimestamp != new.metadata.deletionTimestamp
        if has_ended(old) == has_ended(new) and not leaving:
            return ()
    return (key,)


def key_of_maker(maker: Kind, namespace: str, owner: OwnerReference | None) -> Key | None:
    """The object of that kind that is said to control something; None: none is."""
    if owner is None or (owner.api_version, owner.kind) != (maker.resource.api_version, maker.kind):
        return None
    return Key(maker.kind, namespace, owner.name)
