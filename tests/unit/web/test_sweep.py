"""What is deleted, and what is not."""

from pathlib import Path

import pytest

from stagework.artifacts.local import LocalStore
from stagework.web.cluster import Run
from stagework.web.errors import ClusterUnavailable
from stagework.web.sweep import Delete, Note, RunArtifacts, Sweeper, Upload, decide
from tests.unit.web.fake_cluster import FakeCluster

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


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Artifacts of two runs in two namespaces."""
    for path in ("team/run-1/ocr/1-a/x", "team/run-2/ocr/1-b/x", "other/run-3/ocr/1-c/x"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("x")
    return tmp_path


def sweeper(volume: Path, cluster: FakeCluster, now: list[float], *namespaces: str) -> Sweeper:
    store = LocalStore(volume, max_file_bytes=1)
    return Sweeper(store, cluster, namespaces=namespaces, keep_seconds=100, clock=lambda: now[0])


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
