"""Stages and people against the real API service over a real S3-compatible server: artifacts go by
presigned addresses, and an address is good for its own file and purpose alone.
"""

import hashlib
import http.client
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import stagekit
from stagekit.context import Context
from stagework.artifacts.s3 import ObjectStore, connect
from stagework.artifacts.upload_signer import UploadSigner
from stagework.settings import S3Settings
from tests.support.s3server import Bucket, S3Server
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_over_http import PICTURE, QUICK, become
from tests.unit.web.batch_books import Operator
from tests.unit.web.service import MAX_FILE_BYTES, Service, running

NAMES = ("큰 그림.png", "a b+c&d=e.png", "100%.txt", "folder/deep/#1?.bin", "empty.txt")


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """Folders of the Pods."""
    monkeypatch.setattr("stagekit.contract.ALIVE_FILE", str(tmp_path / "alive"))
    return Local(tmp_path)


@pytest.fixture
def service(bucket: Bucket, keys: Path, tmp_path: Path) -> Iterator[Service]:
    """The API service, its artifacts in the bucket, below a prefix."""
    s3 = bucket.settings(keys, prefix="cluster-1/")
    known = S3Settings.model_validate(s3)
    store = ObjectStore(
        connect(known), max_file_bytes=MAX_FILE_BYTES, signer=UploadSigner.of(known)
    )
    with running(tmp_path / "volume", store, s3=s3) as started:
        yield started


def test_two_stages_and_an_upload_with_every_byte_past_the_service(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service, bucket: Bucket
) -> None:
    alice = service.cluster.person("alice", ("create", "team"), ("get", "team"))
    uri = service.ask("PUT", "/v1/uploads/team/a%20shoe.png", alice, PICTURE).json["uri"]
    first = become(local, monkeypatch, service, "img_gen", "pod-1", uri=uri)

    def img_gen(ctx: Context) -> None:
        given = ctx.inputs.source()
        assert given is not None
        assert (given.name, given.read_bytes()) == ("a shoe.png", PICTURE)
        for name in NAMES:
            (ctx.outputs / name).parent.mkdir(parents=True, exist_ok=True)
            (ctx.outputs / name).write_bytes(b"" if name == "empty.txt" else name.encode())

    assert stagekit.main({"img_gen": img_gen}, ["x"], QUICK) == 0
    written = {key.removeprefix(f"cluster-1/{first}/") for key in bucket.laid()}
    assert {*NAMES, "result.json"} <= written
    result = (bucket.folder / "cluster-1" / first / "result.json").read_bytes()
    assert local.mark["digest"] == hashlib.sha256(result).hexdigest()
    service.cluster.commit(service.cluster.runs["team", "ad"], "img_gen", first)
    inputs = {"img_gen": first}
    become(local, monkeypatch, service, "judge", "pod-2", inputs=inputs, uri=uri)

    def judge(ctx: Context) -> None:
        for name in NAMES:
            content = b"" if name == "empty.txt" else name.encode()
            assert ctx.inputs.file("img_gen", name).read_bytes() == content

    assert stagekit.main({"judge": judge}, ["x"], QUICK) == 0
    operator = service.cluster.operator()
    results = service.ask("GET", "/v1/results/team/run-1/judge/1", operator).json["results"]
    assert [found["digest"] for found in results] == [local.mark["digest"]]
    assert service.stored() == []
    assert bucket.unfinished() == []


def _sent(method: str, address: str, body: bytes = b"", digest_of: bytes | None = None) -> int:
    """`digest_of`: whose digest is sent along; the body's own if nothing else is said."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    digest = hashlib.sha256(body if digest_of is None else digest_of).digest()
    headers = {"x-amz-checksum-sha256": b64encode(digest).decode()} if method == "PUT" else {}
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body or None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


FILE = "/v1/artifacts/team/run-1/ocr/1-pod-1/a.txt"


def test_an_address_is_good_for_its_own_file_and_purpose_alone(
    service: Service, bucket: Bucket
) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    digest = hashlib.sha256(b"content").hexdigest()
    head = {"X-Content-SHA256": digest, "X-Stagework-Checksum": "sha256"}
    answer = service.ask("PUT", FILE, token, b"content", head)
    writing = answer.headers["location"]
    assert (answer.status, answer.headers["cache-control"]) == (307, "no-store")
    assert bucket.server.secret not in writing
    bucket.lay("cluster-1/team/run-1/ocr/1-pod-1/b.txt", b"another's")
    assert _sent("PUT", writing.replace("/a.txt?", "/b.txt?"), b"forged") == 403
    assert _sent("DELETE", writing) == 403
    assert _sent("GET", writing) == 403
    assert _sent("PUT", writing.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"), b"x") == 403
    # Other bytes, another length, another digest: not even with the digest that was signed.
    assert _sent("PUT", writing, b"forgery") == 403
    assert _sent("PUT", writing, b"longer content", b"content") == 403
    assert _sent("PUT", writing, b"forgery", b"content") == 400
    assert _sent("PUT", writing, b"content") == 200
    alice = service.cluster.person("alice", ("get", "team"))
    reading = service.ask("GET", FILE, alice).headers["location"]
    assert _sent("PUT", reading, b"forged") == 403
    assert _sent("GET", reading.replace("/a.txt?", "/b.txt?")) == 403
    assert _sent("GET", reading) == 200
    files = bucket.folder / "cluster-1/team/run-1/ocr/1-pod-1"
    assert {path.name: path.read_bytes() for path in files.iterdir()} == {
        "a.txt": b"content",
        "b.txt": b"another's",
    }


def test_a_stage_waits_for_a_store_that_is_away(
    local: Local,
    monkeypatch: pytest.MonkeyPatch,
    server: S3Server,
    service: Service,
    bucket: Bucket,
) -> None:
    prefix = become(local, monkeypatch, service, "ocr", "pod-1")

    def ocr(ctx: Context) -> None:
        (ctx.outputs / "a.txt").write_text("content")
        server.stop()

    def start_again(_seconds: float) -> None:
        server.start()

    patient = replace(QUICK, total_seconds=60, sleep=start_again)
    assert stagekit.main({"ocr": ocr}, ["x"], patient) == 0
    assert (bucket.folder / "cluster-1" / prefix / "a.txt").read_text() == "content"


def test_items_laid_down_for_a_namespace_are_given_by_address(
    service: Service, bucket: Bucket
) -> None:
    bucket.lay("cluster-1/team/inputs/a.png", b"a picture")
    bucket.lay("cluster-1/other/inputs/a.png", b"another's")
    own = f"s3://{bucket.name}/cluster-1/team/inputs/a.png"
    inline = [{"uri": own}, {"uri": own.replace("/team/", "/other/")}]
    frozen = Operator(service).freeze(inline=inline)
    assert (frozen.json["total"], frozen.json["unreadableCount"]) == (1, 1)
