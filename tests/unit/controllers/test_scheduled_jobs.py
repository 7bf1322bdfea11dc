"""What the maker of a run hears of, and what stays known of a run that has left memory."""

from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from stagework.api.kinds import BATCH, SCHEDULEDJOB
from stagework.api.scheduledjob import ActiveRun
from stagework.cluster.cache.own_objects import OwnObject, from_bytes, tombstone_of
from stagework.cluster.cache.store import Change
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.child_runs import RUNS, maker_of
from stagework.controllers.controller import Key
from stagework.controllers.decoding import End, end_document, end_of
from stagework.controllers.scheduledjobs.children import source_of
from stagework.controllers.scheduledjobs.missing_runs import MissingRuns
from stagework.plans.scheduledjob.snapshot import RunSeen
from tests.support.unwatched import make_cache

ENDED = datetime(2026, 3, 1, 0, 1, 30, tzinfo=UTC)
OWNER = {
    "apiVersion": "stagework.dev/v1alpha1",
    "kind": "ScheduledJob",
    "name": "nightly",
    "uid": "u",
    "controller": True,
}


def run(
    succeeded: str = "Unknown",
    *,
    owner: dict[str, Any] | None = OWNER,
    deleted: str | None = None,
    name: str = "r",
) -> OwnObject:
    status = {
        "conditions": [
            {"type": "Succeeded", "status": succeeded},
            {"type": "Stalled", "status": "False"},
        ],
        "startTime": "2026-03-01T00:00:00Z",
        "completionTime": "2026-03-01T00:01:30Z",
        "stages": [{"name": "a"}],
    }
    owners = [owner] if owner else []
    meta = {"name": name, "namespace": "ns", "uid": name, "ownerReferences": owners}
    if deleted is not None:
        meta["deletionTimestamp"] = deleted
    return from_bytes(orjson.dumps({"metadata": meta, "spec": {"stages": []}, "status": status}))


CHANGES: dict[str, tuple[Change[OwnObject], bool]] = {
    "it has come": (Change(None, run()), True),
    "it has ended": (Change(run(), run("True")), True),
    "it is retried": (Change(run("False"), run()), True),
    "it is being deleted": (Change(run(), run(deleted="2026-03-01T00:02:00Z")), True),
    "it has gone": (Change(run("True"), None), True),
    "it goes on": (Change(run(), run()), False),
    "it belongs to nobody": (Change(None, run(owner=None)), False),
    "it belongs to another kind": (Change(None, run(owner={**OWNER, "kind": "Lamp"})), False),
    "to that of another group": (Change(None, run(owner={**OWNER, "apiVersion": "b/v1"})), False),
    "it is only owned": (Change(None, run(owner={**OWNER, "controller": False})), False),
}


@pytest.mark.parametrize("row", CHANGES)
def test_which_changes_of_runs_concern_it(row: str) -> None:
    change, concerns = CHANGES[row]
    keys = [Key("ScheduledJob", "ns", "nightly")] if concerns else []
    assert list(maker_of(SCHEDULEDJOB, change)) == keys


def test_a_run_concerns_the_kind_that_has_made_it_and_no_other() -> None:
    change = Change(None, run(owner={**OWNER, "kind": "Batch"}))
    assert list(maker_of(SCHEDULEDJOB, change)) == []
    assert list(maker_of(BATCH, change)) == [Key("Batch", "ns", "nightly")]


@pytest.mark.parametrize(
    ("succeeded", "end"),
    [("True", End(True, 90, ENDED)), ("False", End(False, 90, ENDED)), ("Unknown", None)],
)
def test_how_a_run_has_ended_is_known_also_of_its_tombstone(
    succeeded: str, end: End | None
) -> None:
    known = run(succeeded)
    tombstone = tombstone_of(known, {"pipelineRevision": "p", **end_document(known)})
    assert end_of(known) == end
    assert end_of(tombstone) == end
    assert b"stages" not in bytes(tombstone.status)


def test_of_a_run_that_nobody_owns_nothing_more_stays() -> None:
    assert end_document(run("True", owner=None)) == {}


def test_a_broken_status_has_no_end() -> None:
    assert end_of(OwnObject(run().metadata, status=run().status)) is None
    broken = from_bytes(b'{"metadata": {"name": "r"}, "status": {"conditions": 5}}')
    assert end_of(broken) is None


class Answers:
    """The API server: one object of each name, of that kind."""

    def __init__(self, *, plural: str = "pipelinejobs", ended: str = "", **uids: str) -> None:
        self._plural = plural
        self._ended = ended
        self._uids = uids

    async def get(self, path: str) -> bytes:
        plural, name = path.split("/")[-2:]
        if plural != self._plural or name not in self._uids:
            raise NotFound("no")
        meta = {"name": name, "uid": self._uids[name]}
        conditions = [{"type": self._ended, "status": "True"}] if self._ended else []
        times = {"startTime": "2026-03-01T00:00:00Z", "completionTime": "2026-03-01T00:01:30Z"}
        return orjson.dumps({"metadata": meta, "status": {"conditions": conditions, **times}})


async def test_a_missing_run_is_there_only_by_its_uid() -> None:
    missing = MissingRuns(cast("KubeApi", Answers(there="a", other="anothers")))
    recorded = [("there", "a"), ("other", "b"), ("none", "c")]
    runs = [ActiveRun.unchecked({"name": name, "uid": uid}) for name, uid in recorded]
    read = await missing.read("ns", runs)
    assert (list(read.there), read.gone) == (["a"], {"b", "c"})


@pytest.mark.parametrize(
    ("kind", "plural", "ended"),
    [
        ("", "pipelinejobs", "Succeeded"),
        ("Batch", "batches", "Succeeded"),
        ("Job", "jobs", "Complete"),
    ],
)
async def test_a_missing_one_is_read_as_the_kind_that_is_recorded(
    kind: str, plural: str, ended: str
) -> None:
    missing = MissingRuns(cast("KubeApi", Answers(plural=plural, ended=ended, nightly="u")))
    recorded = ActiveRun.unchecked({"name": "nightly", "uid": "u", "kind": kind})
    read = await missing.read("ns", [recorded])
    assert read.there == {"u": RunSeen(True, True, 90, ENDED)}
    other = ActiveRun.unchecked({"name": "nightly", "uid": "u", "kind": "" if kind else "Job"})
    assert (await missing.read("ns", [other])).gone == {"u"}


def test_history_is_told_of_runs_and_of_those_of_a_batch() -> None:
    cache = make_cache(RUNS)
    of_batch = {**OWNER, "kind": "Batch", "name": "b", "uid": "u-b"}
    for name, owner in (("chunk", of_batch), ("other", OWNER)):
        cache.offer(RUNS, "ns", run(owner=owner, name=name), deleted=False)

    def history_of(kind: str) -> list[str]:
        recorded = ActiveRun.unchecked({"name": "b", "uid": "u-b", "kind": kind})
        return list(source_of(kind).history_of(cache, "ns", recorded))

    assert history_of("") == ["u-b"]
    assert history_of("Batch") == ["chunk"], "they go with it"
    assert history_of("Job") == []
