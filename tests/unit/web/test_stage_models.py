"""The archive that a stage's own manifest names: read by its Pod, and by nobody else's."""

import hashlib

import pytest

from tests.unit.web.service import Service

CONTENT = b"an archive"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URI = f"artifact://team/uploads/{DIGEST}/shoes.zip"


def pod_naming(service: Service, model: str, namespace: str = "team") -> str:
    run = service.cluster.run(namespace=namespace)
    return service.cluster.stage_pod(run, "yolo_detect", "pod-1", model=model)


@pytest.fixture
def uploaded(service: Service) -> Service:
    """The service with the archive in it."""
    alice = service.cluster.person("alice", ("create", "team"))
    assert service.ask("PUT", "/v1/uploads/team/shoes.zip", alice, CONTENT).json["uri"] == URI
    return service


def test_a_stage_reads_the_model_that_its_manifest_names(uploaded: Service) -> None:
    answer = uploaded.ask("GET", "/v1/model", pod_naming(uploaded, URI))
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["x-stagework-name"] == "shoes.zip"


@pytest.mark.parametrize(
    ("model", "namespace", "status"),
    [
        ("", "team", 404),
        (URI, "elsewhere", 403),
        (f"artifact://team/uploads/{'0' * 64}/shoes.zip", "team", 404),
        ("artifact://team/run-1/ocr/1-pod/x.zip", "team", 400),
        (f"artifact://team/uploads/{DIGEST}/../{DIGEST}/shoes.zip", "team", 400),
        (f"artifact://team/uploads/{DIGEST}/..%2Fshoes.zip", "team", 400),
        ("/models/shoes", "team", 400),
        ("https://example.org/shoes.zip", "team", 400),
        ("s3://artifacts/team/inputs/shoes.zip", "team", 400),
        ("artifact://[x", "team", 400),
        ("$(STAGEWORK_PARAM_MODEL)", "team", 400),
    ],
)
def test_anything_else_is_refused(
    uploaded: Service, model: str, namespace: str, status: int
) -> None:
    answer = uploaded.ask("GET", "/v1/model", pod_naming(uploaded, model, namespace))
    assert answer.status == status
    assert answer.json["error"]


def test_the_address_in_the_request_changes_nothing(uploaded: Service) -> None:
    token = pod_naming(uploaded, "")
    assert uploaded.ask("GET", f"/v1/model?uri={URI}", token).status == 404
    assert (
        uploaded.ask("GET", f"/v1/artifacts/team/uploads/{DIGEST}/shoes.zip", token).status != 200
    )


def test_only_stage_pods_have_a_model(uploaded: Service) -> None:
    alice = uploaded.cluster.person("alice", ("get", "team"))
    assert uploaded.ask("GET", "/v1/model", alice).status == 403
