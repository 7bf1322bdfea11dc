"""Who is calling? Answered by the API server, remembered for 60 seconds.

In this order:
1. The token is reviewed with our own audience; any other token is nobody's.
2. The operator is known by its ServiceAccount's name.
3. A token bound to a Pod is that Pod's: the Pod must exist with that uid and not be finished,
   be controlled by a Job, and that by a PipelineJob; each step is by uid, never by label.
4. Everybody else is a person, whose rights are asked for per namespace.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Generic, TypeVar

from stagework.api.names import LABEL_ATTEMPT, LABEL_STAGE
from stagework.web.artifact_path import Prefix
from stagework.web.cluster import ClusterReader, Job, Owner, Pod, User
from stagework.web.errors import ProblemError, forbidden

REMEMBERED_SECONDS: Final = 60.0
"""How long an answer about a token or a right is believed."""
REFUSAL_SECONDS: Final = 5.0
"""How long a bad token is remembered, so that a flood of them does not reach the API server."""
_REMEMBERED_MAX: Final = 10_000
_TOKEN_MAX: Final = 16_384
_POD_NAME: Final = "authentication.kubernetes.io/pod-name"
_POD_UID: Final = "authentication.kubernetes.io/pod-uid"
_SERVICE_ACCOUNT: Final = "system:serviceaccount:"

V = TypeVar("V")


@dataclass(frozen=True)
class StagePod:
    """A stage's Pod: it may write below `prefix` and read what its run has committed."""

    prefix: Prefix
    run_name: str
    inputs: str = ""
    model_uri: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody with rights of their own in the cluster."""

    user: User


@dataclass(frozen=True)
class Operator:
    """The operator itself."""

    user: User


Caller = StagePod | Person | Operator
"""Everybody who gets past the gate."""


class Memory(Generic[V]):
    """Remembers values for a while, at most `_REMEMBERED_MAX` of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, V]] = {}

    def find(self, key: str) -> V | None:
        """The value, unless its time is over."""
        until, value = self._kept.get(key, (0.0, None))
        return value if value is not None and self._clock() < until else None

    def keep(self, key: str, value: V, seconds: float) -> None:
        """Remember; the oldest entries go first when there are too many."""
        self._kept.pop(key, None)
        while len(self._kept) >= _REMEMBERED_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._clock() + seconds, value)


class Identities:
    """Turns tokens into callers."""

    def __init__(
        self,
        reader: ClusterReader,
        *,
        audience: str,
        operator_name: str,
        clock: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._audience = audience
        self._operator_name = operator_name
        self._known: Memory[Caller] = Memory(clock)
        self._refused: Memory[ProblemError] = Memory(clock)

    async def caller(self, token: str) -> Caller:
        """Who this token belongs to; raises ProblemError (401 or 403)."""
        if not token or len(token) > _TOKEN_MAX:
            raise _unauthorized()
        # Tokens are secrets: what is remembered is their digest.
        key = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        known = self._known.find(key)
        if known is not None:
            return known
        refused = self._refused.find(key)
        if refused is not None:
            raise refused
        try:
            found = await self._review(token)
        except ProblemError as problem:
            self._refused.keep(key, problem, REFUSAL_SECONDS)
            raise
        self._known.keep(key, found, REMEMBERED_SECONDS)
        return found

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
        pod_name = "".join(user.extra.get(_POD_NAME, ())[:1])
        pod = await self._reader.get_pod(namespace, pod_name)
        if pod is None or pod.uid != pod_uid:
            raise forbidden("this token's Pod is gone", "only running Pods may use artifacts")
        if pod.is_finished:
            raise forbidden("this token's Pod has finished", "only running Pods may use artifacts")
        owner = _controlled_by(pod, "Job")
        job = await self._reader.get_job(namespace, owner.name)
        if job is None or job.uid != owner.uid:
            raise forbidden("the Job of this token's Pod is gone")
        run = _controlled_by(job, "PipelineJob")
        prefix = Prefix.of(
            namespace=namespace,
            run_uid=run.uid,
            stage=pod.labels.get(LABEL_STAGE, ""),
            attempt=pod.labels.get(LABEL_ATTEMPT, ""),
            pod_uid=pod_uid,
        )
        return StagePod(prefix, run.name, pod.inputs, pod.model_uri)


def _controlled_by(thing: Pod | Job, kind: str) -> Owner:
    if thing.owner is None or thing.owner.kind != kind:
        raise forbidden(
            "this token's Pod does not work for a PipelineJob",
            "only stage Pods may use artifacts; people use a token of their own",
        )
    return thing.owner


def _unauthorized() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "no token that the cluster accepts for this service",
        "send Authorization: Bearer <token>, made for the audience of this service",
        {"WWW-Authenticate": "Bearer"},
    )
