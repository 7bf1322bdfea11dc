"""The book of all batches, kept by the API service: lists, rounds, what became of each item.

Every call may be repeated: a list, a round and what a chunk has come to are taken in once, and the
same answer comes again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol, cast

import aiohttp
import msgspec
import orjson
from pydantic import ValidationError

from stagework.api.base import format_time
from stagework.api.batch import SAMPLES, FailedSample, FrozenManifest, UnreadableLine
from stagework.api.batch_book import DROPPED, RUN_FAILED, SUCCEEDED, Costs
from stagework.api.text import cut, one_line, reason_word
from stagework.children.chunk_run import Item
from stagework.plans.batch.snapshot import (
    Folded,
    FoldQuestion,
    GivenItems,
    ItemsQuestion,
    ItemsRefused,
    Priors,
    Selected,
    SelectQuestion,
    StageEnd,
)
from stagework.policies.chunks.fit import History
from stagework.service_client.exchange import AT_ONCE, ask, word
from stagework.service_client.results import LookupFailed

Json = Mapping[str, object]
_ID_BYTES: Final = 64
_MESSAGE_BYTES: Final = 64
_REASON_BYTES: Final = 64


@dataclass(frozen=True)
class UnderWay:
    """A list is being frozen."""

    items: int


@dataclass(frozen=True)
class BatchRef:
    """Names a batch in the book."""

    namespace: str
    uid: str


class BatchBook(Protocol):
    """Whoever keeps the book; every call raises LookupFailed where it cannot say now."""

    async def freeze(
        self, batch: BatchRef, name: str, source: Json
    ) -> FrozenManifest | UnderWay | ItemsRefused:
        """The list of that source, frozen; always the first one that was."""
        ...

    async def select(self, batch: BatchRef, question: SelectQuestion) -> Selected:
        """The items of a new round, frozen."""
        ...

    async def items(self, batch: BatchRef, question: ItemsQuestion) -> GivenItems:
        """The items at these positions, as many as there are."""
        ...

    async def fold(self, batch: BatchRef, question: FoldQuestion) -> Folded:
        """What has become of a chunk, taken in once."""
        ...

    async def history(self, batch: BatchRef, pipeline: str, revision: str) -> Priors:
        """What earlier batches of that pipeline have cost."""
        ...


class ServiceBatches:
    """Over the API service's `/v1/operator/batches`, as the operator's ServiceAccount."""

    def __init__(self, url: str, token: Callable[[], str], timeout_seconds: float = 30.0) -> None:
        self._url = f"{url.rstrip('/')}/v1/operator/batches"
        self._token = token
        self._limit = timeout_seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def freeze(
        self, batch: BatchRef, name: str, source: Json
    ) -> FrozenManifest | UnderWay | ItemsRefused:
        """See BatchBook."""
        body = {"name": name, "source": source}
        status, answer = await self._ask("PUT", batch, "manifest", body)
        match status:
            case HTTPStatus.OK:
                return _manifest(answer)
            case HTTPStatus.ACCEPTED:
                return UnderWay(_count(answer.get("items_so_far")))
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                said = word(answer.get("detail")) or word(answer.get("title"))
                return ItemsRefused(reason_word(word(answer.get("reason"))), one_line(said))
            case _:
                raise LookupFailed(_fault(status, answer))

    async def select(self, batch: BatchRef, question: SelectQuestion) -> Selected:
        """See BatchBook."""
        body = {
            "select": select_body(question),
            "request": question.request,
            "atRest": question.at_rest,
        }
        answer = await self._must("POST", batch, f"rounds/{question.round}", body)
        unknown = tuple(word(name) for name in _list(answer.get("unknown")))
        return Selected(_count(answer.get("count")), unknown)

    async def items(self, batch: BatchRef, question: ItemsQuestion) -> GivenItems:
        """See BatchBook."""
        place = f"items?round={question.round}&from={question.first}&to={question.end}"
        answer = await self._must("GET", batch, place, None)
        return GivenItems(tuple(_item(_object(one)) for one in _list(answer.get("items"))))

    async def fold(self, batch: BatchRef, question: FoldQuestion) -> Folded:
        """See BatchBook."""
        return _folded(await self._must("POST", batch, "folds", fold_body(question)))

    async def history(self, batch: BatchRef, pipeline: str, revision: str) -> Priors:
        """See BatchBook; a service that keeps none answers 404, and is not asked again."""
        place = f"history?pipeline={pipeline}&revision={revision}"
        status, answer = await self._ask("GET", batch, place, None)
        if status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise LookupFailed(_fault(status, answer))
        known = {
            name: _history(_object(costs))
            for name, costs in _object(answer.get("machines")).items()
        }
        ratios = {
            int(mark): tuple(float(one) for one in _list(values) if isinstance(one, int | float))
            for mark, values in _object(answer.get("ratios")).items()
            if mark.isdecimal()
        }
        return Priors({name: costs for name, costs in known.items() if costs is not None}, ratios)

    async def _must(self, method: str, batch: BatchRef, place: str, body: Any) -> Json:
        status, answer = await self._ask(method, batch, place, body)
        if status != HTTPStatus.OK:
            raise LookupFailed(_fault(status, answer))
        return answer

    async def _ask(self, method: str, batch: BatchRef, place: str, body: Any) -> tuple[int, Json]:
        url = f"{self._url}/{batch.namespace}/{batch.uid}/{place}"
        sent = None if body is None else orjson.dumps(body)
        try:
            async with self._places:
                status, answer = await ask(method, url, self._token, self._limit, sent)
            return status, _object(orjson.loads(answer)) if answer else {}
        except orjson.JSONDecodeError as error:
            raise LookupFailed(f"{place}: the API service's answer is no JSON") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            text = f"the API service does not answer: {error or type(error).__name__}"
            raise LookupFailed(text) from error


def select_body(question: SelectQuestion) -> dict[str, Any]:
    """Which items a round is to have, as it is sent."""
    if question.ids:
        return {"ids": list(question.ids)}
    if question.all_but:
        return {"allBut": question.all_but}
    return {"states": list(question.states)}


def fold_body(question: FoldQuestion) -> dict[str, Any]:
    """How a chunk's run has ended, as it is sent."""
    start, count = question.whole
    return {
        "round": question.round,
        "start": question.start,
        "count": question.count,
        "attempt": question.attempt,
        "origin": {"start": start, "count": count},
        "final": question.final,
        "child": {"name": question.child[0], "uid": question.child[1]},
        "outcome": _outcome(question),
        "reason": question.reason,
        "message": question.message,
        "stages": [_stage_body(stage) for stage in question.stages],
        "startedAt": _time(question.began),
        "endedAt": _time(question.ended),
        "pipeline": question.like[0],
        "revision": question.like[1],
        "machine": question.machine,
    }


