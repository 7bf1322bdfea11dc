"""Perform what a plan asks for, one action at a time, on behalf of one object of ours.

Every write can be repeated: names are deterministic, patches and deletions carry the uid or the
resourceVersion that was decided upon. The answers go into the cache at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from stagework.api.base import Observed
from stagework.api.observed import JobView
from stagework.api.resources import ObjectRef
from stagework.cluster import adoption, patches
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    NotFound,
)
from stagework.cluster.client.kubeapi import MERGE_PATCH, STRATEGIC_MERGE_PATCH, KubeApi
from stagework.cluster.refused import Outdated, Refused, refusal_from
from stagework.plans.plan import Action, Answer, Create, Delete, DryRun, Refusal, Ungate

_controlled = msgspec.json.Decoder(JobView)


@dataclass(frozen=True, slots=True)
class MadeChild:
    """A child that exists now, as the answer to our request told."""

    uid: str
    adopted: bool
    """It was there already: nobody will hear of it."""


class Applier:
    """Performs actions and writes statuses."""

    def __init__(self, api: KubeApi, cache: Cache) -> None:
        self._api = api
        self._cache = cache

    async def perform(self, owner: ObjectRef, action: Action) -> MadeChild | None:
        """Perform one action; `owner`: the object that it was decided for, its uid empty where
        it does not exist.

        Answers a child that was made or adopted, where the cache holds such. Raises Refused where
        it was not done, NamespaceTerminating where no action can be any more.
        """
        try:
            return await self._perform(owner, action)
        except NamespaceTerminating:
            raise
        except (ApiError, Outdated) as error:
            raise Refused(refusal_from(error, action)) from error

    async def _perform(self, owner: ObjectRef, action: Action) -> MadeChild | None:
        match action:
            case Create():
                return await self._create(owner, action)
            case DryRun():
                return await self._create(owner, action.create, adoption.DRY_RUN)
            case Ungate():
                body = patches.ungate_patch(action)
                await self._patch(owner, action.pod, body, STRATEGIC_MERGE_PATCH)
            case Answer():
                await self._answer(owner, action)
            case Delete():
                await self._delete(action)
        return None

    async def write_status(self, target: ObjectRef, status: Observed) -> OwnObject:
        """One merge patch on /status, with the resourceVersion that the decision was made on.

        Answers the object as it is stored then; raises ApiError or Outdated.
        """
        body = patches.status_patch(target, status)
        stored = await self._patch(target, target, body, MERGE_PATCH, "status")
        if not isinstance(stored, OwnObject):
            raise TypeError(f"{target.resource.plural} are not in the cache")
        return stored

    async def read(self, target: ObjectRef) -> OwnObject | None:
        """An object of ours as the API server has it; None where that very one is gone."""
        try:
            known = from_bytes(await self._api.get(paths.object_path(target)))
        except NotFound:
            return None
        return known if known.metadata.uid == target.uid else None

    async def _create(
        self, owner: ObjectRef, action: Create, query: Mapping[str, str] | None = None
    ) -> MadeChild | None:
        if action.adopt_only:
            return await self._adopt(owner, action)
        path = paths.collection(action.resource, owner.namespace)
        try:
            answer = await self._api.create(path, orjson.dumps(action.manifest), query)
        except AlreadyExists:
            return await self._adopt(owner, action) if action.purpose is not None else None
        except Forbidden as error:
            over_quota = error.over_quota and action.purpose is not None
            if over_quota and await self._exists(owner, action):
                return await self._adopt(owner, action)  # the quota is judged before the name
            raise
        return None if query else self._recorded(action, owner.namespace, answer, owner)

    async def _adopt(self, owner: ObjectRef, action: Create) -> MadeChild | None:
        """An object of that name was made by us before a restart, if we control it and all of it
        is as we would have made it. Anybody else's is left alone.
        """
        kind = action.resource.kind
        target = ObjectRef(action.resource, owner.namespace, action.name)
        try:
            answer = await self._api.get(paths.object_path(target))
        except NotFound as error:
            raise Outdated(f"{kind} {action.name} has just gone") from error
        meta = _controlled.decode(answer).metadata
        if not meta.controlled_by(owner):
            raise Refused(_in_the_way(target, "was not made by the operator"))
        if meta.leaving:
            raise Outdated(f"{kind} {action.name} is being deleted")
        if not await self._is_as_ours(owner, action, answer):
            raise Refused(_in_the_way(target, "is not as the operator makes it"))
        if not adoption.has_labels(meta.labels, action):
            raise Refused(_in_the_way(target, "has lost labels that the operator gives"))
        # What has become of it meanwhile is news to everybody.
        return self._recorded(action, owner.namespace, answer, None)

    async def _exists(self, owner: ObjectRef, action: Create) -> bool:
        try:
            target = ObjectRef(action.resource, owner.namespace, action.name)
            await self._api.get(paths.object_path(target))
        except NotFound:
            return False
        return True

    async def _is_as_ours(self, owner: ObjectRef, action: Create, stored: bytes) -> bool:
        """Where ours may not be made for comparison (quota, webhooks), it counts as another's."""
        path = paths.collection(action.resource, owner.namespace)
        try:
            tried = await self._api.create(path, adoption.dry_run(action), adoption.DRY_RUN)
        except NamespaceTerminating:
            raise
        except (Invalid, Forbidden):
            return False
        return adoption.is_same(stored, tried)

    def _recorded(
        self, action: Create, namespace: str, answer: bytes, author: ObjectRef | None
    ) -> MadeChild | None:
        known: Any = self._cache.record(action.resource, namespace, answer, author)
        return None if known is None else MadeChild(known.metadata.uid, adopted=author is None)

    async def _answer(self, owner: ObjectRef, action: Answer) -> None:
        """One that has gone needs no answer."""
        target = action.intervention
        try:
            if action.adopt and owner.uid:
                await self._send(owner, target, patches.owner_patch(target, owner), MERGE_PATCH)
            await self._send(owner, target, patches.answer_patch(action), MERGE_PATCH, "status")
        except NotFound:
            return

    async def _delete(self, action: Delete) -> None:
        try:
            path = paths.object_path(action.target)
            await self._api.delete(path, patches.delete_options(action))
        except (NotFound, Conflict):
            return  # gone, or another object by now

    async def _patch(
        self, author: ObjectRef, target: ObjectRef, body: bytes, content_type: str, sub: str = ""
    ) -> object:
        try:
            return await self._send(author, target, body, content_type, sub)
        except (NotFound, Conflict) as error:
            raise Outdated(error.message) from error

    async def _send(
        self, author: ObjectRef, target: ObjectRef, body: bytes, content_type: str, sub: str = ""
    ) -> object:
        answer = await self._api.patch(paths.object_path(target, sub), body, content_type)
        return self._cache.record(target.resource, target.namespace, answer, author)


def _in_the_way(target: ObjectRef, why: str) -> Refusal:
    """Somebody else's object has the name: which one it is, and what to type."""
    kind, name = target.resource.kind, target.name
    typed = f"kubectl delete {kind.lower()} {name} -n {target.namespace}"
    message = f"{kind} {name} is in the way and {why}; if nobody needs it: {typed}"
    return Refusal("NameTaken", message)
