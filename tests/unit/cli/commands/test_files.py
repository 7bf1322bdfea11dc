import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stagework.api import names
from stagework.cli.cluster import Answer
from stagework.cli.service import ApiService, meant_for_us
from tests.support.builders.written_runs import UID, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import (
    GROUP,
    PROXY,
    TICKETS,
    FakeCluster,
    Request,
    ok,
    status,
)

TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"
PREFIX = f"default/{UID}/ocr_eval/1-pod"
RESULT = json.dumps(
    {
        "stage": "ocr_eval",
        "method": "tesseract",
        "values": {"cer": 0.02},
        "files": [{"path": "a.txt", "sha256": hashlib.sha256(b"hello").hexdigest()}],
    }
).encode()


def jwt(audience: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"aud": audience}).encode()).decode().rstrip("=")
    return f"h.{claims}.s"


def make_tokens(cluster: FakeCluster, namespace: str = "default") -> None:
    """The API server makes tokens of the namespace's account."""
    path = TOKEN.replace("/default/", f"/{namespace}/", 1)
    cluster.routes["POST", path] = lambda _: ok({"status": {"token": "made"}}, 201)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "my shoe.png"
    file.write_bytes(b"picture")
    return file


def _file(body: bytes) -> Callable[[Request], Answer]:
    return lambda _: Answer(200, body)


def serve(cluster: FakeCluster, files: dict[str, bytes], digest: str | None = None) -> None:
    """A finished run whose one stage has these files."""
    outcome = hashlib.sha256(files.get("result.json", b"")).hexdigest()
    done = stage("ocr_eval", "Succeeded", prefix=PREFIX, digest=digest or outcome)
    cluster.add(run_of(done, stage("iou_eval"), summary=names.COMPLETED))
    base = f"{PROXY}/v1/artifacts/{PREFIX}/"
    listed = {"files": [{"path": path, "size": len(body)} for path, body in files.items()]}
    cluster.routes["GET", base] = lambda _: ok(listed)
    for path, body in files.items():
        cluster.routes["GET", base + path] = _file(body)


