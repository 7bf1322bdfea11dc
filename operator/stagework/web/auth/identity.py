"""Who is calling? Answered by the API server, kept for 60 seconds.

In this order:
1. A ticket of ours is its owner's, until its time is over. Any other token is reviewed with our own
   audience; one for another is nobody's.
2. The operator and the built-in tasks are known by the names of their ServiceAccounts. A task is
   somebody whose rights are asked for, as a person's are, and a few routes are its alone.
3. A token bound to a Pod is that Pod's: it must exist with that uid in a watched namespace, not be
   finished, and be controlled by a Job, and that by a PipelineJob, each step by apiVersion, kind,
   name and uid. (One that its Job has left behind has no controller: its manifest names the run.)
   That proves nothing yet, for whoever may create Jobs can write it: the run must be there, and its
   own status must record this Job and this Pod for an attempt of a stage that has not ended
   (`stage_record.py`). Stage and attempt are those of the record. Labels are not read.
4. A token bound to a Pod that neither is a stage's nor says that it is one is a program's. It can
   tell of its background jobs, as far as its account may, and do nothing else.
5. Everybody else is a person, whose rights are asked for per namespace.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from stagekit.contract import ENV_MODEL, ENV_RUN
from stagework.api.kinds import PIPELINEJOB
from stagework.api.names import ANNOTATION_INPUTS, STAGE_CONTAINER
from stagework.api.observed import ObjectMeta, OwnerReference, PodManifest
from stagework.api.resources import JOBS, ApiResource
from stagework.web.artifact_path import ArtifactPrefix
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.review_budget import ReviewBudget
from stagework.web.auth.stage_record import recorded_attempt
from stagework.web.auth.tickets import TICKET_MARK, Tickets
from stagework.web.cluster import ClusterReader, Run
from stagework.web.errors import ProblemError, forbidden
from stagework.web.user import User

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
    name: str = ""
    """The Pod's own name."""


@dataclass(frozen=True)
class Program:
    """Something in a Pod that has nothing to do with a run, such as a CronJob's."""

    user: User


@dataclass(frozen=True)
class Person:
    """Somebody with rights of their own in the cluster."""

    user: User


@dataclass(frozen=True)
class Operator:
    """The operator itself."""

    user: User


@dataclass(frozen=True)
class Task:
    """A built-in task, with the rights of its own account."""

    user: User
    name: str
    """Such as `data_cleanup`."""


Caller = StagePod | Program | Person | Operator | Task
"""Everybody who has been authenticated."""


def name_of(caller: Caller) -> str:
    """As the log names them: a user, or a stage Pod's prefix."""
    return str(caller.prefix) if isinstance(caller, StagePod) else caller.user.name


class Identities:
    """Turns tokens into callers."""

    def __init__(
        self,
        reader: ClusterReader,
        tickets: Tickets,
        *,
        audience: str,
        operator_name: str,
        task_names: Mapping[str, str],
        namespaces: tuple[str, ...],
        clock: Callable[[], float],
        budget: ReviewBudget,
    ) -> None:
        self._reader = reader
        self._tickets = tickets
        self._audience = audience
        self._operator_name = operator_name
        self._task_names = task_names
        self._namespaces = frozenset(namespaces)
        self._callers: ExpiringCache[Caller] = ExpiringCache(clock)
        self._refusals: ExpiringCache[ProblemError] = ExpiringCache(clock)
        self._budget = budget

    async def caller(self, token: str, address: str = "") -> Caller:
        """Who this token, which came from that address, belongs to.

        Raises ProblemError (401 or 403); waits where too many bad ones came from there.
        """
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
            user, seconds = await self._owner(token, address)
            caller = await self._caller_of(user)
        except ProblemError as problem:
            is_early = problem.status == HTTPStatus.TOO_EARLY
            self._refusals.put(key, problem, EARLY_SECONDS if is_early else REFUSAL_SECONDS)
            raise
        self._callers.put(key, caller, min(seconds, CACHE_SECONDS))
        return caller

    async def _owner(self, token: str, address: str) -> tuple[User, float]:
        """Whose token or ticket it is, and for how many seconds that is sure."""
        if token.startswith(TICKET_MARK):
            owner = self._tickets.owner(token)
        else:
            review = partial(self._reader.token_review, token, self._audience)
            user = await self._budget.review(address, review)
            owner = None if user is None else (user, CACHE_SECONDS)
        if owner is None:
            raise _unauthorized()
        return owner

    async def _caller_of(self, user: User) -> Caller:
        if user.name == self._operator_name:
            return Operator(user)
        if user.name in self._task_names:
            return Task(user, self._task_names[user.name])
        pod_uid = "".join(user.extra.get(_POD_UID, ())[:1])
        if pod_uid and user.name.startswith(_SERVICE_ACCOUNT):
            return await self._pod(user, pod_uid)
        return Person(user)

    async def _pod(self, user: User, pod_uid: str) -> StagePod | Program:
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
        if run is None:
            return Program(user)
        recorded = recorded_attempt(run, pod.metadata.controller, pod_uid)
        prefix = ArtifactPrefix.of(
            namespace=namespace,
            run_uid=run.uid,
            stage=recorded.stage,
            attempt=str(recorded.attempt),
            pod_uid=pod_uid,
        )
        inputs = pod.metadata.annotations.get(ANNOTATION_INPUTS, "")
        model = pod.env_value(STAGE_CONTAINER, ENV_MODEL)
        return StagePod(prefix, run.name, inputs, model, pod_name)

    async def _claimed_run(self, namespace: str, pod: PodManifest) -> Run | None:
        """The run for which the Pod says to work; the run's status decides whether it does.

        None: it says nothing of that kind.
        """
        said = pod.env_value(STAGE_CONTAINER, ENV_RUN)
        if pod.metadata.controller is None:
            name, uid = said, ""
        else:
            claimed = await self._claimed_by_job(namespace, pod)
            if claimed is None and said:
                raise _works_for_nobody()
            name, uid = (claimed.name, claimed.uid) if claimed is not None else ("", "")
        if not name:
            return None
        run = await self._reader.get_run(namespace, name)
        if run is None or uid not in {"", run.uid}:
            raise forbidden("the PipelineJob of this token's Pod is gone")
        return run

    async def _claimed_by_job(self, namespace: str, pod: PodManifest) -> OwnerReference | None:
        """The run that controls the Job that controls the Pod; None where that is not so."""
        owner = _controller(pod.metadata, JOBS)
        if owner is None:
            return None
        job = await self._reader.get_job(namespace, owner.name)
        if job is None or job.metadata.uid != owner.uid:
            raise forbidden("the Job of this token's Pod is gone")
        return _controller(job.metadata, PIPELINEJOB.resource)


def _controller(metadata: ObjectMeta, resource: ApiResource) -> OwnerReference | None:
    """The object that controls it, where it is of that kind."""
    controller = metadata.controller
    wanted = (resource.api_version, resource.kind)
    if controller is None or (controller.api_version, controller.kind) != wanted:
        return None
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
