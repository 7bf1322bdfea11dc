"""Many pictures in one Batch: counted item by item, the broken ones set aside and run again."""

import json
import struct
import zlib

import pytest

from tests.support.cluster import batches
from tests.support.cluster.api import OURS
from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import API_VERSION, item_stage
from tests.support.cluster.uploads import upload
from tests.support.cluster.waiting import condition_of, eventually

ITEMS = 40
CHUNK = 10
REFUSED = {7, 23}
"""Pictures that end in their middle."""
DEADLY = 31
"""What takes its whole Pod along."""
SECONDS = 420.0


def png() -> bytes:
    """A picture of one grey dot."""

    def part(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", zlib.compress(b"\0\x80"))
        + part(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def addresses(space: Space, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three uploads that the items share: a whole picture, a broken one, a deadly one."""
    folder = tmp_path_factory.mktemp("pictures")
    contents = {"whole.png": png(), "half.png": png()[:40], "deadly.png": b"DIE"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: upload(space, folder / name) for name in contents}


@pytest.fixture(scope="module")
def batch(space: Space, addresses: dict[str, str]) -> Document:
    """The batch at its end."""
    space.apply(
        {
            "apiVersion": API_VERSION,
            "kind": "Pipeline",
            "metadata": {"name": "check"},
            "spec": {"stages": [item_stage("check", retries=0)]},
        },
        {
            "apiVersion": API_VERSION,
            "kind": "Batch",
            "metadata": {"name": "pictures"},
            "spec": {
                "pipelineRef": {"name": "check"},
                "items": {"inline": [_item(number, addresses) for number in range(ITEMS)]},
                "chunkSize": CHUNK,
                "parallelism": 3,
            },
        },
    )
    return batches.ended(space, "pictures", seconds=SECONDS)


def test_every_item_is_counted_once_and_one_that_kills_its_pod_costs_nobody_else(
    batch: Document,
) -> None:
    status = batch["status"]
    assert (status["done"], status["failed"], status["total"]) == (37, 3, ITEMS)
    assert (status["summary"], status["percent"]) == ("CompletedWithFailures", "100.0")
    assert condition_of(batch, "Succeeded") == "True"
    samples = {sample["id"]: sample["reason"] for sample in status["failedSamples"]}
    assert set(samples) == {"picture-7", "picture-23", f"picture-{DEADLY}"}
    assert samples["picture-7"] == samples["picture-23"] == "TruncatedPicture"


def test_no_run_of_a_chunk_is_left(space: Space, batch: Document) -> None:
    assert batch["status"].get("open", []) == []
    eventually(
        lambda: space.api.items(f"{OURS}/namespaces/{space.namespace}/pipelinejobs"),
        lambda runs: not runs,
        seconds=60,
        otherwise=lambda: space.kubectl("get", "pj").printed,
    )


def test_kubectl_shows_it_in_a_line(space: Space, batch: Document) -> None:
    head, line = space.kubectl("get", "batches").out.splitlines()
    assert head.split() == ["NAME", "STATUS", "DONE", "FAILED", "TOTAL", "PERCENT", "ETA", "AGE"]
    assert line.split()[:6] == ["pictures", "CompletedWithFailures", "37", "3", "40", "100.0"]
    assert batch["status"]["message"]


def test_exactly_the_failed_ones_run_again(space: Space, batch: Document) -> None:
    answer = batches.reprocess(space, batch)
    assert (answer["requested"], answer["affected"]) == (3, 3), json.dumps(answer)
    status = batches.ended(space, "pictures", of_round=1, seconds=SECONDS)["status"]
    assert (status["done"], status["failed"], status["roundTotal"]) == (37, 3, 3)


def _item(number: int, addresses: dict[str, str]) -> Document:
    name = "half.png" if number in REFUSED else "deadly.png" if number == DEADLY else "whole.png"
    return {"id": f"picture-{number}", "uri": addresses[name]}
