"""May this caller do this to that object? Asked on the object itself, never on what it claims.

Stage Pods: write below their own prefix, read what their run has committed.
People: what SubjectAccessReview says of PipelineJobs in the object's namespace.
"""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from stagework.web.artifact_path import Prefix
from stagework.web.auth.identity import REMEMBERED_SECONDS, Caller, Memory, StagePod
from stagework.web.cluster import ClusterReader, Run, User
from stagework.web.errors import ProblemError, forbidden

_RUN_SECONDS: Final = 10.0


class _Inputs(msgspec.Struct):
    stages: dict[str, str] = {}


class Access:
    """Decides, with what the API server says; answers are remembered for a while."""

    def __init__(self, reader: ClusterReader, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._allowed: Memory[bool] = Memory(clock)
        self._runs: Memory[Run] = Memory(clock)

    def pod_writes(self, caller: Caller, prefix: Prefix) -> None:
        """Raise unless the prefix is the caller's own."""
        if not isinstance(caller, StagePod):
            raise forbidden("only stage Pods write here", "people use /v1/uploads")
        if caller.prefix != prefix:
            raise forbidden(
                "a stage Pod writes below its own prefix only", f"yours is {caller.prefix}"
            )

    async def reads(self, caller: Caller, prefix: Prefix) -> None:
        """Raise unless the caller may read this attempt's artifacts."""
        if not isinstance(caller, StagePod):
            await self.person(caller, "get", prefix.namespace)
            return
        own = caller.prefix
        if (prefix.namespace, prefix.run_uid) != (own.namespace, own.run_uid):
            raise forbidden("these artifacts belong to another run")
        if await self._is_committed(caller, prefix):
            return
        if str(prefix) in _promised(caller):
            # The operator lifts a Pod's gate a moment before it writes the commit.
            raise ProblemError(
                HTTPStatus.TOO_EARLY,
                "these artifacts are being committed",
                "try again in a second",
                {"Retry-After": "1"},
            )
        raise forbidden("these artifacts are not committed", "only finished stages can be read")

    async def person(self, caller: Caller, verb: str, namespace: str, name: str = "") -> None:
        """Raise unless the caller may do `verb` to PipelineJobs of this namespace."""
        if isinstance(caller, StagePod):
            raise forbidden("stage Pods have no access to this")
        key = _digest(caller.user, verb, namespace, name)
        if self._allowed.find(key):
            return
        if not await self._reader.subject_access_review(
            caller.user, verb=verb, namespace=namespace, name=name
        ):
            raise forbidden(
                f"you may not {verb} pipelinejobs in namespace {namespace!r}",
                "ask for a role with that right",
            )
        self._allowed.keep(key, value=True, seconds=REMEMBERED_SECONDS)

    async def own_run(self, caller: StagePod) -> Run:
        """The caller's PipelineJob; raises where it is gone or another one has its name."""
        run = await self._reader.get_run(caller.prefix.namespace, caller.run_name)
        if run is None or run.uid != caller.prefix.run_uid:
            raise forbidden("the PipelineJob of this Pod is gone")
        return run

    async def _is_committed(self, caller: StagePod, prefix: Prefix) -> bool:
        wanted = str(prefix)
        known = self._runs.find(prefix.run_uid)
        if known is not None and any(each.prefix == wanted for each in known.commits):
            return True
        run = await self.own_run(caller)
        self._runs.keep(run.uid, run, _RUN_SECONDS)
        return any(each.prefix == wanted for each in run.commits)


def _promised(caller: StagePod) -> frozenset[str]:
    try:
        return frozenset(msgspec.json.decode(caller.inputs, type=_Inputs).stages.values())
    except msgspec.MsgspecError:
        return frozenset()


def _digest(user: User, *words: str) -> str:
    text = repr((user.name, user.uid, user.groups, sorted(user.extra.items()), words))
    return hashlib.sha256(text.encode()).hexdigest()
