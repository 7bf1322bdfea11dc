"""A thousand pictures of a bucket in one Batch, the operator killed twice: each is counted once.

What counts is told by witnesses that the operator cannot write to: the test knows its pictures, the
API service has the ledger, and a journal on a volume has a line of each look at an item.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.cluster import batches, bucket
from tests.support.cluster.api import Api
from tests.support.cluster.bucket import BucketPod
from tests.support.cluster.commands import Commands, Document
from tests.support.cluster.journal import CLAIM, JOURNAL, LINES
from tests.support.cluster.pictures import broken, name_of, numbered, picture
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import item_stage, pipeline

pytestmark = [
    pytest.mark.alone("it kills the operator", touches="operator"),
    pytest.mark.long("test_batch_from_bucket.py does it with forty, and nobody is killed"),
    pytest.mark.timeout(3000),
]

ITEMS = 1000
CHUNK = 10
BROKEN = {number: broken(number) for number in (3, 148, 149, 402, 660, 777, 999)}
MENDED = (3, 149, 402)
KILLED_AT = (200, 600)
"""So many items are handled when the operator is killed."""
SECONDS = 1200.0
"""Longest time between two steps."""


@pytest.fixture(scope="module", autouse=True)
def running_again(release: Release) -> Iterator[None]:
    """Whatever happens in this story, the operator runs afterwards."""
    yield
    release.start_operator()
    release.wait_until_ready()


@pytest.fixture(scope="module")
def pictures(space: Space, api: Api, commands: Commands, release: Release) -> Iterator[BucketPod]:
    """The bucket, with the pictures below a prefix of the story's own."""
    assert bucket.SETTINGS["endpoint"] in release.settings(), "not the tests' release: make e2e"
    pod = BucketPod(Space(bucket.NAMESPACE, api, commands))
    pod.install()
    pod.lay(space.namespace, numbered(ITEMS, BROKEN))
    yield pod
    pod.clear(space.namespace)


@pytest.fixture(scope="module")
def batch(space: Space, pictures: BucketPod, release: Release) -> Document:
    """The batch at the end of its first round, in which the operator was killed twice."""
    assert pictures
    stage = item_stage("check", retries=0, runsOn=["gpu"], volumes=[JOURNAL], journal=LINES)
    items = {"s3": {"store": bucket.STORE, "prefix": f"{space.namespace}/"}}
    space.apply(
        CLAIM,
        pipeline("check", stage),
        batches.batch_of("pictures", "check", items, chunkSize=CHUNK, parallelism=4),
    )
    for least in KILLED_AT:
        seen = batches.handled(space, "pictures", least, seconds=SECONDS)
        assert seen["status"]["done"] < ITEMS - CHUNK, "it was over before the operator was killed"
        release.kill_operator()
        release.wait_until_ready()
    return batches.ended(space, "pictures", seconds=SECONDS)


def outcomes(space: Space) -> dict[str, tuple[str, str, int]]:
    """State, reason and attempts of each item, as the ledger has them."""
    lines = batches.ledger(space, "pictures")
    assert len(lines) == ITEMS
    return {line["id"]: (line["state"], line["reason"], line["attempts"]) for line in lines}


def expected(mended: tuple[int, ...] = (), attempts_of_broken: int = 1) -> dict[str, object]:
    """The same, as the test knows its pictures."""
    known: dict[str, object] = {name_of(number): ("Done", "", 1) for number in range(ITEMS)}
    for number, how in BROKEN.items():
        failed = ("Failed", how.reason, attempts_of_broken)
        good = ("Done", "", attempts_of_broken)
        known[name_of(number)] = good if number in mended else failed
    return known


def test_993_are_done_and_7_have_failed_each_with_its_reason(space: Space, batch: Document) -> None:
    status = batch["status"]
    assert (status["total"], status["done"], status["failed"]) == (ITEMS, 993, 7)
    assert (status["summary"], status["percent"]) == ("CompletedWithFailures", "100.0")
    assert outcomes(space) == expected()


def test_no_item_was_looked_at_twice_and_none_was_left_out(space: Space, batch: Document) -> None:
    assert batch
    assert batches.looked_at(space, "reader-1") == Counter(expected().keys())


def test_the_seven_run_again_and_the_three_that_were_overwritten_are_done(
    space: Space, pictures: BucketPod, batch: Document
) -> None:
    pictures.lay(space.namespace, {name_of(number): picture(number) for number in MENDED})
    answer = batches.reprocess(space, batch)
    assert (answer["requested"], answer["affected"]) == (7, 7)
    status = batches.ended(space, "pictures", of_round=1, seconds=SECONDS)["status"]
    assert (status["done"], status["failed"], status["roundTotal"]) == (996, 4, 7)
    assert outcomes(space) == expected(MENDED, attempts_of_broken=2)
    again = Counter(name_of(number) for number in BROKEN)
    assert batches.looked_at(space, "reader-2") == Counter(expected().keys()) + again
