"""Runs of rows in the cluster: made under the row's name, found again by the row's key."""

from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from pydantic import ValidationError

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus
from stagework.api.resources import ObjectRef
from stagework.children.row_run import row_manifest
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import (
    AlreadyExists,
    ApiError,
    Forbidden,
    Invalid,
    NotFound,
    ServerError,
)
from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener.rows import Postponed, Reservation
from stagework.policies.row_mapping import RowRun

QUOTA_SECONDS: Final = 15.0
"""Until a run that is over a quota is tried again."""
DENIED_SECONDS: Final = 60.0
"""Likewise one for which a right or the namespace is missing."""
FAULT_SECONDS: Final = 10.0
"""Likewise one on which the server failed: others may go through."""


@dataclass(frozen=True, slots=True)
class Made:
    """The run is there."""

    uid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """There will be none as the row is."""

    cause: str


class Runs:
    """As the listener's own account."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def make(self, wanted: Reservation, run: RowRun) -> Made | Refused | Postponed:
        """Make the run of a row, or find it; raises ApiError where no server answers."""
        path = paths.collection(PIPELINEJOB.resource, wanted.namespace)
        manifest = row_manifest(run, wanted.namespace, wanted.key)
        try:
            return Made(_uid(await self._api.create(path, orjson.dumps(manifest))))
        except AlreadyExists:
            return await self.adopt(wanted) or Postponed("its run has gone just now", 0)
        except Invalid as error:
            return Refused(f"the API server refuses its run: {sentence(error.message)}")
        except NotFound:
            cause = f"there is no namespace {wanted.namespace}: make it, or correct the map"
            return Postponed(cause, DENIED_SECONDS, frees=True)
        except Forbidden as error:
            cause = f"its run may not be made: {sentence(error.message)}"
            if error.over_quota:
                return Postponed(cause, QUOTA_SECONDS)
            # Where the place was there before this pass, an earlier try may have made the run.
            return Postponed(cause, DENIED_SECONDS, frees=not wanted.row.key)
        except ServerError as error:
            # Perhaps it was made: the next try finds it.
            return Postponed(f"the API server failed: {sentence(error.message)}", FAULT_SECONDS)

    async def adopt(self, wanted: Reservation) -> Made | Refused | Postponed | None:
        """The run that stands under the row's name; None: there is none. Raises ApiError."""
        try:
            body = await self._api.get(_path(wanted.namespace, wanted.row.id))
        except NotFound:
            return None
        except Forbidden as error:
            cause = f"whether it has a run may not be read: {sentence(error.message)}"
            return Postponed(cause, DENIED_SECONDS)
        if _key(body) == wanted.key:
            return Made(_uid(body))
        return Refused(
            f"{PIPELINEJOB.kind} {wanted.row.id} in namespace {wanted.namespace} was not made of "
            "this row: delete it, or insert the row under another id; then set status to "
            '"queued"'
        )

    async def find(self, namespace: str, name: str, uid: str) -> PipelineJob | None:
        """A run as it is now; None: it is gone. Raises ApiError."""
        try:
            known = from_bytes(await self._api.get(_path(namespace, name)))
        except NotFound:
            return None
        return run_of(known) if known.metadata.uid == uid else None


def run_of(known: OwnObject) -> PipelineJob:
    """With its status; raises ApiError where that is of no version that we know."""
    try:
        status = PipelineJobStatus.model_validate_json(bytes(known.status))
    except ValidationError as error:
        raise ApiError(f"{known.metadata.name} has a status of another version") from error
    return PipelineJob.model_construct(
        metadata=known.checked_metadata(), spec=PipelineJobSpec(), status=status
    )


def _path(namespace: str, name: str) -> str:
    return paths.object_path(ObjectRef(PIPELINEJOB.resource, namespace, name))


def _uid(body: bytes) -> str:
    return from_bytes(body).metadata.uid


def _key(body: bytes) -> str:
    metadata: dict[str, Any] = orjson.loads(body)["metadata"]
    annotations = cast("dict[str, str]", metadata.get("annotations") or {})
    return annotations.get(names.ANNOTATION_ROW_KEY, "")
