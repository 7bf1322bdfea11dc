"""Who is calling? Answered by the API server, kept for 60 seconds.

In this order:
1. The token is reviewed with our own audience; any other token is nobody's.
2. The operator is known by its ServiceAccount's name.
3. A token bound to a Pod is that Pod's: it must exist with that uid in a watched namespace, not be
   finished, and be controlled by a Job, and that by a PipelineJob, each step by apiVersion, kind,
   name and uid. (One that its Job has left behind has no controller: its manifest names the run.)
   That proves nothing yet, for whoever may create Jobs can write it: the run must be there, and its
   own status must record this Job and this Pod for an attempt of a stage that has not ended
   (`stage_record.py`). Stage and attempt are those of the record. Labels are not read.
4. Everybody else is a person, whose rights are asked for per namespace.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from stagekit.contract import ENV_MODEL, ENV_RUN
from stagework.api.kinds import PIPELINEJOB
from stagework.api.names import ANNOTATION_INPUTS, STAGE_CONTAINER
from stagework.api.observed import ObjectMeta, OwnerReference, PodManifest
from stagework.api.resources import JOBS, ApiResource
from stagework.web.artifact_path import ArtifactPrefix
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.stage_record import recorded_attempt
from stagework.web.cluster import ClusterReader, Run, User
from stagework.web.errors import ProblemError, forbidden

CACHE_SECONDS: Final = 60.0
"""How long an answer about a token or a right is believed."""
REFUSAL_SECONDS: Final = 5.0
"""How long a bad token is remembered, so that a flood of them does not reach the API server."""
EARLY_SECONDS: Final = 1.0
"""How long one that may be recorded in a moment is told to come again without being looked at."""
_TOKEN_MAX: Final = 16_384
_POD_NAME: Final = "authentication.kubernetes.io/pod-name"
_POD_UID: Final = "authentication.kubernetes.io/pod-uid"
_SERVICE_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True)
class StagePod:
    """A stage's Pod: it may write below `prefix` and read what its run has committed."""

    prefix: ArtifactPrefix
    run_name: str
    inputs: str = ""
    """The operator's annotation on committed inputs, as JSON."""
    model_uri: str = ""
    """What the stage's container names as its model, word by word as it stands in its manifest."""


@dataclass(frozen=True)
class Person:
    """Somebody with rights of their own in the cluster."""

    user: User


@dataclass(frozen=True)
class Operator:
    """The operator itself."""

    user: User


Caller = StagePod | Person | Operator
"""Everybody who has been authenticated."""


class Identities:
    """Turns tokens into callers."""

    def __init__(
        self,
        reader: ClusterReader,
        *,
        audience: str,
        operator_name: str,
        namespaces: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._audience = audience
        self._operator_name = operator_name
        self._namespaces = frozenset(namespaces)
        self._callers: ExpiringCache[Caller] = ExpiringCache(clock)
        self._refusals: ExpiringCache[ProblemError] = ExpiringCache(clock)

    async def caller(self, token: str) -> Caller:
        """Who this token belongs to; raises ProblemError (401 or 403)."""
        if not token or len(token) > _TOKEN_MAX:
            raise _unauthorized()
        # Tokens are secrets: what is kept is their digest.
        key = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        known = self._callers.get(key)
        if known is not None:
            return known
        refusal = self._refusals.get(key)
        if refusal is not None:
            raise refusal
        try:
            caller = await self._review(token)
        except ProblemError as problem:
            is_early = problem.status == HTTPStatus.TOO_EARLY
            self._refusals.put(key, problem, EARLY_SECONDS if is_early else REFUSAL_SECONDS)
            raise
        self._callers.put(key, caller, CACHE_SECONDS)
        return caller

    async def _review(self, token: str) -> Caller:
        user = await self._reader.token_review(token, self._audience)
        if user is None:
            raise _unauthorized()
        if user.name == self._operator_name:
            return Operator(user)
        pod_uid = "".join(user.extra.get(_POD_UID, ())[:1])
        if pod_uid and user.name.startswith(_SERVICE_ACCOUNT):
            return await self._stage_pod(user, pod_uid)
        return Person(user)

    async def _stage_pod(self, user: User, pod_uid: str) -> StagePod:
        namespace = user.name.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        if self._namespaces and namespace not in self._namespaces:
            raise forbidden("nothing works in this token's namespace")
        pod_name = "".join(user.extra.get(_POD_NAME, ())[:1])
        pod = await self._reader.get_pod(namespace, pod_name) if namespace and pod_name else None
        if pod is None or pod.metadata.uid != pod_uid:
            raise forbidden("this token's Pod is gone", "only running Pods may use artifacts")
        if pod.finished:
            raise forbidden("this token's Pod has finished", "only running Pods may use artifacts")
        run = await self._claimed_run(namespace, pod)
        recorded = recorded_attempt(run, pod.metadata.controller, pod_uid)
        prefix = ArtifactPrefix.of(
            namespace=namespace,
            run_uid=run.uid,
            stage=recorded.stage,
            attempt=str(recorded.attempt),
            pod_uid=pod_uid,
        )
        inputs = pod.metadata.annotations.get(ANNOTATION_INPUTS, "")
        return StagePod(prefix, run.name, inputs, pod.env_value(STAGE_CONTAINER, ENV_MODEL))

    async def _claimed_run(self, namespace: str, pod: PodManifest) -> Run:
        """The run for which the Pod says to work; the run's status decides whether it does."""
        if pod.metadata.controller is None:
            name, uid = pod.env_value(STAGE_CONTAINER, ENV_RUN), ""
            if not name:
                raise _works_for_nobody()
        else:
            owner = _controller(pod.metadata, JOBS)
            job = await self._reader.get_job(namespace, owner.name)
            if job is None or job.metadata.uid != owner.uid:
                raise forbidden("the Job of this token's Pod is gone")
            claimed = _controller(job.metadata, PIPELINEJOB.resource)
            name, uid = claimed.name, claimed.uid
        run = await self._reader.get_run(namespace, name)
        if run is None or uid not in {"", run.uid}:
            raise forbidden("the PipelineJob of this token's Pod is gone")
        return run


def _controller(metadata: ObjectMeta, resource: ApiResource) -> OwnerReference:
    controller = metadata.controller
    wanted = (resource.api_version, resource.kind)
    if controller is None or (controller.api_version, controller.kind) != wanted:
        raise _works_for_nobody()
    return controller


def _works_for_nobody() -> ProblemError:
    return forbidden(
        "this token's Pod does not work for a PipelineJob",
        "only stage Pods may use artifacts; people use a token of their own",
    )


def _unauthorized() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "no token that the cluster accepts for this service",
        "send Authorization: Bearer <token>, made for the audience of this service",
        {"WWW-Authenticate": "Bearer"},
    )
