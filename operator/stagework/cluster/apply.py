"""Perform a plan: actions first, then one status patch, then what presupposes it, then events.

Every write can be repeated: names are deterministic, patches and deletions carry the uid or the
resourceVersion that was decided upon. What fails leaves the rest undone; the run is planned again
from what is there.
"""

import json
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
import orjson
from pydantic import BaseModel

from stagework.api import names
from stagework.api.observed import JobView, PodView
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.cluster.client import paths
from stagework.cluster.client.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from stagework.cluster.client.kubeapi import MERGE_PATCH, STRATEGIC_MERGE_PATCH, KubeApi
from stagework.cluster.cache.cache import INTERVENTIONS, PIPELINEJOBS, Observer
from stagework.cluster.cache.own_objects import OwnView, from_bytes
from stagework.plans.plan import (
    Action,
    AnswerIntervention,
    CreateJob,
    CreateRevision,
    DeleteIntervention,
    DeleteJob,
    DeletePod,
    DeleteRun,
    LiftGate,
)
from stagework.plans.snapshot import Refused

JSON_OPTIONS: Final = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z
"""Times in UTC, whole seconds, as `metav1.Time` is written."""

_job = msgspec.json.Decoder(JobView)
_pod = msgspec.json.Decoder(PodView)


class StageRefused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The API server would not take a stage's Job."""

    def __init__(self, action: CreateJob, refused: Refused) -> None:
        super().__init__(f"{action.stage}: {refused.message}")
        self.stage = action.stage
        self.attempt = action.attempt
        self.refused = refused


class Outdated(Exception):  # noqa: N818 - the usual end of a race, planned again
    """What was decided upon has changed meanwhile."""


