"""Tells history again what the runs say that are there: after a start, or a spool that was full.

The runs are listed page by page and told at the pace at which history takes them, past the spool:
however many there are, nothing of them is kept.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from pydantic import ValidationError

from stagework.api.facts import AnyFact
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import Codec
from stagework.controllers.controller import Key
from stagework.controllers.facts.poster import Poster
from stagework.controllers.facts.spool import Spool
from stagework.controllers.pipelinejobs.decoding import RunSpecs, decode_status, run_of
from stagework.controllers.requests import requests_for
from stagework.plans.pipelinejob.facts import fact_of_answer, facts_of
from stagework.plans.plan import Fact, ForHistory

log = logging.getLogger(__name__)

OLDER: Final = timedelta(seconds=60)
"""What is listed counts as so much older than the list: what was decided before it and is not
stored yet must win."""
PAUSE_SECONDS: Final = 5.0
"""Before a list that failed is asked for again."""
PAGE_SIZE: Final = 200
"""Runs in a page."""

_codec = Codec(OwnObject)


class Retelling:
    """While this process leads."""

    def __init__(
        self,
        api: KubeApi,
        cache: Cache,
        poster: Poster,
        spool: Spool,
        *,
        namespaces: Sequence[str],
        wall_clock: Callable[[], datetime],
        others: Callable[[datetime], Iterable[AnyFact]] = lambda _: (),
    ) -> None:
        """`others`: what objects of other kinds say that are there, as of then."""
        self._api = api
        self._others = others
        self._cache = cache
        self._poster = poster
        self._namespaces = tuple(namespaces) or ("",)
        self._wall_clock = wall_clock
        self._spool = spool
        self._lost = spool.overflowed
        self._done = False

    def record(self, facts: Iterable[Fact]) -> None:
        """Keep what has happened; nothing waits for it."""
        self._spool.add(fact.kept for fact in facts if isinstance(fact, ForHistory))

    def remembered(self, run_uid: str) -> bool:
        """Whether history has acknowledged all of a run: everything that was there has been told,
        nothing was lost since, and nothing of this one is on its way.
        """
        return self._done and not self._lost.is_set() and not self._spool.holds(run_uid)

    async def run(self) -> None:
        """Until cancelled: once now, and whenever the spool has lost something."""
        self._done = False
        self._lost.set()
        while True:
            await self._lost.wait()
            self._lost.clear()
            self._done = False
            try:
                runs = await self._post_all()
            except (ApiError, msgspec.DecodeError) as error:
                log.warning("the runs cannot be told again yet: %s", error)
                self._lost.set()
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            self._done = True
            log.info("history was told of %d runs", runs)

    async def _post_all(self) -> int:
        posted, at, specs = 0, self._wall_clock() - OLDER, RunSpecs()
        for namespace in self._namespaces:
            path = paths.collection(PIPELINEJOB.resource, namespace)
            # A list that begins anew is told again from its start, which changes nothing.
            async for body in self._api.list_pages(path, None, PAGE_SIZE, on_restart=_go_on):
                runs = _codec.page(body, _skipped).items or []
                facts = [fact for known in runs for fact in self._facts(known, specs, at)]
                await self._poster.post_all(facts)
                posted += len(runs)
        await self._poster.post_all([*self._others(at)])
        return posted

    def _facts(self, known: OwnObject, specs: RunSpecs, at: datetime) -> Iterator[AnyFact]:
        try:
            run = run_of(known, specs.decode(known).spec, decode_status(known))
        except (ValidationError, msgspec.DecodeError):
            return  # what cannot be read is told of in its own status
        if run.status.observedGeneration < 0:
            return
        yield from facts_of(run, at)
        yield from self._answers(run)

    def _answers(self, run: PipelineJob) -> Iterator[AnyFact]:
        meta = run.metadata
        for request in requests_for(self._cache, Key(PIPELINEJOB.kind, meta.namespace, meta.name)):
            aims = request.spec.target.uid in {"", meta.uid}
            if request.status.answered is not None and aims:
                yield fact_of_answer(request, meta.uid, request.status, request.status.answered)


def _go_on() -> None:
    pass


def _skipped(_raw: bytes, error: msgspec.DecodeError) -> None:
    log.warning("a run cannot be told: %s", error)
