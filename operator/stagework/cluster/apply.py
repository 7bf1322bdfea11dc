"""Perform what a plan asks for, one action at a time, on behalf of one object of ours.

Every write can be repeated: names are deterministic, patches and deletions carry the uid or the
resourceVersion that was decided upon. The answers go into the cache at once.
"""

import msgspec
import orjson

from stagework.api.base import Observed
from stagework.api.observed import JobView
from stagework.api.resources import ObjectRef
from stagework.cluster import patches
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from stagework.cluster.client.kubeapi import MERGE_PATCH, STRATEGIC_MERGE_PATCH, KubeApi
from stagework.plans.plan import Action, Answer, Create, Delete, Purpose, Refusal, Ungate

_controlled = msgspec.json.Decoder(JobView)


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The API server would not create a child."""

    def __init__(self, purpose: Purpose, refusal: Refusal) -> None:
        super().__init__(f"{purpose.name}: {refusal.message}")
        self.purpose = purpose
        self.refusal = refusal


class Outdated(Exception):  # noqa: N818 - the usual end of a race, planned again
    """What was decided upon has changed meanwhile."""


class Applier:
    """Performs actions and writes statuses; raises ApiError, Refused or Outdated."""

    def __init__(self, api: KubeApi, cache: Cache) -> None:
        self._api = api
        self._cache = cache

    async def perform(self, owner: ObjectRef, action: Action) -> None:
        """Perform one action; `owner`: the object that it was decided for, its uid empty where
        it does not exist.
        """
        match action:
            case Create():
                await self._create(owner, action)
            case Ungate():
                body = patches.ungate_patch(action)
                await self._patch(owner, action.pod, body, STRATEGIC_MERGE_PATCH)
            case Answer():
                await self._answer(owner, action)
            case Delete(target):
                await self._delete(target)

    async def write_status(self, target: ObjectRef, status: Observed) -> OwnObject:
        """One merge patch on /status, with the resourceVersion that the decision was made on.

        Answers the object as it is stored then.
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

    async def _create(self, owner: ObjectRef, action: Create) -> None:
        path = paths.collection(action.resource, owner.namespace)
        purpose = action.purpose
        try:
            answer = await self._api.create(path, orjson.dumps(action.manifest))
        except AlreadyExists:
            if purpose is not None:
                await self._adopt(owner, action, purpose)
            return
        except Invalid as error:
            if purpose is None:
                raise
            raise Refused(purpose, Refusal("Invalid", error.message)) from error
        except Forbidden as error:
            if purpose is None or not error.over_quota:
                raise
            raise Refused(purpose, Refusal("OverQuota", error.message)) from error
        self._cache.record(action.resource, owner.namespace, answer, owner)

    async def _adopt(self, owner: ObjectRef, action: Create, purpose: Purpose) -> None:
        """An object of that name is ours if we control it: then it was made before a restart."""
        kind = action.resource.kind
        target = ObjectRef(action.resource, owner.namespace, action.name)
        try:
            answer = await self._api.get(paths.object_path(target))
        except NotFound as error:
            raise Outdated(f"{kind} {action.name} has just gone") from error
        meta = _controlled.decode(answer).metadata
        if meta.controller_uid != owner.uid:
            message = f"a {kind} named {action.name} exists and belongs to somebody else; delete it"
            raise Refused(purpose, Refusal("NameTaken", message))
        if meta.deletion_timestamp is not None:
            raise Outdated(f"{kind} {action.name} is being deleted")
        # What has become of it meanwhile is news to everybody.
        self._cache.record(action.resource, owner.namespace, answer, None)

    async def _answer(self, owner: ObjectRef, action: Answer) -> None:
        """One that has gone needs no answer."""
        target = action.intervention
        try:
            if action.adopt and owner.uid:
                await self._send(owner, target, patches.owner_patch(target, owner), MERGE_PATCH)
            await self._send(owner, target, patches.answer_patch(action), MERGE_PATCH, "status")
        except NotFound:
            return

    async def _delete(self, target: ObjectRef) -> None:
        try:
            await self._api.delete(paths.object_path(target), patches.delete_options(target))
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