class Applier:
    """Performs actions and writes statuses; raises ApiError, StageRefused or Outdated."""

    def __init__(self, api: KubeApi, observer: Observer) -> None:
        self._api = api
        self._observer = observer

    async def perform(self, run: PipelineJob, action: Action) -> None:
        """Perform one action on behalf of a run."""
        match action:
            case CreateJob():
                await self._create_job(run, action)
            case LiftGate():
                await self._lift(run, action)
            case CreateRevision():
                await self._create_revision(run, action)
            case AnswerIntervention():
                await self._answer(run.metadata.namespace, run, action)
            case _:
                await self._delete(run, action)

    async def write_status(self, run: PipelineJob, status: PipelineJobStatus) -> OwnView:
        """One merge patch on /status, with the resourceVersion that the decision was made on.

        Answers the run as it is stored then.
        """
        meta = run.metadata
        body = {
            "metadata": {"resourceVersion": meta.resourceVersion, "uid": meta.uid},
            "status": status_document(status),
        }
        path = paths.ours(PIPELINEJOBS, meta.namespace, meta.name, "status")
        answer = await self._outdated_if_gone(
            lambda: self._api.patch(path, orjson.dumps(body, option=JSON_OPTIONS), MERGE_PATCH)
        )
        stored = from_bytes(answer)
        self._observer.wrote_own(PIPELINEJOBS, stored)
        return stored

    async def load(self, view: OwnView) -> OwnView | None:
        """A run that was let go of, read again; None where it is gone."""
        meta = view.metadata
        try:
            answer = await self._api.get(paths.ours(PIPELINEJOBS, meta.namespace, meta.name))
        except NotFound:
            return None
        found = from_bytes(answer)
        if found.metadata.uid != meta.uid:
            return None
        self._observer.loaded(found)
        return found

    async def answer_for_nobody(self, namespace: str, action: AnswerIntervention) -> None:
        """Answer an Intervention whose target does not exist."""
        await self._answer(namespace, None, action)

    async def _create_job(self, run: PipelineJob, action: CreateJob) -> None:
        namespace = run.metadata.namespace
        try:
            answer = await self._api.create(paths.jobs(namespace), orjson.dumps(action.manifest))
        except AlreadyExists:
            self._observer.found_job(_job.decode(await self._adopt(run, action)))
            return
        except Invalid as error:
            raise StageRefused(
                action, Refused(names.JOB_REFUSED, error.message, final=True)
            ) from error
        except Forbidden as error:
            if not error.over_quota:
                raise
            raise StageRefused(
                action, Refused(names.WAIT_QUOTA, error.message, final=False)
            ) from error
        self._observer.wrote_job(_job.decode(answer))

    async def _adopt(self, run: PipelineJob, action: CreateJob) -> bytes:
        """A Job of that name is ours if our run controls it: then it was made before a restart."""
        try:
            answer = await self._api.get(paths.jobs(run.metadata.namespace, action.name))
        except NotFound as error:
            raise Outdated(f"Job {action.name} has just gone") from error
        found = _job.decode(answer)
        if found.metadata.controller_uid != run.metadata.uid:
            message = f"a Job named {action.name} exists and belongs to somebody else; delete it"
            raise StageRefused(action, Refused(names.JOB_CONFLICT, message, final=True))
        if found.metadata.deletion_timestamp is not None:
            raise Outdated(f"Job {action.name} is being deleted")
        return answer

    async def _lift(self, run: PipelineJob, action: LiftGate) -> None:
        body = {
            "metadata": {
                "uid": action.pod_uid,
                "resourceVersion": action.resource_version,
                "annotations": {names.ANNOTATION_INPUTS: action.inputs},
                "labels": {names.LABEL_MACHINE: action.machine},
            },
            "spec": {
                "schedulingGates": [{"$patch": "delete", "name": names.SCHEDULING_GATE}],
                "nodeSelector": action.node_selector,
            },
        }
        path = paths.pods(run.metadata.namespace, action.pod)
        answer = await self._outdated_if_gone(
            lambda: self._api.patch(path, orjson.dumps(body), STRATEGIC_MERGE_PATCH)
        )
        self._observer.wrote_pod(_pod.decode(answer))

    async def _create_revision(self, run: PipelineJob, action: CreateRevision) -> None:
        path = paths.revisions(run.metadata.namespace)
        try:
            await self._api.create(path, orjson.dumps(action.manifest))
        except AlreadyExists:
            return  # the name is the content's digest

    async def _answer(
        self, namespace: str, run: PipelineJob | None, action: AnswerIntervention
    ) -> None:
        if action.adopt and run is not None:
            owner = {
                "apiVersion": names.API_VERSION,
                "kind": "PipelineJob",
                "name": run.metadata.name,
                "uid": run.metadata.uid,
            }
            body = {"metadata": {"uid": action.uid, "ownerReferences": [owner]}}
            path = paths.ours(INTERVENTIONS, namespace, action.name)
            await self._patch_or_gone(path, body)
        status = action.status.model_dump(mode="json", exclude_none=True)
        path = paths.ours(INTERVENTIONS, namespace, action.name, "status")
        await self._patch_or_gone(path, {"metadata": {"uid": action.uid}, "status": status})

    async def _patch_or_gone(self, path: str, body: dict[str, Any]) -> None:
        try:
            answer = await self._api.patch(path, orjson.dumps(body), MERGE_PATCH)
        except NotFound:
            return
        self._observer.wrote_own(INTERVENTIONS, from_bytes(answer))

    async def _delete(self, run: PipelineJob, action: Action) -> None:
        namespace = run.metadata.namespace
        match action:
            case DeletePod(pod, uid):
                path = paths.pods(namespace, pod)
            case DeleteJob(job, uid):
                path = paths.jobs(namespace, job)
            case DeleteRun(uid):
                path = paths.ours(PIPELINEJOBS, namespace, run.metadata.name)
            case DeleteIntervention(name, uid):
                path = paths.ours(INTERVENTIONS, namespace, name)
            case _:
                raise TypeError(f"not a deletion: {action}")
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._api.delete(path, json.dumps(options).encode())
        except (NotFound, Conflict):
            return  # gone, or another object by now

    @staticmethod
    async def _outdated_if_gone(send: Callable[[], Any]) -> bytes:
        try:
            return await send()
        except (NotFound, Conflict) as error:
            raise Outdated(error.message) from error


def status_document(status: PipelineJobStatus) -> dict[str, Any]:
    """The status as it is sent: a merge patch, so top-level fields that are empty are nulled.

    Times are datetimes in UTC; orjson writes them as Kubernetes does (`JSON_OPTIONS`).
    """
    return {key: _lean_value(value) for key, value in status}


def stored_document(status: PipelineJobStatus) -> dict[str, Any]:
    """The status as it lies in the object after that patch: what is empty is not there."""
    return {key: value for key, value in status_document(status).items() if value is not None}


def _lean_value(value: Any) -> Any:
    if not value and type(value) is not int:
        return None
    if isinstance(value, BaseModel):
        return _lean(value)
    if isinstance(value, list):
        return [_lean_value(each) for each in cast("list[object]", value)]
    return value


def _lean(entry: BaseModel) -> dict[str, Any]:
    """Without what says nothing: objects stay small, whatever happens."""
    return {key: _lean_value(value) for key, value in entry.__dict__.items() if value}
