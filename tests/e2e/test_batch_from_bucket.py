"""Forty pictures of a bucket in one Batch: counted item by item, two set aside, those run again."""

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

ITEMS = 40
BROKEN = {number: broken(number) for number in (5, 22)}
MENDED = 5
SECONDS = 420.0


@pytest.fixture(scope="module")
def pictures(space: Space, api: Api, commands: Commands, release: Release) -> Iterator[BucketPod]:
    """The bucket, with the pictures below a prefix of the story's own."""
    assert bucket.SETTINGS["endpoint"] in release.settings(), "not the tests' release: make e2e"
    pod = BucketPod(Space(bucket.NAMESPACE, api, commands))
    pod.install()
    pod.lay(space.namespace, numbered(ITEMS, BROKEN) | {"notes.txt": b"no picture, not meant"})
    yield pod
    pod.clear(space.namespace)


@pytest.fixture(scope="module")
def batch(space: Space, pictures: BucketPod) -> Document:
    """The batch at the end of its first round."""
    assert pictures
    stage = item_stage("check", retries=0, runsOn=["gpu"], volumes=[JOURNAL], journal=LINES)
    items = {"s3": {"store": bucket.STORE, "prefix": f"{space.namespace}/", "suffix": ".png"}}
    space.apply(
        CLAIM,
        pipeline("check", stage),
        batches.batch_of("pictures", "check", items, chunkSize=10, parallelism=2),
    )
    return batches.ended(space, "pictures", seconds=SECONDS)


def test_each_object_is_an_item_and_is_counted_once(space: Space, batch: Document) -> None:
    status = batch["status"]
    counts = (status["total"], status["done"], status["failed"])
    assert (*counts, status["summary"]) == (40, 38, 2, "CompletedWithFailures")
    told = {
        item["id"]: (item["state"], item["reason"], item["attempts"])
        for item in batches.ledger(space, "pictures")
    }
    assert told == {
        name_of(number): ("Failed", BROKEN[number].reason, 1)
        if number in BROKEN
        else ("Done", "", 1)
        for number in range(ITEMS)
    }
    assert batches.looked_at(space, "reader-1") == Counter(list(told))


def test_what_was_overwritten_in_the_bucket_is_good_when_it_runs_again(
    space: Space, pictures: BucketPod, batch: Document
) -> None:
    pictures.lay(space.namespace, {name_of(MENDED): picture(MENDED)})
    answer = batches.reprocess(space, batch)
    assert (answer["requested"], answer["affected"]) == (2, 2)
    status = batches.ended(space, "pictures", of_round=1, seconds=SECONDS)["status"]
    assert (status["done"], status["failed"], status["roundTotal"]) == (39, 1, 2)
    twice = {name for name, times in batches.looked_at(space, "reader-2").items() if times == 2}
    assert twice == {name_of(number) for number in BROKEN}
