"""People upload, stages fetch what their run names, and nobody else's."""

import hashlib
from pathlib import Path

import pytest
from obstore.store import S3Store

from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore
from stagework.settings import S3Settings
from tests.unit.web.service import Service, running

CONTENT = b"a picture"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URI = f"artifact://team/uploads/{DIGEST}/shoes.png"


def pod_of(service: Service, uri: str, namespace: str = "team") -> str:
    return service.cluster.stage_pod(
        service.cluster.run(uri=uri, namespace=namespace), "img_gen", "pod-1"
    )


def test_an_upload_answers_its_address_and_the_run_reads_it(service: Service) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    for _ in range(2):  # the same file again changes nothing
        answer = service.ask("PUT", "/v1/uploads/team/shoes.png", alice, CONTENT)
        assert answer.status == 201
        assert answer.json == {"uri": URI, "size": 9, "sha256": DIGEST}
    assert service.stored() == [f"team/uploads/{DIGEST}/shoes.png"]
    fetched = service.ask("GET", "/v1/input", pod_of(service, URI))
    assert (fetched.status, fetched.body) == (200, CONTENT)
    assert fetched.headers["x-stagework-name"] == "shoes.png"


def test_a_name_with_spaces_and_hangul_survives_the_round_trip(service: Service) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    path = "/v1/uploads/team/%EC%8B%A0%EB%B0%9C%20a.png"
    uri = service.ask("PUT", path, alice, CONTENT).json["uri"]
    fetched = service.ask("GET", "/v1/input", pod_of(service, uri))
    assert fetched.headers["x-stagework-name"] == "%EC%8B%A0%EB%B0%9C%20a.png"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("elsewhere/x.png", 403),
        ("~/x.png", 400),
        ("*/x.png", 400),
        ("team/a/b.png", 400),
        ("team/..%2Fx", 400),
        ("team/.hidden", 400),
        ("team/", 400),
        ("TEAM/x", 400),
        (f"team/{'x' * 256}", 400),
    ],
)
def test_an_upload_elsewhere_or_under_no_name_is_refused(
    service: Service, path: str, status: int
) -> None:
    alice = service.cluster.person("alice", ("create", "team"), ("get", "elsewhere"))
    assert service.ask("PUT", f"/v1/uploads/{path}", alice, CONTENT).status == status
    assert service.stored() == []


def test_a_name_that_is_no_utf_8_is_refused_and_stands_for_no_other(service: Service) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    for name in ("a%FF.png", "a%C3.png", "%ED%A0%80"):
        answer = service.ask("PUT", f"/v1/uploads/team/{name}", alice, CONTENT)
        assert (answer.status, answer.json["error"]) == (400, "the path is not UTF-8")
    assert service.stored() == []


def test_an_upload_with_a_wrong_digest_is_refused(service: Service) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    answer = service.put("/v1/uploads/team/x", alice, CONTENT, sha256="0" * 64)
    assert answer.status == 422
    assert service.stored() == []


def test_a_stage_pod_does_not_upload_for_people(service: Service) -> None:
    token = pod_of(service, "")
    assert service.ask("PUT", "/v1/uploads/team/x", token, CONTENT).status == 403


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("", 404),
        (URI, 404),
        (URI.replace("//team/", "//elsewhere/"), 403),
        ("artifact://team/run-2/ocr/1-pod/x", 400),
        (f"artifact://team/uploads/{DIGEST}/../x", 400),
        (f"artifact://team/uploads/{DIGEST}/%2e%2e", 400),
        ("artifact://team/uploads/abc/x", 400),
        ("artifact://team", 400),
        ("s3://bucket/key", 403),
        ("https://example.org/x.png", 403),
        ("http://example.org/x.png", 400),
        ("file:///etc/passwd", 400),
        ("https://169.254.169.254/latest/meta-data", 403),
        ("https://[::1", 400),
        ("gopher://x", 400),
    ],
)
def test_an_input_that_cannot_be_is_a_clear_4xx(service: Service, uri: str, status: int) -> None:
    answer = service.ask("GET", "/v1/input", pod_of(service, uri))
    assert answer.status == status
    assert set(answer.json) == {"title", "status", "detail", "error", "hint"}


def test_people_do_not_fetch_inputs(service: Service) -> None:
    alice = service.cluster.person("alice", ("get", "team"))
    assert service.ask("GET", "/v1/input", alice).status == 403


class Elsewhere(LocalStore):
    """Gives addresses of its files, as a bucket does."""

    async def presign_get(self, key: str) -> str | None:
        """See Store."""
        return f"https://s3.example.org/{key}"


def test_a_page_that_may_ask_no_bucket_has_the_bytes_from_the_service(tmp_path: Path) -> None:
    path = "team/run-1/ocr/1-pod-1/a.txt"
    with running(tmp_path, Elsewhere(tmp_path, max_file_bytes=100)) as service:
        pod = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        assert service.put(f"/v1/artifacts/{path}", pod, b"alpha").status == 201
        ann = service.cluster.person("ann", ("get", "team"))
        assert service.ask("GET", f"/v1/artifacts/{path}", ann).status == 307
        answer = service.ask("GET", f"/v1/artifacts/{path}?redirect=false", ann)
        assert (answer.status, answer.body) == (200, b"alpha")
        bob = service.cluster.person("bob")
        assert service.ask("GET", f"/v1/artifacts/{path}?redirect=false", bob).status == 403


@pytest.fixture
def bucket(tmp_path: Path) -> ObjectStore:
    """A bucket that exists nowhere: signing needs no network."""
    backend = S3Store(
        "artifacts",
        prefix="work",
        endpoint="https://s3.example.org",
        region="us-east-1",
        access_key_id="id",
        secret_access_key="very-secret",
    )
    return ObjectStore(backend, max_file_bytes=100)


def test_with_s3_behind_it_reads_are_redirected_to_presigned_addresses(
    tmp_path: Path, bucket: ObjectStore
) -> None:
    s3 = S3Settings(
        endpoint="https://s3.example.org",
        bucket="artifacts",
        prefix="work",
        accessKeyIdFile="/none",
        secretAccessKeyFile="/none",
    )
    prefix = "team/run-1/ocr/1-pod-2"
    with running(tmp_path / "unused", bucket, s3=s3) as service:
        run = service.cluster.run(uri="s3://artifacts/work/elsewhere/inputs/x.png")
        service.cluster.commit(run, "ocr", prefix)
        token = service.cluster.stage_pod(run, "judge", "pod-1")
        answer = service.ask("GET", f"/v1/artifacts/{prefix}/a.txt", token)
        assert answer.status == 307
        location = answer.headers["location"]
        assert location.startswith("https://s3.example.org/artifacts/work/team/run-1/ocr/1-pod-2/")
        assert "X-Amz-Signature=" in location
        assert "very-secret" not in location
        # The bucket holds everybody's files; a run reads what is laid down for its namespace.
        assert service.ask("GET", "/v1/input", token).status == 403
