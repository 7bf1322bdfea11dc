"""May this caller do this to that object? Asked on the object itself, never on what it claims.

Stage Pods: write below their own prefix, read what their run has committed. The run after a batch,
whose input is the batch's ledger, reads what the ledger names: what the batch's runs have left.
People: what SubjectAccessReview says of PipelineJobs in the object's namespace.
"""

import hashlib
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final

import msgspec

from stagework.api.background_jobs import BACKGROUND_JOBS
from stagework.api.kinds import PIPELINEJOB
from stagework.api.names import GROUP
from stagework.batches.layout import ledger_of
from stagework.history.items import Items
from stagework.web.artifact_path import ArtifactPrefix
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.identity import (
    CACHE_SECONDS,
    REFUSAL_SECONDS,
    Caller,
    Operator,
    Person,
    Program,
    StagePod,
    Task,
)
from stagework.web.cluster import ClusterReader, Run
from stagework.web.errors import ProblemError, forbidden
from stagework.web.user import User

_RUN_SECONDS: Final = 10.0


class _Inputs(msgspec.Struct):
    stages: dict[str, str] = {}


class Authorization:
    """Decides, with what the API server says; answers are kept for a while."""

    def __init__(self, reader: ClusterReader, clock: Callable[[], float], items: Items) -> None:
        self._reader = reader
        self._items = items
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
            if await self._is_in_its_ledger(caller, prefix):
                return
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
        self,
        caller: Caller,
        verb: str,
        namespace: str,
        name: str = "",
        *,
        resource: str = PIPELINEJOB.plural,
    ) -> None:
        """Raise unless the caller may do `verb` to objects of this kind in this namespace."""
        if not await self.may(caller, verb, namespace, name, resource=resource):
            where = f"in namespace {namespace!r}" if namespace else "in all namespaces"
            raise forbidden(
                f"you may not {verb} {resource} {where}", "ask for a role with that right"
            )

    async def may(
        self,
        caller: Caller,
        verb: str,
        namespace: str,
        name: str = "",
        *,
        resource: str = PIPELINEJOB.plural,
    ) -> bool:
        """Whether the caller may; a namespace that is empty stands for all of them.

        Raises where it is a stage's Pod, or a program.
        """
        return await self._may(_person(caller).user, verb, namespace, name, resource=resource)

    async def require_background_jobs(self, caller: Caller, namespace: str) -> None:
        """Raise unless the caller may tell of background jobs in this namespace."""
        if isinstance(caller, StagePod):
            raise forbidden("stage Pods have no access to this")
        resource = BACKGROUND_JOBS
        if not await self._may(caller.user, "create", namespace, resource=resource):
            raise forbidden(
                f"you may not create {resource}.{GROUP} in namespace {namespace!r}",
                "ask for a role with that right, such as stagework-edit",
            )

    async def _may(
        self,
        user: User,
        verb: str,
        namespace: str,
        name: str = "",
        *,
        resource: str = PIPELINEJOB.plural,
    ) -> bool:
        key = _digest(user, verb, namespace, name, resource)
        known = self._allowed.get(key)
        if known is None:
            known = await self._reader.subject_access_review(
                user, verb=verb, namespace=namespace, name=name, resource=resource
            )
            seconds = CACHE_SECONDS if known else REFUSAL_SECONDS
            self._allowed.put(key, value=known, seconds=seconds)
        return known

    async def readable(
        self, caller: Caller, names: Iterable[str], *, resource: str = PIPELINEJOB.plural
    ) -> tuple[str, ...]:
        """Of these namespaces those in which the caller may list objects of this kind."""
        if await self.may(caller, "list", "", resource=resource):
            return tuple(names)
        allowed = [
            name for name in names if await self.may(caller, "list", name, resource=resource)
        ]
        return tuple(allowed)

    async def require_logs(self, caller: Caller, namespace: str) -> None:
        """Raise unless the caller may read the logs of Pods in this namespace, as kubectl asks."""
        if not await self._reader.may_read_logs(_person(caller).user, namespace):
            raise forbidden(
                f"you may not get pods/log in namespace {namespace!r}",
                "logs can hold secrets: ask for a role with that right, such as stagework-logs",
            )

    def signed_in(self, caller: Caller) -> User:
        """Who has signed in; raises where a stage's Pod or a program asks."""
        return _person(caller).user

    async def own_run(self, caller: StagePod) -> Run:
        """The caller's PipelineJob; raises where it is gone or another one has its name."""
        run = await self._reader.get_run(caller.prefix.namespace, caller.run_name)
        if run is None or run.uid != caller.prefix.run_uid:
            raise forbidden("the PipelineJob of this Pod is gone")
        return run

    async def _is_in_its_ledger(self, caller: StagePod, prefix: ArtifactPrefix) -> bool:
        if prefix.namespace != caller.prefix.namespace:
            return False
        run = await self.own_run(caller)
        ledger = ledger_of(run.input_uri)
        if ledger is None or not run.batch_uid:
            return False
        folder, _ = ledger
        if (folder.namespace, folder.uid) != (run.namespace, run.batch_uid):
            return False
        return await self._items.has_child(folder.uid, prefix.run_uid)

    async def _is_committed(self, caller: StagePod, prefix: ArtifactPrefix) -> bool:
        known = self._runs.get(prefix.run_uid)
        if known is not None and _has_committed(known, prefix):
            return True
        run = await self.own_run(caller)
        self._runs.put(run.uid, run, _RUN_SECONDS)
        return _has_committed(run, prefix)


def _person(caller: Caller) -> Person | Operator | Task:
    if isinstance(caller, StagePod):
        raise forbidden("stage Pods have no access to this")
    if isinstance(caller, Program):
        raise forbidden(
            "this token's Pod does not work for a PipelineJob",
            "it may tell of its background jobs (/v1/jobs); people use a token of their own",
        )
    return caller


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
