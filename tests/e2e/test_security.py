"""stagework is no way around the cluster's own rules: rights, Pod Security, tokens, artifacts."""

import json

import pytest

from tests.support.cluster.api import OURS
from tests.support.cluster.commands import RELEASE_NAMESPACE
from tests.support.cluster.release import SERVICE
from tests.support.cluster.space import Space
from tests.support.cluster.stages import (
    MARK,
    named_run,
    pipeline,
    run_of,
    shell,
    unmarked,
    wrapped,
)
from tests.support.cluster.waiting import eventually
from tests.support.recorded import stages_of

JANE = "jane@example.org"
OPERATOR = f"system:serviceaccount:{RELEASE_NAMESPACE}:stagework-operator"
HTTP = """
import os, sys, urllib.error, urllib.request
method, path, body = sys.argv[1], sys.argv[2], sys.argv[3].encode() or None
headers = {} if len(sys.argv) > 4 else {
    "Authorization": "Bearer " + open(os.environ["STAGEWORK_TOKEN_FILE"]).read()}
if body:
    import hashlib
    headers["X-Content-SHA256"] = hashlib.sha256(body).hexdigest()
url = os.environ["STAGEWORK_API_URL"] + "/v1/" + path
try:
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    print(method, urllib.request.urlopen(request, timeout=30).status)
except urllib.error.HTTPError as error:
    print(method, error.code)
"""


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """A pipeline, a run whose artifacts are coveted, and a user with few rights."""
    space.kubectl("create", "configmap", "http", f"--from-literal=ask.py={HTTP}")
    space.apply(
        pipeline("given", shell("one")),
        run_of("owner", wrapped("secret", "mkdir -p out && echo mine > out/secret.txt")),
    )
    space.kubectl(
        *("create", "role", "pipelinejob-maker", "--verb=create,get,list,update,patch"),
        "--resource=pipelinejobs.stagework.dev,pipelines.stagework.dev",
    )
    space.kubectl(*("create", "rolebinding", "jane", "--role=pipelinejob-maker", f"--user={JANE}"))
    eventually(
        lambda: space.try_kubectl("auth", "can-i", "create", "pipelinejobs", user=JANE).ok,
        bool,
        seconds=30,
        otherwise=lambda: "the role binding has no effect",
    )


def test_who_may_not_create_pods_names_a_pipeline_and_writes_no_stages(space: Space) -> None:
    named = space.create(named_run("janes", "given"), user=JANE)
    assert named.ok, named.err
    space.wait_for_end("janes", "Completed")

    inline = space.create(run_of("janes-own", shell("one")), user=JANE)
    assert not inline.ok
    assert "only those who may create Pods in namespace" in inline.err
    assert "name a Pipeline in spec.pipelineRef instead" in inline.err

    defined = space.create(pipeline("janes-pipeline", shell("one")), user=JANE)
    assert not defined.ok
    changed = space.try_apply(pipeline("given", shell("one", "id")), user=JANE)
    assert not changed.ok
    assert "let somebody who has that right write the Pipeline" in changed.err


def test_another_runs_artifacts_are_refused(space: Space) -> None:
    owner = space.wait_for_end("owner", "Completed")
    pod = stages_of(owner)[0]["commit"]["pod"]
    prefix = f"{space.namespace}/{owner['metadata']['uid']}/one/1-{pod}"
    asks = [
        f"python3 /http/ask.py GET artifacts/{prefix}/secret.txt ''",
        f"python3 /http/ask.py GET artifacts/{prefix}/ ''",
        f"python3 /http/ask.py PUT artifacts/{prefix}/more.txt more",
        f"python3 /http/ask.py PUT artifacts/{prefix.rsplit('/', 1)[0]}/1-other/more.txt more",
        f"python3 /http/ask.py GET artifacts/{prefix}/secret.txt '' without-token",
        f"python3 /http/ask.py GET results/{'/'.join(prefix.split('/')[:3])}/1 ''",
    ]
    volumes = [{"name": "http", "mountPath": "/http", "configMap": "http"}]
    script = "; ".join([*asks, MARK])
    space.apply(run_of("thief", unmarked("one", script, volumes=volumes)))
    space.wait_for_end("thief", "Completed")
    answers = space.log_of("thief", "one").splitlines()
    assert answers == ["GET 403", "GET 403", "PUT 403", "PUT 403", "GET 401", "GET 403"]


