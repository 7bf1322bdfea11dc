"""A chunk of a batch through the real API service: listed, fetched, worked on, and folded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import stagekit
from stagekit.context import Context
from stagework.web.cluster import ItemRange
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_over_http import QUICK, become, service
from tests.unit.web.batch_books import UID, Operator
from tests.unit.web.service import Service

__all__ = ["service"]


def work_on(service: Service, local: Local, patch: pytest.MonkeyPatch, count: int) -> None:
    """The run of this process works on the first items of the batch."""
    address = f"artifact://team/batches/{UID}"
    run = service.cluster.runs.get(("team", "ad")) or service.cluster.run()
    given = replace(run, items=ItemRange(address, 0, 0, count), batch_uid=UID)
    service.cluster.runs["team", "ad"] = given
    patch.setenv("STAGEWORK_INPUT_ITEMS", f"r0-0-{count}")


def size(ctx: Context) -> None:
    """Leaves the size of each picture."""
    source = ctx.inputs.source()
    assert source is not None
    if source.stat().st_size == 1:
        raise stagekit.Refused("EmptyFile", "give one with something in it")
    (ctx.outputs / "size.txt").write_text(f"{source.stat().st_size} of {source.name[2:]}")


def report(ctx: Context) -> None:
    """Reads it again."""
    (ctx.outputs / "report.txt").write_text(ctx.inputs.file("size", "size.txt").read_text())


def ended(stage: str, prefix: str) -> dict[str, Any]:
    """How the operator says that a stage has succeeded."""
    return {
        "name": stage,
        "prefix": prefix,
        "state": "Succeeded",
        "reason": "",
        "attempt": 1,
        "machine": "gpu",
        "seconds": 1.0,
    }


def test_a_chunk_goes_through_two_stages_and_is_folded(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    contents = {"a b.png": b"one", "empty.png": b"x", "c.png": b"three"}
    uris = [
        service.ask("PUT", f"/v1/uploads/team/{name.replace(' ', '%20')}", alice, content).json
        for name, content in contents.items()
    ]
    gone = {"id": "gone", "uri": f"artifact://team/uploads/{'0' * 64}/gone.png"}
    operator = Operator(service)
    assert operator.freeze(inline=[*({"uri": one["uri"]} for one in uris), gone]).json["total"] == 4
    stages = {"size": stagekit.per_item(size), "report": stagekit.per_item(report)}
    prefixes: dict[str, str] = {}
    for number, stage in enumerate(stages):
        prefix = become(local, monkeypatch, service, stage, f"pod-{number}", inputs=dict(prefixes))
        work_on(service, local, monkeypatch, 4)
        assert stagekit.main(stages, ["x"], QUICK) == 0, local.mark
        service.cluster.commit(service.cluster.runs["team", "ad"], stage, prefix)
        prefixes[stage] = prefix
    ends = [ended(name, prefix) for name, prefix in prefixes.items()]
    folded = operator.fold(0, 4, child={"name": "ad", "uid": "run-1"}, stages=ends)
    assert folded.status == 200, folded.body
    counted = [folded.json[key] for key in ("done", "failed", "skipped", "known")]
    assert counted == [2, 2, 0, 4]
    reasons = {sample["reason"] for sample in folded.json["samples"]}
    assert reasons == {"EmptyFile", "InputNotFetched"}
    reports = [path for path in service.stored() if path.endswith("report.txt")]
    texts = {(service.root / Path(path)).read_text() for path in reports}
    assert texts == {"3 of a b.png", "5 of c.png"}
