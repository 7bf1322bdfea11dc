"""A person's commands about a batch and the real API service, from the folder to the preview."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stagework.overview.batch_row import batch_row
from tests.support.builders.written_runs import at
from tests.unit.cli.batches import ENDED, RealService, ended, photos
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, TICKETS, ok
from tests.unit.web.batch_books import UID, Operator
from tests.unit.web.service import Service, running

RIGHTS = (
    *(("create", "team"), ("get batches", "team"), ("list batches", "team")),
    *(("create interventions", "team"), ("reprocess batches", "team")),
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "volume") as started:
        yield started


@pytest.fixture
def cluster(service: Service) -> RealService:
    """The person is ann, whose context is the namespace `team`."""
    made = RealService(namespace="team", service=service)
    ticket = service.cluster.person("ann", *RIGHTS)
    made.routes["POST", TICKETS] = lambda _: ok({"ticket": ticket}, 201)
    made.objects[f"{GROUP}/namespaces/team/pipelines/measure"] = {"metadata": {}}
    return made


@pytest.fixture
def submitted(cli: Cli, cluster: RealService, tmp_path: Path) -> dict[str, Any]:
    """Spec of a batch of twelve files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").write_bytes(b"x" * (number + 1))
    outcome = cli("batch", "submit", folder, "--pipeline", "measure", "--name", "photos")
    assert outcome.code == 0, outcome.err
    spec: dict[str, Any] = cluster.sent("POST", "/batches")[-1].json["spec"]
    return spec


def frozen_and_failed(service: Service, cluster: RealService, spec: dict[str, Any]) -> None:
    """The operator freezes the list that was uploaded, and counts all: three have failed."""
    operator = Operator(service)
    while operator.freeze(**spec["items"]).status == 202:
        pass
    operator.fold(0, 3, outcome="Failed", reason="ExitCode", message="code 3")
    operator.fold(3, 9)
    known = {**ENDED, "total": 12, "done": 9, "failed": 3, "manifest": {"total": 12}}
    batch = photos(known, end=ended("True", "CompletedWithFailures"), namespace="team", **spec)
    cluster.add_batches(batch)
    shown = json.loads(batch.status.model_dump_json())
    service.cluster.batches.put(uid=UID, **shown)["metadata"]["creationTimestamp"] = at(
        0
    ).isoformat()


def test_what_was_submitted_is_stored_frozen_and_told_item_by_item(
    cli: Cli, cluster: RealService, service: Service, submitted: dict[str, Any]
) -> None:
    frozen_and_failed(service, cluster, submitted)
    listed = csv.DictReader(io.StringIO(cli("batch", "failed", "photos", "-o", "csv").out))
    rows = [*listed]
    assert len(rows) == 3
    assert {(row["state"], row["reason"], row["attempts"]) for row in rows} == {
        ("Failed", "ExitCode", "1")
    }
    assert all(row["id"].endswith(".png") for row in rows)
    ledger = service.ask("GET", "/v1/batches/team/photos/ledger.csv", "ann-token").body.decode()
    everything = [*csv.DictReader(io.StringIO(ledger))]
    assert [row for row in everything if row["state"] == "Failed"] == rows


def test_a_preview_counts_by_the_books_and_names_ids_that_are_unknown(
    cli: Cli, cluster: RealService, service: Service, submitted: dict[str, Any]
) -> None:
    frozen_and_failed(service, cluster, submitted)
    assert cli("batch", "reprocess", "photos", "--dry-run").lines == [
        "requested 3, affected 3, refused 0 (dry run: nothing was written)",
        "  would be run again: 3 items",
    ]
    outcome = cli("batch", "reprocess", "photos", "--ids", "00.png,none.png", "--dry-run")
    assert outcome.code == 1
    assert outcome.lines[0].startswith("requested 2, affected 1, refused 1")
    assert "refused none.png: UnknownItem" in outcome.out


def test_command_line_and_api_service_say_the_same_numbers(
    cli: Cli, cluster: RealService, service: Service, submitted: dict[str, Any]
) -> None:
    frozen_and_failed(service, cluster, submitted)
    answered = service.ask("GET", "/v1/batches?namespace=team", "ann-token").json["batches"]
    printed = json.loads(cli("batch", "list", "-o", "json").out)
    assert [without_spec(row) for row in printed] == [without_spec(row) for row in answered]


def without_spec(row: dict[str, Any]) -> dict[str, Any]:
    """The service's cluster in memory has a spec of its own; and times are written two ways."""
    own = {"pipeline", "created", "started", "completed"}
    assert own < set(batch_row(photos()).model_dump())
    return {key: value for key, value in row.items() if key not in own}


def test_a_file_above_the_services_limit_is_refused_in_its_words(
    cli: Cli, cluster: RealService, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"x" * (4 * 1024 * 1024 + 1))
    outcome = cli("batch", "submit", folder, "--pipeline", "measure")
    assert outcome.code == 1
    assert (
        "upload a.bin: 4194305 bytes are more than the limit of 4194304 for one file" in outcome.err
    )
    assert not [asked for asked in cluster.sent("POST", "/batches") if not asked.query]
