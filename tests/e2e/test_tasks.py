"""The built-in tasks on the cluster, each by its effect: by their schedules, and by hand.

The release of the stories has all of them on, in one namespace, at a time that does not come. What
is fetched comes from a site in the story's namespace: its certificate is trusted
by Jobs that are printed, changed for it, and made by hand.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from stagework.api.tasks import TASKS, task_object_name
from tests.support.cluster.api import OURS, Api
from tests.support.cluster.commands import RELEASE_NAMESPACE, Commands, Document
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import (
    TOOLS_IMAGE,
    object_of,
    pipeline,
    run_of,
    shell,
)
from tests.support.cluster.tasks import HOST, NAMESPACE, NEVER, PORT, SITE
from tests.support.cluster.waiting import eventually
from tests.support.websites import certify

SECONDS = 180.0
NEW = secrets.token_hex(4)
"""The tasks remember what they have done, longer than the runs are there."""
ENTRIES = [{"id": f"{NEW}-1", "text": "shoes"}, {"id": f"{NEW}-2", "text": "hats"}]
FEED = f"id,title,image_link\n{NEW}-7,Boots,\n{NEW}-8,Coats,\n"
SERVE = f"""
import http.server, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/site/crt", "/site/key")
handler = lambda *given: http.server.SimpleHTTPRequestHandler(*given, directory="/site")
server = http.server.HTTPServer(("", {PORT}), handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def space(api: Api, commands: Commands, release: Release) -> Iterator[Space]:
    """The namespace that the release's tasks may act in, empty before and after."""
    del release  # it is up
    made = Space(NAMESPACE, api, commands)
    _empty(made)
    yield made
    _empty(made)


def _empty(space: Space) -> None:
    ours = "schj,bt,pj,pl,iv"
    space.kubectl("delete", f"{ours},pod,service", "--all", "--timeout=120s")
    space.kubectl("delete", "configmap", "site", "--ignore-not-found")


@pytest.fixture(scope="module")
def site(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base address of an https server in the namespace."""
    folder = tmp_path_factory.mktemp("site")
    certify(folder, SITE)
    files = {name: (folder / name).read_text() for name in ("crt", "key")}
    data = {**files, "entries.json": json.dumps(ENTRIES), "feed.csv": FEED}
    space.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site"}, "data": data},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "site"},
            "spec": {"selector": {"app": "site"}, "ports": [{"port": PORT}]},
        },
        _site_pod(),
    )
    space.kubectl("wait", "--for=condition=Ready", "pod/site", "--timeout=90s")
    # The tasks' Pods are in another namespace: what they trust is there.
    trusted = {"name": "site", "namespace": RELEASE_NAMESPACE}
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": trusted, "data": files}
    space.commands.must("apply", "-f", "-", stdin=json.dumps(found))
    yield f"https://{HOST}"
    space.commands.must("-n", RELEASE_NAMESPACE, "delete", "configmap", "site")


def _site_pod() -> Document:
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "site",
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", SERVE],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "securityContext": restricted,
        "volumeMounts": [{"name": "site", "mountPath": "/site"}],
    }
    nobody = {"runAsNonRoot": True, "runAsUser": 10001}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "site", "labels": {"app": "site"}},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "site", "configMap": {"name": "site"}}],
            "securityContext": {**nobody, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": 1,
        },
    }


# --- by their schedules ---------------------------------------------------------------------------


def test_each_has_its_schedule_as_the_values_have_it(space: Space) -> None:
    expected = {task_object_name(task): NEVER for task in TASKS}

    def schedules() -> dict[str, str]:
        found = space.api.items(f"{OURS}/namespaces/{RELEASE_NAMESPACE}/scheduledjobs")
        return {s["metadata"]["name"]: s["spec"]["schedule"].get("cron", "") for s in found}

    eventually(
        schedules,
        lambda seen: seen == expected,
        seconds=SECONDS,
        otherwise=lambda: str(schedules()),
    )


def test_the_health_check_finds_the_release_well(space: Space) -> None:
    said = run_now(space, "health_check")
    states = {part["name"]: part["state"] for part in said["checks"]}
    for part in ("api-server", "operator", "api-service", "store", "artifact-store"):
        assert states[part] == "ok", said


def test_the_digest_tells_of_what_was_done(space: Space) -> None:
    space.apply(run_of("told-of", shell("one")))
    space.wait_for_end("told-of", "Completed")
    said = eventually(
        lambda: run_now(space, "notification"),
        lambda said: said["done"] >= 1,
        seconds=SECONDS,
        otherwise=lambda: "the digest knows of nothing that was done",
    )
    assert said["message"]["title"]


def test_the_clean_up_deletes_what_has_ended_and_nothing_else(space: Space) -> None:
    space.apply(run_of("ended", shell("one")), run_of("asleep", shell("one"), suspend=True))
    space.wait_for_end("ended", "Completed")
    eventually(
        lambda: run_now(space, "data_cleanup"),
        lambda _: space.is_gone("ended"),
        seconds=SECONDS,
        otherwise=lambda: "a run that has ended is still there",
    )
    assert not space.is_gone("asleep")
    space.kubectl("delete", "pj", "asleep")


def test_a_backup_is_restored_into_an_empty_namespace(space: Space) -> None:
    template = {"pipelineJob": {"pipelineRef": {"name": "kept"}}}
    nightly = {"schedule": {"intervalSeconds": 5}, "template": template}
    space.apply(
        pipeline("kept", shell("one")),
        object_of("ScheduledJob", "nightly", nightly),
        run_of("past", shell("one")),
        run_of("unfinished", shell("one", "sleep 600")),
    )
    space.wait_for_end("past", "Completed")
    uid = space.run("past")["metadata"]["uid"]
    eventually(
        lambda: seen(space, "nightly"),
        lambda status: status.get("stats", {}).get("successfulExecutions", 0) >= 1,
        seconds=SECONDS,
        otherwise=lambda: str(seen(space, "nightly")),
    )
    space.kubectl("patch", "schj", "nightly", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    before = eventually(
        lambda: seen(space, "nightly"),
        lambda status: status.get("summary") == "Suspended" and not status.get("active"),
        seconds=SECONDS,
        otherwise=lambda: str(seen(space, "nightly")),
    )
    assert run_now(space, "backup")["objects"] >= 4
    space.kubectl("delete", "schj,pl,pj", "--all", "--timeout=120s")

    said = by_hand(space, "restore", {})

    assert any(title.endswith("/nightly") for title in said["made"]), said
    space.kubectl("get", "pl", "kept")
    after = seen(space, "nightly")
    assert after["lastScheduleTime"] == before["lastScheduleTime"]
    assert after["stats"] == before["stats"]
    assert space.run("unfinished")["spec"]["suspend"] is True
    assert space.is_gone("past"), "what has ended is history, and no object"
    told = space.stagework("history", "past", "-o", "json")
    assert told.ok, told.printed
    assert uid in told.out
    space.kubectl("delete", "pj", "unfinished")


# --- by hand --------------------------------------------------------------------------------------


def test_new_entries_of_an_endpoint_become_runs_once(space: Space, site: str) -> None:
    space.apply(taking("prompt"))
    mapping = {"id": "/id", "params": {"prompt": "/text"}}
    data = {"url": f"{site}/entries.json", "pipeline": "taking", "mapping": mapping}
    check_made(space, "api_sync", data, {"shoes", "hats"})


def test_products_of_a_feed_become_runs_once(space: Space, site: str) -> None:
    space.apply(taking("prompt"))
    mapping = {"id": "/id", "params": {"prompt": "/title"}}
    data = {"url": f"{site}/feed.csv", "pipeline": "taking", "mapping": mapping}
    check_made(space, "meta_catalog_ad", data, {"Boots", "Coats"})


def taking(param: str) -> Document:
    return pipeline("taking", shell("one"), params=[{"name": param, "required": True}])


def check_made(space: Space, task: str, data: Document, prompts: set[str]) -> None:
    given = {**data, "namespace": space.namespace}
    by_hand(space, task, given, trusting=True)
    made = [run for run in runs(space) if run["spec"].get("params", {}).get("prompt") in prompts]
    assert {run["spec"]["params"]["prompt"] for run in made} == prompts
    for run in made:
        space.wait_for_end(run["metadata"]["name"], "Completed")
    count = len(runs(space))
    by_hand(space, task, given, trusting=True)
    assert len(runs(space)) == count, "what was done is not done again"


# --- how tasks are run ----------------------------------------------------------------------------


def run_now(space: Space, task: str) -> Document:
    """By its schedule; answers what its Job has printed."""
    name = task_object_name(task)
    before = stats_of(space, name)
    asked = space.commands.stagework("schedule", "run-now", name, "-n", RELEASE_NAMESPACE)
    assert asked.ok, asked.printed

    def status() -> Document:
        return seen(space, name, RELEASE_NAMESPACE)

    ended = eventually(
        status,
        lambda now: now.get("stats", {}).get("totalExecutions", 0) > before and not now["active"],
        seconds=SECONDS,
        otherwise=lambda: str(status()),
    )
    return printed(space, ended["endedRuns"][-1]["name"])


def by_hand(space: Space, task: str, data: Document, *, trusting: bool = False) -> Document:
    """Its printed Job, made by an administrator; answers what it has printed."""
    command = ("python3", "-m", "stagework.tasks", task, "--print-job")
    shown = space.commands.must(
        *("-n", RELEASE_NAMESPACE, "exec", "-i", "deploy/stagework-operator", "--", *command),
        *("--job-data", "/dev/stdin"),
        stdin=json.dumps(data),
    ).out
    job = json.loads(
        space.commands.must("create", "--dry-run=client", "-o", "json", "-f", "-", stdin=shown).out
    )
    if trusting:
        trust(job["spec"]["template"]["spec"])
    del job["metadata"]["name"]
    job["metadata"]["generateName"] = f"{task_object_name(task)}-"
    made = space.commands.must("create", "-o", "json", "-f", "-", stdin=json.dumps(job)).document()
    name: str = made["metadata"]["name"]
    try:
        _wait_for_end(space, name)
        return printed(space, name)
    finally:
        space.commands.must("-n", RELEASE_NAMESPACE, "delete", "job", name)


def _wait_for_end(space: Space, name: str) -> None:
    def conditions() -> list[str]:
        path = f"/apis/batch/v1/namespaces/{RELEASE_NAMESPACE}/jobs/{name}"
        found = space.api.get(path).get("status", {}).get("conditions", [])
        return [c["type"] for c in found if c["status"] == "True"]

    eventually(
        conditions,
        lambda types: {"Complete", "Failed"} & {*types},
        seconds=SECONDS,
        otherwise=lambda: f"Job {name} does not end",
    )


def trust(pod: Document) -> None:
    """The site's certificate, and no other."""
    (container,) = pod["containers"]
    container.setdefault("env", []).append({"name": "SSL_CERT_FILE", "value": "/trusted/crt"})
    container["volumeMounts"].append({"name": "trusted", "mountPath": "/trusted"})
    items = [{"key": "crt", "path": "crt"}]
    pod["volumes"].append({"name": "trusted", "configMap": {"name": "site", "items": items}})


def printed(space: Space, job: str) -> Document:
    log = space.commands.must("-n", RELEASE_NAMESPACE, "logs", f"job/{job}").out
    said: Any = json.loads(log.strip().splitlines()[-1])
    assert said["ok"], said
    return said


def stats_of(space: Space, name: str) -> int:
    return int(seen(space, name, RELEASE_NAMESPACE).get("stats", {}).get("totalExecutions", 0))


def seen(space: Space, name: str, namespace: str = "") -> Document:
    where = namespace or space.namespace
    found = space.api.get(f"{OURS}/namespaces/{where}/scheduledjobs/{name}")
    status: Document = found.get("status", {})
    return status


def runs(space: Space) -> list[Document]:
    return space.api.items(f"{OURS}/namespaces/{space.namespace}/pipelinejobs")