def test_an_upload_prints_its_address_and_how_to_use_it(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    seen: list[Request] = []

    def take(asked: Request) -> Answer:
        seen.append(asked)
        return ok({"uri": "artifact://default/uploads/abc/my%20shoe.png"}, 201)

    cluster.routes["PUT", f"{PROXY}/v1/uploads/default/my%20shoe.png"] = take
    outcome = cli("upload", picture)
    assert outcome.code == 0
    assert outcome.lines == [
        "artifact://default/uploads/abc/my%20shoe.png",
        "",
        "In a PipelineJob of this namespace:",
        "spec:",
        "  input:",
        "    uri: artifact://default/uploads/abc/my%20shoe.png",
    ]
    assert seen[0].body == b"picture"
    assert seen[0].headers["X-Stagework-Authorization"] == "Bearer ticket-1"
    assert seen[0].headers["Content-Length"] == "7"
    assert seen[0].headers["X-Content-SHA256"] == hashlib.sha256(b"picture").hexdigest()


def test_a_person_signs_in_as_themselves_and_the_secret_is_written_nowhere(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    done = ok({"uri": "artifact://x"}, 201)
    cluster.routes["PUT", f"{PROXY}/v1/uploads/ads/my%20shoe.png"] = lambda _: done
    cluster.user = {"username": "jane", "groups": ["a", "b"], "extra": {"k": ["v"]}, "uid": ""}
    assert cli("upload", picture, "-n", "ads").code == 0
    (made,) = cluster.sent("POST", "/namespaces/ads/signins")
    (shown,) = cluster.sent("POST", "/v1/tickets")
    scheme, _, proof = shown.headers["X-Stagework-Authorization"].partition(" ")
    namespace, name, secret = proof.split("/")
    assert (scheme, namespace, name) == ("SignIn", "ads", "cli-00001")
    assert made.json["spec"] == {
        "username": "jane",
        "groups": ["a", "b"],
        "extra": {"k": ["v"]},
        "secretDigest": hashlib.sha256(secret.encode()).hexdigest(),
    }
    assert not [request for request in cluster.requests if secret.encode() in request.body]
    assert cluster.sent("POST", "/token") == []


def test_one_ticket_does_for_a_command_and_each_command_has_its_own(
    cli: Cli, cluster: FakeCluster, tmp_path: Path
) -> None:
    serve(cluster, {"result.json": RESULT, "a.txt": b"hello"})
    for _ in range(2):
        assert cli("results", "ad-1", "--to", tmp_path).code == 0
    tickets = [
        request.headers["X-Stagework-Authorization"]
        for request in cluster.requests
        if "/v1/artifacts/" in request.path
    ]
    assert tickets == ["Bearer ticket-1"] * 3 + ["Bearer ticket-2"] * 3


def test_a_ticket_is_renewed_before_its_ten_minutes_are_over(cluster: FakeCluster) -> None:
    time = [0.0]
    service = ApiService(cluster, "stagework-system", "default", clock=lambda: time[0])
    cluster.routes["GET", f"{PROXY}/v1/runs"] = lambda _: ok({})
    for seconds in (0, 479, 481, 900, 962):
        time[0] = seconds
        service.read("/v1/runs", {})
    shown = [
        request.headers["X-Stagework-Authorization"][-1]
        for request in cluster.sent("GET", "/v1/runs")
    ]
    assert shown == ["1", "1", "2", "2", "3"]


def test_a_service_that_gives_no_tickets_says_why_and_what_else_there_is(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    no = ok({"error": "no tickets are given", "hint": "use --service-account"}, 403)
    cluster.routes["POST", TICKETS] = lambda _: no
    outcome = cli("upload", picture)
    assert outcome.code == 1
    assert outcome.err.splitlines()[0] == (
        "error: sign in to the API service: no tickets are given (use --service-account)"
    )


def test_who_may_not_sign_in_learns_the_role_that_has_it(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    text = (
        'signins.stagework.dev is forbidden: User "jane" cannot create resource "signins" in API '
        'group "stagework.dev" in the namespace "default"'
    )
    path = f"{GROUP}/namespaces/default/signins"
    cluster.routes["POST", path] = lambda _: status(403, text)
    assert "next: kubectl create rolebinding stagework-view" in cli("upload", picture).err


def test_a_service_account_speaks_only_where_it_is_named(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    make_tokens(cluster)
    done = ok({"uri": "artifact://x"}, 201)
    cluster.routes["PUT", f"{PROXY}/v1/uploads/default/my%20shoe.png"] = lambda _: done
    assert cli("upload", picture, "--service-account", "default").code == 0
    sent = cluster.sent("PUT", "/my%20shoe.png")[0].headers["X-Stagework-Authorization"]
    assert sent == "Bearer made"
    assert cluster.sent("POST", "/token")[0].json["spec"] == {
        "audiences": ["stagework"],
        "expirationSeconds": 600,
    }


@pytest.mark.parametrize(
    ("options", "speaker", "command"),
    [
        ((), "jane", "stagework-edit -n ads --clusterrole=stagework-edit --user=jane"),
        (
            ("--service-account", "default"),
            "ServiceAccount ads/default",
            (
                "default-stagework-edit -n ads "
                "--clusterrole=stagework-edit --serviceaccount=ads:default"
            ),
        ),
    ],
    ids=["a person", "an account"],
)
def test_a_refused_upload_names_the_right_and_the_command_that_grants_it(
    cli: Cli,
    cluster: FakeCluster,
    picture: Path,
    *,
    options: tuple[str, ...],
    speaker: str,
    command: str,
) -> None:
    no = ok({"error": "you may not create pipelinejobs", "hint": "ask"}, 403)
    cluster.routes["PUT", f"{PROXY}/v1/uploads/ads/my%20shoe.png"] = lambda _: no
    make_tokens(cluster, "ads")
    outcome = cli("upload", picture, "-n", "ads", *options)
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        (
            "error: upload my shoe.png: you may not create pipelinejobs: "
            f"{speaker} needs the right to create pipelinejobs in ads"
        ),
        f"  next: kubectl create rolebinding {command}",
    ]


def test_the_kubeconfigs_token_is_used_only_if_it_was_issued_for_us(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    done = ok({"uri": "artifact://x"}, 201)
    cluster.routes["PUT", f"{PROXY}/v1/uploads/default/my%20shoe.png"] = lambda _: done
    cluster.bearer_token = jwt(["https://kubernetes.default.svc"])
    cli("upload", picture)
    assert len(cluster.sent("POST", "/tickets")) == 1
    cluster.bearer_token = jwt(["stagework"])
    cli("upload", picture)
    assert len(cluster.sent("POST", "/tickets")) == 1
    sent = cluster.sent("PUT", "/my%20shoe.png")[-1].headers["X-Stagework-Authorization"]
    assert sent == f"Bearer {cluster.bearer_token}"


def test_only_a_jwt_with_our_audience_is_meant_for_us() -> None:
    assert meant_for_us(jwt("stagework"))
    assert not meant_for_us(jwt("https://kubernetes.default.svc"))
    assert not meant_for_us("opaque")
    assert not meant_for_us("a.%%%.c")


@pytest.mark.parametrize(
    ("answer", "text", "command"),
    [
        (status(404, "no", name="stagework-api"), "there is no Service", "kubectl get services"),
        (status(503, "no endpoints"), "does not answer", "kubectl get pods -n stagework-system"),
        (ok({"error": "disk full", "hint": "enlarge"}, 507), "disk full (enlarge)", "kubectl logs"),
    ],
    ids=["no service", "no endpoints", "its own error"],
)
def test_an_api_service_that_cannot_help_is_explained(
    cli: Cli, cluster: FakeCluster, picture: Path, *, answer: Answer, text: str, command: str
) -> None:
    cluster.routes["PUT", f"{PROXY}/v1/uploads/default/my%20shoe.png"] = lambda _: answer
    outcome = cli("upload", picture)
    assert outcome.code == 1
    assert text in outcome.err
    assert f"next: {command}" in outcome.err


def test_an_absent_service_account_names_the_command_that_makes_it(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    cluster.routes["POST", TOKEN] = lambda _: status(404, "no", name="default")
    outcome = cli("upload", picture, "--service-account", "default")
    assert "next: kubectl create serviceaccount default -n default" in outcome.err


def test_a_file_that_is_empty_or_absent_is_an_error(cli: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    assert "is empty" in cli("upload", empty).err
    assert "No such file" in cli("upload", tmp_path / "nope.png").err


def test_results_are_fetched_checked_and_shown(
    cli: Cli, cluster: FakeCluster, tmp_path: Path
) -> None:
    serve(cluster, {"result.json": RESULT, "a.txt": b"hello", "sub/composed.png": b"png"})
    outcome = cli("results", "ad-1", "--to", tmp_path)
    assert outcome.code == 0
    assert (tmp_path / "ocr_eval" / "a.txt").read_bytes() == b"hello"
    assert outcome.lines == [
        "STAGE      VALUE   RESULT   METHOD",
        "ocr_eval   cer     0.02     tesseract",
        "",
        f"3 files of 1 stages in {tmp_path}/",
        f"  {tmp_path}/ocr_eval/sub/composed.png",
    ]


def test_a_damaged_file_is_removed_and_told(cli: Cli, cluster: FakeCluster, tmp_path: Path) -> None:
    serve(cluster, {"result.json": RESULT, "a.txt": b"hullo"})
    outcome = cli("results", "ad-1", "--to", tmp_path)
    assert outcome.code == 1
    assert "arrived damaged" in outcome.err
    assert not (tmp_path / "ocr_eval" / "a.txt").exists()


def test_another_result_than_the_committed_one_is_refused(
    cli: Cli, cluster: FakeCluster, tmp_path: Path
) -> None:
    serve(cluster, {"result.json": RESULT}, digest="0" * 64)
    assert cli("results", "ad-1", "--to", tmp_path).code == 1


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\evil"])
def test_a_file_never_lands_outside_its_folder(
    cli: Cli, cluster: FakeCluster, tmp_path: Path, path: str
) -> None:
    serve(cluster, {path: b"x"})
    outcome = cli("results", "ad-1", "--to", tmp_path / "out")
    assert outcome.code == 1
    assert "refused to write a file that calls itself" in outcome.err
    assert [path.name for path in tmp_path.rglob("evil")] == []


def test_a_run_without_outputs_says_what_to_wait_for(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(stage("a", "Running")))
    outcome = cli("results", "ad-1")
    assert outcome.code == 1
    assert "next: stagework wait ad-1" in outcome.err


def test_a_finished_run_without_outputs_is_not_waited_for(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(stage("a", "Succeeded"), summary=names.COMPLETED))
    outcome = cli("results", "ad-1")
    assert "has no outputs" in outcome.err
    assert "next: stagework status ad-1" in outcome.err


def test_a_missing_right_to_make_tokens_names_the_commands_that_grant_it(
    cli: Cli, cluster: FakeCluster, picture: Path
) -> None:
    text = (
        'serviceaccounts "default" is forbidden: User "jane" cannot create resource '
        '"serviceaccounts/token" in API group "" in the namespace "default"'
    )
    cluster.routes["POST", TOKEN] = lambda _: status(403, text)
    outcome = cli("upload", picture, "--service-account", "default")
    assert outcome.code == 1
    assert (
        "--verb=create --resource=serviceaccounts/token && kubectl create rolebinding"
        in outcome.err
    )


@pytest.mark.parametrize("prefix", [f"others/{UID}/ocr_eval/1-pod", "default/other/ocr_eval/1-pod"])
def test_no_place_that_a_status_names_is_asked_for(
    cli: Cli, cluster: FakeCluster, tmp_path: Path, prefix: str
) -> None:
    cluster.add(run_of(stage("ocr_eval", "Succeeded", prefix=prefix), summary=names.COMPLETED))

    cli("results", "ad-1", "--to", tmp_path / "out")

    asked = [request.path for request in cluster.requests if "artifacts" in request.path]
    assert asked
    assert all(f"artifacts/default/{UID}/ocr_eval/1-pod" in path for path in asked)
