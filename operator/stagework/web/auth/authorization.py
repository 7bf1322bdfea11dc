"""May this caller do this to that object? Asked on the object itself, never on what it claims.

Stage Pods: write below their own prefix, read what their run has committed.
People: what SubjectAccessReview says of PipelineJobs in the object's namespace.
"""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from stagework.api.kinds import PIPELINEJOB
from stagework.web.artifact_path import ArtifactPrefix
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.identity import CACHE_SECONDS, Caller, StagePod
from stagework.web.cluster import ClusterReader, Run, User
from stagework.web.errors import ProblemError, forbidden

_RUN_SECONDS: Final = 10.0


class _Inputs(msgspec.Struct):
    stages: dict[str, str] = {}


class Authorization:
    """Decides, with what the API server says; answers are kept for a while."""

    def __init__(self, reader: ClusterReader, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._allowed: ExpiringCache[bool] = ExpiringCache(clock)
        self._runs: ExpiringCache[Run] = ExpiringCache(clock)

    def require_own_prefix(self, caller: Caller, prefix: ArtifactPrefix) -> None:
        """Raise unless the prefix is the caller's own."""
        if not isinstance(caller, StagePod):
            raise forbidden("only stage Pods write here", "people use /v1/uploads")
        if caller.prefix != prefix:
            raise forbidden(
                "a stage Pod writes below its own prefix only", f"yours is {caller.prefix}"
            )

    async def require_readable(self, caller: Caller, prefix: ArtifactPrefix) -> None:
        """Raise unless the caller may read this attempt's artifacts."""
        if not isinstance(caller, StagePod):
            await self.require_right(caller, "get", prefix.namespace)
            return
        own = caller.prefix
        if (prefix.namespace, prefix.run_uid) != (own.namespace, own.run_uid):
            raise forbidden("these artifacts belong to another run")
        if await self._is_committed(caller, prefix):
            return
        if str(prefix) in _announced_inputs(caller):
            # The operator removes a Pod's gate a moment before it writes the commit.
            raise ProblemError(
                HTTPStatus.TOO_EARLY,
                "these artifacts are being committed",
                "try again in a second",
                {"Retry-After": "1"},
            )
        raise forbidden("these artifacts are not committed", "only finished stages can be read")

    async def require_right(
        self, caller: Caller, verb: str, namespace: str, name: str = ""
    ) -> None:
        """Raise unless the caller may do `verb` to PipelineJobs of this namespace."""
        if isinstance(caller, StagePod):
            raise forbidden("stage Pods have no access to this")
        key = _digest(caller.user, verb, namespace, name)
        if self._allowed.get(key):
            return
        if not await self._reader.subject_access_review(
            caller.user, verb=verb, namespace=namespace, name=name
        ):
            raise forbidden(
                f"you may not {verb} {PIPELINEJOB.plural} in namespace {namespace!r}",
                "ask for a role with that right",
            )
        self._allowed.put(key, value=True, seconds=CACHE_SECONDS)

    async def own_run(self, caller: StagePod) -> Run:
        """The caller's PipelineJob; raises where it is gone or another one has its name."""
        run = await self._reader.get_run(caller.prefix.namespace, caller.run_name)
        if run is None or run.uid != caller.prefix.run_uid:
            raise forbidden("the PipelineJob of this Pod is gone")
        return run

    async def _is_committed(self, caller: StagePod, prefix: ArtifactPrefix) -> bool:
        known = self._runs.get(prefix.run_uid)
        if known is not None and _has_committed(known, prefix):
            return True
        run = await self.own_run(caller)
        self._runs.put(run.uid, run, _RUN_SECONDS)
        return _has_committed(run, prefix)


def _has_committed(run: Run, prefix: ArtifactPrefix) -> bool:
    return any(stage.prefix == str(prefix) for stage in run.committed)


def _announced_inputs(caller: StagePod) -> frozenset[str]:
    """Prefixes that the operator has written on the Pod as its inputs."""
    try:
        return frozenset(msgspec.json.decode(caller.inputs, type=_Inputs).stages.values())
    except msgspec.MsgspecError:
        return frozenset()


def _digest(user: User, *words: str) -> str:
    text = repr((user.name, user.uid, user.groups, sorted(user.extra.items()), words))
    return hashlib.sha256(text.encode()).hexdigest()
