"""Three hundred advertisements of a bucket through the stages that measure them, three broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.demo.pictures import CUT_OFF, NO_PICTURE, draw
from tests.support.cluster import batches, bucket
from tests.support.cluster.api import Api
from tests.support.cluster.bucket import BucketPod
from tests.support.cluster.commands import ROOT, Commands, Document
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space

pytestmark = [
    pytest.mark.long("test_batch_from_bucket.py has the bucket, test_ad_image.py the stages"),
    pytest.mark.timeout(5400),
]

ITEMS = 300
EMPTY = 200
"""Number of the picture of which nothing is left."""
REASONS = {
    CUT_OFF: "TruncatedPicture",
    NO_PICTURE: "NotAPicture",
    EMPTY: "EmptyPicture",
}
SECONDS = 5000.0


@pytest.fixture(scope="module")
def names(
    space: Space,
    api: Api,
    commands: Commands,
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[str]]:
    """Of the pictures, in their order; they lie in the bucket below a prefix of the story's own."""
    assert bucket.SETTINGS["endpoint"] in release.settings(), "not the tests' release: make e2e"
    files = _drawn(tmp_path_factory.mktemp("pictures"))
    pod = BucketPod(Space(bucket.NAMESPACE, api, commands))
    pod.install()
    pod.lay(space.namespace, {file.name: file.read_bytes() for file in files})
    yield [file.name for file in files]
    pod.clear(space.namespace)


def _drawn(folder: Path) -> list[Path]:
    files = draw(ROOT / "manifests" / "samples" / "sneaker.png", folder, ITEMS)
    files[EMPTY - 1].write_bytes(b"")
    return files


@pytest.fixture(scope="module")
def batch(space: Space, names: list[str]) -> Document:
    """The batch at its end."""
    assert len(names) == ITEMS
    space.kubectl("apply", "-f", "manifests/samples/pipeline-ad-evaluate.yaml")
    items = {"s3": {"store": bucket.STORE, "prefix": f"{space.namespace}/"}}
    space.apply(batches.batch_of("shoes", "ad-evaluate", items, chunkSize=20, parallelism=4))
    return batches.ended(space, "shoes", seconds=SECONDS)


def test_297_are_measured_and_3_are_set_aside_each_with_its_reason(
    space: Space, names: list[str], batch: Document
) -> None:
    status = batch["status"]
    counts = (status["total"], status["done"], status["failed"])
    assert (*counts, status["summary"]) == (300, 297, 3, "CompletedWithFailures")
    told = {line["id"]: (line["state"], line["reason"]) for line in batches.ledger(space, "shoes")}
    assert told == {
        name: ("Failed", REASONS[number]) if number in REASONS else ("Done", "")
        for number, name in enumerate(names, 1)
    }