@pytest.mark.parametrize("path", ["input", "heartbeats", "artifacts/a/b/c/1-d/e", "nothing"])
def test_nothing_of_the_api_service_answers_without_a_token(space: Space, path: str) -> None:
    assert space.api.request("GET", f"{SERVICE}/v1/{path}").status == 401
    forged = {"X-Stagework-Authorization": "Bearer nothing"}
    assert space.api.request("GET", f"{SERVICE}/v1/{path}", headers=forged).status == 401


def test_a_forged_mark_cannot_point_elsewhere(space: Space) -> None:
    """A mark's own words about places are ignored: the Pod that won tells them."""
    mark = (
        'printf \'{"v":1,"stage":"one","attempt":1,"pod":"%s","outcome":"Succeeded",'
        '"prefix":"kube-system/x","uri":"s3://evil"}\' "$STAGEWORK_POD_UID" '
        '> "$STAGEWORK_TERMINATION_FILE"'
    )
    space.apply(run_of("forger", unmarked("one", mark)))
    run = space.wait_for_end("forger", "Completed")
    assert stages_of(run)[0]["commit"]["pod"] == space.pod_of("forger", "one")["metadata"]["uid"]
    assert "evil" not in json.dumps(run["status"])
    assert "kube-system" not in json.dumps(run["status"])


def test_every_pod_of_the_release_passes_restricted(space: Space) -> None:
    answer = space.commands.must(
        *("label", "--dry-run=server", "--overwrite", "namespace", RELEASE_NAMESPACE),
        "pod-security.kubernetes.io/enforce=restricted",
    )
    assert "violate" not in answer.printed, answer.printed


def test_stage_pods_carry_no_token_for_the_api_server(space: Space) -> None:
    spec = space.pod_of("owner", "secret")["spec"]
    assert spec["automountServiceAccountToken"] is False
    sources = [
        source
        for volume in spec["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
    ]
    tokens = [
        source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source
    ]
    assert [token["audience"] for token in tokens] == ["stagework"]
    text = json.dumps(spec)
    assert "hostPath" not in text
    assert "kube-api-access" not in text


def test_any_program_by_its_exit_code_carries_no_token_at_all(space: Space) -> None:
    space.apply(run_of("stranger", shell("one", "env; find /run /var/run/ -name token; true")))
    space.wait_for_end("stranger", "Completed")
    spec = space.pod_of("stranger", "one")["spec"]
    assert all("emptyDir" in volume for volume in spec["volumes"])
    log = space.log_of("stranger", "one")
    assert "STAGEWORK_STAGE=one" in log
    assert "oken" not in log
    assert "TOKEN" not in log


@pytest.mark.parametrize(
    "what",
    [
        "get secrets",
        "list secrets",
        "create pods",
        "get pods/exec",
        "create pods/exec",
        "update pipelinejobs.stagework.dev",
        "patch pipelinejobs.stagework.dev",
        "list configmaps",
        "update configmaps",
        "patch nodes",
        "create rolebindings",
        "impersonate users",
    ],
)
def test_the_operator_may_not(space: Space, what: str) -> None:
    answer = space.try_kubectl("auth", "can-i", *what.split(), user=OPERATOR)
    assert answer.out.strip() == "no", answer.printed


def test_a_persons_status_is_the_operators_alone(space: Space) -> None:
    path = f"{OURS}/namespaces/{space.namespace}/pipelinejobs/janes/status"
    answer = space.api.request(
        "PATCH",
        path,
        body=b'{"status": {"summary": "Completed"}}',
        headers={"Content-Type": "application/merge-patch+json", "Impersonate-User": JANE},
    )
    assert answer.status == 403
