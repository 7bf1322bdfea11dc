"""The object stays small, whatever happens: 100,000 items, 256 chunks in flight, all odd."""

from uuid import UUID

import orjson

from stagework.api.answered import Answered
from stagework.api.base import COUNT_MAX
from stagework.api.batch import (
    PARALLELISM_MAX,
    SAMPLES,
    BatchStatus,
    ChunkCounts,
    ChunkSize,
    EtaRange,
    FailedSample,
    FrozenManifest,
    UnreadableLine,
)
from stagework.api.conditions import conditions_for
from stagework.api.packed_chunk import Chunk, pack
from stagework.cluster.patches import JSON_OPTIONS, stored_document
from stagework.plans.batch.counting import PIECES_MAX
from stagework.plans.batch.measured import KEPT
from stagework.policies.reprocess import ROUNDS_WAITING
from tests.support.builders import T0

LIMIT = 32 * 1024
LONG = "x" * 512


def odd(number: int, *, with_uid: bool) -> Chunk:
    uid = str(UUID(int=number + 2**127)) if with_uid else ""
    origin = (99_000 + number, 1000)
    return Chunk(20, 99_000 + number, 999, 4, 1, origin=origin, partings=1, uid=uid)


def worst() -> BatchStatus:
    status = counted().evolve(
        conditions=conditions_for(
            [], 1, succeeded="False", reason="TooManyFailedItems", message=LONG, now=T0
        ),
        waitingRounds=[f"{number}:100000" for number in range(20, 20 + ROUNDS_WAITING)],
        open=[pack(odd(number, with_uid=True)) for number in range(PARALLELISM_MAX)],
        pieces=[pack(odd(number, with_uid=False)) for number in range(PIECES_MAX + 10)],
        measured=["gpu-of-the-other-house 1000 86400.0 86400.0"] * KEPT,
        manifest=FrozenManifest(
            total=100_000,
            sha256="0" * 64,
            duplicates=[COUNT_MAX] * SAMPLES,
            duplicateCount=COUNT_MAX,
            unreadable=[UnreadableLine(line=COUNT_MAX, reason="x" * 64)] * SAMPLES,
            unreadableCount=COUNT_MAX,
        ),
    )
    answered = Answered(uid=str(UUID(int=1)), affected=100_000, refused="x" * 128)
    sample = FailedSample(id="x" * 64, reason="SomethingWentWrongWithTheItem", message="x" * 64)
    return status.evolve(answered=[answered] * 20, failedSamples=[sample] * SAMPLES)


def counted() -> BatchStatus:
    """All that is one number or one line."""
    return BatchStatus(
        observedGeneration=COUNT_MAX,
        summary="TooManyFailedItems",
        message=LONG,
        total=100_000,
        done=90_000,
        failed=10_000,
        running=100_000,
        percent="100.0",
        itemsPerMinute="100000.0",
        eta="x" * 80,
        etaSeconds=EtaRange(p50=10**7, p90=10**7),
        round=20,
        nextPosition=100_000,
        roundTotal=100_000,
        chunks=ChunkCounts(completed=100_000, failed=100_000, open=256),
        size=ChunkSize(items=1000, reason="Amortised"),
        stopped="x" * 256,
        startTime=T0,
        completionTime=T0,
        lastChunkTime=T0,
        afterwards=f"20 {'x' * 63} {UUID(int=1)}",
        selector=f"stagework.dev/batch-uid={UUID(int=1)}",
    )


def test_the_worst_case_is_below_32_kib() -> None:
    status = BatchStatus.model_validate(worst().model_dump())
    assert len(orjson.dumps(stored_document(status), option=JSON_OPTIONS)) < LIMIT


def test_one_that_just_runs_is_much_smaller() -> None:
    plain = [pack(Chunk(0, start, 10)) for start in range(50_000, 50_080, 10)]
    status = BatchStatus(total=100_000, open=plain, selector="x", summary="Running")
    assert len(orjson.dumps(stored_document(status), option=JSON_OPTIONS)) < 1024