def _outcome(question: FoldQuestion) -> str:
    if question.dropped:
        return DROPPED
    return SUCCEEDED if question.succeeded else RUN_FAILED


def _stage_body(stage: StageEnd) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": stage.name,
        "prefix": stage.prefix or None,
        "state": stage.state,
        "reason": stage.reason,
        "attempt": stage.attempt,
        "machine": stage.machine,
        "seconds": stage.seconds,
        "items": stage.items,
        "failed": stage.failed,
    }
    return body


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment is not None else None


def _manifest(answer: Json) -> FrozenManifest:
    duplicates = [_count(line) for line in _list(answer.get("duplicates"))]
    lines = [_object(line) for line in _list(answer.get("unreadable"))]
    unreadable = [
        UnreadableLine(
            line=_count(line.get("line")), reason=one_line(word(line.get("reason")), _REASON_BYTES)
        )
        for line in lines
    ]
    try:
        return FrozenManifest(
            total=_count(answer.get("total")),
            sha256=word(answer.get("sha256")),
            duplicates=duplicates[:SAMPLES],
            duplicateCount=_count(answer.get("duplicateCount"), len(duplicates)),
            unreadable=unreadable[:SAMPLES],
            unreadableCount=_count(answer.get("unreadableCount"), len(unreadable)),
        )
    except ValidationError as error:
        raise LookupFailed("the API service's answer about the list is not understood") from error


def _folded(answer: Json) -> Folded:
    span, suspect = answer.get("firstToLastSeconds"), answer.get("suspect")
    samples = [_object(sample) for sample in _list(answer.get("samples"))]
    return Folded(
        done=_change(answer.get("done")),
        failed=_change(answer.get("failed")),
        skipped=_change(answer.get("skipped")),
        known=_count(answer.get("known")),
        suspect=suspect if isinstance(suspect, int) else None,
        span_seconds=float(span) if isinstance(span, int | float) else None,
        outcome=word(answer.get("outcome")),
        samples=tuple(
            FailedSample(
                id=one_line(word(sample.get("id")), _ID_BYTES),
                reason=reason_word(word(sample.get("reason"))),
                message=one_line(word(sample.get("message")), _MESSAGE_BYTES),
            )
            for sample in samples
        ),
    )


def _item(given: Json) -> Item:
    params = {name: word(value) for name, value in _object(given.get("params")).items()}
    return Item(_count(given.get("number")), word(given.get("id")), word(given.get("uri")), params)


def _history(costs: Json) -> History | None:
    try:
        known = msgspec.convert(costs, Costs)
    except msgspec.ValidationError:
        return None
    return History(known.fixedSeconds, known.itemSeconds) if known.itemSeconds > 0 else None


def _fault(status: int, answer: Json) -> str:
    said = word(answer.get("detail")) or word(answer.get("title"))
    return cut(f"{said} (HTTP {status})" if said else f"the API service answered {status}", 400)


def _change(value: object) -> int:
    return value if isinstance(value, int) else 0


def _count(value: object, otherwise: int = 0) -> int:
    return max(0, value) if isinstance(value, int) else otherwise


def _list(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()


def _object(value: object) -> Json:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
