"""Rows of a PostgreSQL table become runs on the cluster, and show how those end.

The database and the listener are on this machine; the listener works with a token of an account of
its own and the role that the chart gives it, and nothing else.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stagework.api.job_rows import RowMapping
from tests.support.cluster.commands import RELEASE_NAMESPACE, Commands, Document
from tests.support.cluster.release import CHART, NAME
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import pipeline, shell
from tests.support.cluster.waiting import eventually
from tests.support.history.postgresql import postgresql
from tests.support.listener import Table, table
from tests.support.listener.process import ListenerProcess

ACCOUNT = "stagework-listener"
VALUES = {"enabled": True, "postgresql": {"host": "of-the-story"}}


def rights(commands: Commands, namespace: str) -> list[Document]:
    """Account, Role and RoleBinding as the chart has them, but in the story's namespace."""
    tenants = {"*": {"namespace": namespace, "pipeline": "advertise"}}
    rendered = commands.helm(
        *("template", NAME, CHART, "--namespace", RELEASE_NAMESPACE),
        *("--kube-version", "1.34.0", "--show-only", "templates/listener.yaml"),
        *("--set-json", f"listener={json.dumps(VALUES)}"),
        *("--set-json", f"settings.listener.tenants={json.dumps(tenants)}"),
    )
    wanted = ("ServiceAccount", "Role", "RoleBinding")
    documents = [one for one in yaml.safe_load_all(rendered.out) if one and one["kind"] in wanted]
    for document in documents:
        document["metadata"]["namespace"] = namespace
        for subject in document.get("subjects", []):
            subject["namespace"] = namespace
    return documents


def kubeconfig(space: Space, folder: Path) -> Path:
    """The cluster as the account sees it."""
    shown = space.commands.must("config", "view", "--minify", "--raw", "-o", "json").document()
    token = space.kubectl("create", "token", ACCOUNT, "--duration=1h").out.strip()
    user = shown["contexts"][0]["context"]["user"]
    shown["users"] = [{"name": user, "user": {"token": token}}]
    file = folder / "kubeconfig"
    file.write_text(json.dumps(shown))
    return file


@pytest.fixture(scope="module")
def jobs(space: Space) -> Iterator[Table]:
    """The table, and the Pipeline of its rows."""
    told = 'test "$STAGEWORK_PARAM_PROMPT" != "broken"'
    stages = (shell("img_gen"), shell("overlay", told))
    space.apply(pipeline("advertise", *stages, params=[{"name": "prompt"}]))
    params = {"prompt": "title"}
    mapping = RowMapping(namespace=space.namespace, pipeline="advertise", params=params)
    with postgresql() as server:
        yield table(server, tenants={"acme": mapping})


@pytest.fixture(scope="module")
def listener(
    space: Space, jobs: Table, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ListenerProcess]:
    """At work with its own rights."""
    space.apply(*rights(space.commands, space.namespace))
    folder = tmp_path_factory.mktemp("listener")
    process = ListenerProcess(folder, jobs.settings, kubeconfig(space, folder))
    process.start()
    yield process
    process.kill()


def shows(jobs: Table, row: str, *wanted: str) -> None:
    eventually(
        lambda: jobs.shows(row),
        lambda shown: shown[: len(wanted)] == wanted,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"row {row} is to show {wanted}, but shows {jobs.shows(row)}",
    )


def test_a_row_goes_from_queued_to_done(
    space: Space, jobs: Table, listener: ListenerProcess
) -> None:
    row = jobs.insert("acme", "red shoes")
    shows(jobs, row, "done", "overlay", "")
    run = space.run(row)
    assert run["spec"]["params"] == {"prompt": "red shoes"}
    assert run["spec"]["tenant"] == "acme"
    assert jobs.row(row)["run_uid"] == run["metadata"]["uid"], listener.log


def test_a_failure_is_said_and_a_row_of_nobody_disturbs_nobody(
    jobs: Table, listener: ListenerProcess
) -> None:
    nobody, broken, good = (
        jobs.insert("nobody"),
        jobs.insert("acme", "broken"),
        jobs.insert("acme", "blue shoes"),
    )
    shows(jobs, nobody, "failed", "")
    assert "is not in settings.listener.tenants" in jobs.shows(nobody)[2]
    shows(jobs, broken, "failed", "overlay")
    assert "exit code 1" in jobs.shows(broken)[2], listener.log
    shows(jobs, good, "done")


def test_what_happens_while_it_is_dead_and_the_database_away_is_made_up_for(
    space: Space, jobs: Table, listener: ListenerProcess
) -> None:
    row = jobs.insert("acme", "green shoes")
    eventually(
        lambda: jobs.row(row)["run_uid"],
        bool,
        seconds=WAIT_SECONDS,
        otherwise=lambda: listener.log,
    )
    listener.kill()
    unheard = jobs.insert("acme", "unheard")
    jobs.server.stop()
    space.wait_for_end(row, "Completed")
    jobs.server.start()
    listener.start()
    for one in (row, unheard):
        shows(jobs, one, "done")


def test_its_account_may_do_nothing_else(space: Space, listener: ListenerProcess) -> None:
    assert listener.log is not None
    account = f"system:serviceaccount:{space.namespace}:{ACCOUNT}"
    for verb, resource in (
        ("delete", "pipelinejobs"),
        ("patch", "pipelinejobs"),
        ("create", "pods"),
        ("get", "secrets"),
        ("create", "pipelines"),
    ):
        answer = space.try_kubectl("auth", "can-i", verb, resource, user=account)
        assert answer.out.strip() == "no", (verb, resource)
