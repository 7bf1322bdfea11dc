"""What is deleted, and what is not."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from stagework.api.batch_book import Child, FoldRequest, Item, ManifestFacts
from stagework.artifacts.local import LocalStore
from stagework.batches import small_files
from stagework.batches.books import Books
from stagework.batches.layout import BatchFolder
from stagework.history.errors import HistoryUnavailable
from stagework.web.cluster import Run
from stagework.web.errors import ClusterUnavailable
from stagework.web.sweep import Sweeper
from stagework.web.sweep_decision import Delete, Note, RunArtifacts, Upload, decide
from tests.support.history.memory import MemoryHistory
from tests.unit.web.fake_cluster import FakeCluster as Cluster


@dataclass
class FakeCluster(Cluster):
    """With the copy of batches' items beside it, which outlives a restart."""

    history: MemoryHistory = field(default_factory=MemoryHistory)


DAY = 24 * 3600.0
NOW = 100 * DAY
RUN = Run("team", "ad", "run-1", "artifact://team/uploads/abc/shoes.png")


@pytest.mark.parametrize(
    ("kept", "runs", "expected"),
    [
        (RunArtifacts("team", "run-1", None), [RUN], []),
        (RunArtifacts("team", "run-1", None), [], [Note("team/run-1", NOW)]),
        (RunArtifacts("team", "run-1", NOW - 6 * DAY), [], []),
        (RunArtifacts("team", "run-1", NOW - 7 * DAY), [], [Delete("team/run-1")]),
        (RunArtifacts("team", "run-1", NOW - 9 * DAY), [RUN], [Note("team/run-1", None)]),
        (RunArtifacts("elsewhere", "run-1", NOW - 9 * DAY), [RUN], [Delete("elsewhere/run-1")]),
    ],
    ids=[
        "a living run's are kept",
        "a run's absence is noted first, however old its files are",
        "noted for less than the keep time",
        "noted for the whole keep time",
        "a run that is there after all is taken back",
        "the same uid in another namespace is another run",
    ],
)
def test_runs(kept: RunArtifacts, runs: list[Run], expected: list[Note | Delete]) -> None:
    assert decide([kept], [], runs, now=NOW, keep_seconds=7 * DAY) == expected


@pytest.mark.parametrize(
    ("upload", "runs", "expected"),
    [
        (Upload("team", "abc", NOW - 6 * DAY), [], []),
        (Upload("team", "abc", NOW - 8 * DAY), [], [Delete("team/uploads/abc")]),
        (Upload("team", "abc", NOW - 8 * DAY), [RUN], []),
        (Upload("other", "abc", NOW - 8 * DAY), [RUN], [Delete("other/uploads/abc")]),
    ],
    ids=["young", "old", "old, but a run names it", "another namespace's"],
)
def test_uploads(upload: Upload, runs: list[Run], expected: list[Note | Delete]) -> None:
    assert decide([], [upload], runs, now=NOW, keep_seconds=7 * DAY) == expected


@pytest.mark.parametrize(
    ("runs", "models", "kept"),
    [
        ([], ["artifact://team/uploads/abc/shoes.zip"], True),
        ([Run("team", "ad", "1", models=("artifact://team/uploads/abc/shoes.zip",))], [], True),
        ([], ["artifact://team/uploads/other/shoes.zip", "/models/shoes"], False),
    ],
    ids=["a Pipeline names it", "a run's own stages name it", "others are named"],
)
def test_models_stay_while_they_are_named(runs: list[Run], models: list[str], kept: bool) -> None:
    old = Upload("team", "abc", NOW - 8 * DAY)
    done = decide([], [old], runs, models=models, now=NOW, keep_seconds=7 * DAY)
    assert done == ([] if kept else [Delete("team/uploads/abc")])


