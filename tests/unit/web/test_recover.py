"""`POST /v1/recover`: for whoever has the verb of its own, and the same counts as the command."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stagework.api import names
from tests.support.builders.written_runs import run_of, stage
from tests.unit.web.service import Answer, Service, running

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = (("recover", "team"), ("create interventions", "team"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Two runs with an orphan each, in two namespaces."""
    with running(tmp_path) as started:
        for namespace in ("team", "other"):
            lost = stage("a", "Running", reason=names.WAIT_NODE_LOST, node="gpu-0")
            lost = lost.evolve(suspectedTime=LONG_AGO)
            started.cluster.queue.runs.append(
                run_of(lost, name="ad-1", uid=f"uid-{namespace}", namespace=namespace)
            )
        yield started


def ask(service: Service, token: str, **body: Any) -> Answer:
    headers = {"Content-Type": "application/json"}
    return service.ask("POST", "/v1/recover", token, json.dumps(body).encode(), headers)


def test_an_admin_of_a_namespace_recovers_there_and_nowhere_else(service: Service) -> None:
    token = service.cluster.person("ops", *ADMIN)

    answer = ask(service, token, namespace="team", reason="rack 3")

    assert answer.status == 200, answer.body
    assert (answer.json["found_count"], answer.json["recovered_count"]) == (1, 1)
    assert answer.json["parents_updated"] == ["PipelineJob/team/ad-1"]
    (made,) = service.cluster.queue.made
    assert made["metadata"]["namespace"] == "team"
    assert made["spec"]["verb"] == "Recover"
    assert (made["spec"]["stages"], made["spec"]["requestedBy"]) == (["a"], "ops")


def test_a_dry_run_says_the_same_and_writes_nothing(service: Service) -> None:
    token = service.cluster.person("ops", *ADMIN)

    dry = ask(service, token, namespace="team", dryRun=True).json
    assert service.cluster.queue.made == []

    real = ask(service, token, namespace="team").json
    assert {**dry, "dry_run": False} == real


@pytest.mark.parametrize(
    "rights",
    [(), (("list", "team"), ("retry", "team"), ("create interventions", "team"))],
    ids=["nobody", "an editor"],
)
def test_without_the_verb_nothing_is_said_or_done(
    service: Service, rights: tuple[tuple[str, str], ...]
) -> None:
    token = service.cluster.person("eve", *rights)

    assert ask(service, token, namespace="team", dryRun=True).status == 403
    assert service.cluster.queue.made == []


def test_the_right_in_one_namespace_is_none_for_all(service: Service) -> None:
    token = service.cluster.person("ops", *ADMIN)

    assert ask(service, token).status == 403
