"""The demo's batch: sixty real pictures but for two, and what is asked of the cluster."""

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image, UnidentifiedImageError

from hack.demo.batch import BatchDemo, show_batch
from hack.demo.pictures import CUT_OFF, NO_PICTURE, SIZE, draw
from hack.demo.preparing import ACCOUNT
from stagework.cli.cluster import Answer
from stagework.cli.commands.session import Session
from stagework.cli.service import ApiService
from tests.unit.cli.batches import ENDED, ended, photos
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, Request, as_stored, ok

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "manifests" / "samples"
UPLOADS = f"{PROXY}/v1/uploads/default/"
BATCHES = f"{GROUP}/namespaces/default/batches"
ASKED = f"{GROUP}/namespaces/default/interventions"


def test_all_pictures_but_two_are_whole_and_differ(tmp_path: Path) -> None:
    files = draw(SAMPLES / "sneaker.png", tmp_path, 60)
    assert len({file.read_bytes() for file in files}) == 60
    broken: list[int] = []
    for number, file in enumerate(files, 1):
        try:
            with Image.open(file) as picture:
                picture.load()
                assert picture.size == SIZE
        except (OSError, UnidentifiedImageError):
            broken.append(number)
    assert broken == [CUT_OFF, NO_PICTURE]


class Played(FakeCluster):
    """Takes uploads; a batch has ended as soon as somebody looks, a reprocess is answered."""

    def __init__(self) -> None:
        super().__init__()
        token = f"/api/v1/namespaces/default/serviceaccounts/{ACCOUNT}/token"
        self.routes["POST", token] = lambda _: ok({"status": {"token": "made"}}, 201)
        self.routes["POST", BATCHES] = self._make
        self.routes["POST", ASKED] = self._answer
        failed = [{"number": 16, "id": "shoe-17.png", "reason": "TruncatedPicture"}]
        rows: list[dict[str, Any]] = [
            {
                **dict.fromkeys(("uri", "message", "chunk", "machine", "ended"), ""),
                "state": "Failed",
                "attempts": 1,
                "seconds": None,
                "outputs": [],
                **item,
            }
            for item in failed
        ]
        where = f"{PROXY}/v1/batches/default/shoes/items"
        self.routes["GET", where] = lambda _: ok({"items": rows, "next": None})
        self.kept: dict[str, bytes] = {}

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """See Cluster."""
        if method == "PUT" and path.startswith(UPLOADS):
            self.routes[method, path] = self._keep
        return super().request(method, path, **more)

    def _keep(self, asked: Request) -> Answer:
        digest = hashlib.sha256(asked.body).hexdigest()[:8]
        name = unquote(asked.path.rsplit("/", 1)[-1])
        uri = f"artifact://default/uploads/{digest}/{name}"
        self.kept[uri] = asked.body
        return ok({"uri": uri}, 201)

    def _make(self, asked: Request) -> Answer:
        known = {**ENDED, "total": 60, "done": 58}
        end = ended("True", "CompletedWithFailures")
        batch = photos(known, end=end, name="shoes", **asked.json["spec"])
        self.objects[f"{BATCHES}/shoes"] = as_stored(batch)
        return ok(as_stored(batch), 201)

    def _answer(self, asked: Request) -> Answer:
        made = asked.json
        made["metadata"]["name"] = "shoes-reprocess-1"
        made["metadata"]["uid"] = "uid-asked"
        made["status"] = {"answered": "2026-11-03T09:02:00Z", "requested": 2, "affected": 2}
        return ok(made, 201)


@pytest.fixture
def cluster() -> Played:
    return Played()


def test_the_batch_runs_shows_what_failed_and_runs_that_again(
    cluster: Played, demo: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.add_batches(photos(name="shoes"))
    session = Session(lambda: cluster, now=demo.now, sleep=demo.sleep)
    service = ApiService(cluster, "stagework-system", "default", ACCOUNT)
    show_batch(session, service, BatchDemo(SAMPLES, 4, 600))
    printed = capsys.readouterr().out
    assert "batch.stagework.dev/shoes of an earlier time deleted" in printed
    assert "shoe-17.png   TruncatedPicture" in printed
    assert "requested 2, affected 2, refused 0" in printed
    (made,) = cluster.sent("POST", "/batches")
    assert made.json["spec"]["pipelineRef"] == {"name": "ad-evaluate"}
    listed = cluster.kept[made.json["spec"]["items"]["manifest"]].splitlines()
    ids = [json.loads(line)["id"] for line in listed]
    assert (len(ids), ids[:2]) == (4, ["shoe-01.png", "shoe-02.jpg"])
    (asked,) = cluster.sent("POST", "/interventions")
    assert asked.json["spec"]["select"] == {"states": ["Failed"]}