def test_artifacts_of_a_gone_run_stay_while_a_run_works_on_one_of_them() -> None:
    old = RunArtifacts("team", "gone", NOW - 8 * DAY)
    user = Run("team", "user", "u", input_uri="artifact://team/gone/ocr/1-pod/out.txt")
    assert decide([old], [], [user], now=NOW, keep_seconds=7 * DAY) == []
    assert decide([old], [], [], now=NOW, keep_seconds=7 * DAY) == [Delete("team/gone")]


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Artifacts of two runs in two namespaces."""
    for path in ("team/run-1/ocr/1-a/x", "team/run-2/ocr/1-b/x", "other/run-3/ocr/1-c/x"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("x")
    return tmp_path


def sweeper(volume: Path, cluster: FakeCluster, now: list[float], *namespaces: str) -> Sweeper:
    store = LocalStore(volume, max_file_bytes=10_000)
    items = cluster.history.items
    return Sweeper(
        store,
        cluster,
        books=Books(store, items),
        items=items,
        namespaces=namespaces,
        keep_seconds=100,
        clock=lambda: now[0],
    )


async def test_a_gone_runs_artifacts_go_after_the_keep_time_also_over_a_restart(
    volume: Path,
) -> None:
    cluster = FakeCluster()
    cluster.run(uid="run-1")
    now = [1000.0]
    await sweeper(volume, cluster, now, "team").once()
    now[0] += 99
    assert await sweeper(volume, cluster, now, "team").once() == []
    now[0] += 1
    assert await sweeper(volume, cluster, now, "team").once() == [Delete("team/run-2")]
    assert (volume / "team/run-1/ocr/1-a/x").exists()
    assert not (volume / "team/run-2").exists()
    assert (volume / "other/run-3/ocr/1-c/x").exists(), "a namespace that we do not watch"


async def test_without_a_list_of_runs_nothing_is_touched(volume: Path) -> None:
    cluster = FakeCluster(is_away=True)
    with pytest.raises(ClusterUnavailable):
        await sweeper(volume, cluster, [1000.0]).once()
    assert not list(volume.glob("*/*/.note"))  # noqa: ASYNC240  (a few files in a test)


SHA = "5" * 64
BATCH = BatchFolder("team", "batch-1")


async def with_batch(volume: Path, cluster: FakeCluster) -> None:
    """A batch of two uploads, one of which a run that has gone has done."""
    store = LocalStore(volume, max_file_bytes=10_000)
    for name in ("a", "b"):
        await small_files.write(store, f"team/uploads/{SHA}/{name}", b"x")
        os.utime(volume / f"team/uploads/{SHA}/{name}", (0, 0))
    items = [Item(name, f"artifact://team/uploads/{SHA}/{name}") for name in ("a", "b")]
    lines = b"".join(msgspec.json.encode(item) + b"\n" for item in items)
    await small_files.write(store, BATCH.manifest, lines)
    facts = ManifestFacts(name="photos", total=2, sha256="")
    await small_files.write(store, BATCH.facts, msgspec.json.encode(facts))
    cluster.batches.put(uid="batch-1")
    request = FoldRequest(0, 0, 1, 1, True, Child("c", "run-1"), "Succeeded")
    await Books(store, cluster.history.items).fold(BATCH, request, None)


async def test_a_batchs_books_keep_what_they_name_and_go_after_it(volume: Path) -> None:
    cluster, now = FakeCluster(), [1000.0]
    await with_batch(volume, cluster)
    cluster.history.items.copies.clear()  # made anew from the files before anything is judged
    sweeps = sweeper(volume, cluster, now, "team")
    for _ in range(2):
        await sweeps.once()
        now[0] += 1000
    assert (volume / BATCH.manifest).exists()
    assert (volume / f"team/uploads/{SHA}/a").exists(), "an item of a batch"
    assert (volume / "team/run-1").exists(), "it has left what the ledger names"
    assert not (volume / "team/run-2").exists()
    cluster.batches.objects.clear()
    assert await sweeps.once() == [Note(str(BATCH), now[0])]
    now[0] += 100
    assert Delete(str(BATCH)) in await sweeps.once()
    assert cluster.history.items.copies == {}
    assert set(await sweeps.once()) == {Delete(f"team/uploads/{SHA}"), Delete("team/run-1")}


async def test_while_history_is_away_nothing_is_swept(volume: Path) -> None:
    cluster, now = FakeCluster(), [1000.0]
    await with_batch(volume, cluster)
    cluster.history.away = True
    with pytest.raises(HistoryUnavailable):
        await sweeper(volume, cluster, now, "team").once()
    assert not list(volume.glob("*/*/.note"))  # noqa: ASYNC240  (a few files in a test)


async def test_a_new_batch_that_is_not_frozen_may_name_any_upload(volume: Path) -> None:
    cluster = FakeCluster()
    store = LocalStore(volume, max_file_bytes=10_000)
    await small_files.write(store, f"team/uploads/{SHA}/a", b"x")
    os.utime(volume / f"team/uploads/{SHA}/a", (0, 0))
    made = cluster.batches.put(uid="new")
    made["metadata"]["creationTimestamp"] = "1970-01-01T00:16:40Z"
    now = [1050.0]
    sweeps = sweeper(volume, cluster, now, "team")
    await sweeps.once()
    assert (volume / f"team/uploads/{SHA}/a").exists()
    now[0] += 100
    await sweeps.once()
    assert not (volume / f"team/uploads/{SHA}").exists()
