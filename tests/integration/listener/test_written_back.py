"""What runs come to is written into their rows: only forward, and over nobody's word."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from stagework.listener.listener import Listener
from stagework.listener.rows import Report
from stagework.overview.row_state import RowState
from tests.support.builders.written_runs import run_of, stage
from tests.support.fakeapi.eventually import eventually
from tests.support.history.postgresql import Server
from tests.support.listener import (
    MAPPING,
    Cluster,
    Table,
    cluster,
    listening,
    making,
    refuse_in,
    table,
)

SECONDS = 20

RUNNING = run_of(
    stage("img_gen", "Succeeded", start=0, end=5), stage("overlay", "Running", start=6)
)
DONE = run_of(
    stage("img_gen", "Succeeded", start=0, end=5),
    stage("overlay", "Succeeded", start=6, end=9),
    summary="Completed",
)
FAILED = run_of(
    stage(
        "img_gen", "Failed", start=0, end=5, reason="NonZeroExit", message="exit code 1\nno font"
    ),
    stage("overlay", "NotRun"),
    summary="StageFailed",
)


@dataclass
class Scene:
    jobs: Table
    ads: Cluster
    listener: Listener
    row: str

    async def shows(self, *wanted: str) -> None:
        """Wait until the row's status, step and error are these."""
        await eventually(
            lambda: self.jobs.shows(self.row)[: len(wanted)] == wanted, seconds=SECONDS
        )


@pytest_asyncio.fixture
async def scene(jobs: Table) -> AsyncIterator[Scene]:
    """A row with its run."""
    row = jobs.insert()
    async with cluster() as ads, listening(jobs.settings, ads.api) as listener:
        await eventually(lambda: row in ads.runs(), seconds=SECONDS)
        await eventually(lambda: jobs.row(row)["run_uid"] is not None, seconds=SECONDS)
        yield Scene(jobs, ads, listener, row)


async def test_step_and_end_are_seen_in_the_row(scene: Scene) -> None:
    scene.ads.show(RUNNING, scene.row)
    await scene.shows("running", "overlay", "")
    scene.ads.show(DONE, scene.row)
    await scene.shows("done", "overlay", "")


async def test_a_failure_says_where_and_why_in_one_line(scene: Scene) -> None:
    scene.ads.show(FAILED, scene.row)
    await scene.shows("failed", "img_gen")
    assert scene.jobs.shows(scene.row)[2] == "StageFailed: exit code 1 no font"


async def test_what_a_retry_opens_again_is_running_again(scene: Scene) -> None:
    scene.ads.show(FAILED, scene.row)
    await scene.shows("failed")
    scene.ads.show(RUNNING, scene.row)
    await scene.shows("running", "overlay", "")


async def test_a_word_that_is_not_ours_is_never_written_over(scene: Scene) -> None:
    scene.jobs.execute("UPDATE jobs SET status = 'cancelled', error_message = 'by ops'")
    other = scene.jobs.insert()
    await eventually(lambda: other in scene.ads.runs(), seconds=SECONDS)
    scene.ads.show(DONE, scene.row)
    scene.ads.show(DONE, other)
    await eventually(lambda: scene.jobs.shows(other)[0] == "done", seconds=SECONDS)
    assert scene.jobs.shows(scene.row) == ("cancelled", "", "by ops")


async def test_a_row_set_back_to_queued_gets_no_second_run_and_shows_its_own_again(
    scene: Scene,
) -> None:
    scene.ads.show(DONE, scene.row)
    await scene.shows("done")
    scene.jobs.execute("UPDATE jobs SET status = 'queued'")
    await scene.shows("done")
    assert scene.ads.server.record.counts["POST pipelinejobs"] == 1


async def test_a_run_that_was_deleted_fails_its_row_and_is_not_made_again(scene: Scene) -> None:
    scene.ads.show(RUNNING, scene.row)
    await scene.shows("running")
    scene.ads.delete(scene.row)
    await scene.shows("failed", "overlay")
    assert "its run is gone" in scene.jobs.shows(scene.row)[2]
    assert scene.ads.runs() == {}


async def test_what_happens_while_nobody_listens_is_written_afterwards(jobs: Table) -> None:
    rows = [jobs.insert() for _ in range(3)]
    async with cluster() as ads:
        async with making(jobs.settings, ads.api) as one:
            await one.making.one_pass()
        ads.show(DONE, rows[0])
        ads.show(FAILED, rows[1])
        ads.delete(rows[2])
        async with listening(jobs.settings, ads.api):
            await eventually(
                lambda: [jobs.shows(row)[0] for row in rows] == ["done", "failed", "failed"],
                seconds=SECONDS,
            )


async def test_a_run_that_may_not_be_read_holds_up_no_other_row(server: Server) -> None:
    left = {"left": MAPPING.model_copy(update={"namespace": "left"})}
    jobs = table(server, tenants={**left, "*": MAPPING})
    unread, deleted = jobs.insert("left"), jobs.insert()
    async with cluster() as ads:
        async with making(jobs.settings, ads.api) as one:
            await one.making.one_pass()
        ads.show(RUNNING, unread, "left")
        ads.delete(deleted)
        # Rows are gone through by uid: the one that is refused comes first.
        jobs.execute("UPDATE jobs SET run_uid = 'z' WHERE id::text = %s", deleted)
        ads.server.faults.before.append(refuse_in("left"))
        without = jobs.settings.model_copy(update={"tenants": {"*": MAPPING}})
        async with listening(without, ads.api) as listener:
            await eventually(lambda: jobs.shows(deleted)[0] == "failed", seconds=SECONDS)
            await eventually(lambda: listener.ready, seconds=SECONDS)
            status, _, error = jobs.shows(unread)
            assert status == "queued", "nothing is known of it"
            assert "may not be read" in error
            assert "settings.listener.tenants must name its namespace" in error
        ads.server.faults.clear()
        async with listening(jobs.settings, ads.api):
            await eventually(
                lambda: jobs.shows(unread) == ("running", "overlay", ""), seconds=SECONDS
            )


async def test_an_older_state_is_not_written_over_a_newer_one(jobs: Table) -> None:
    row = jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        uid = str(jobs.row(row)["run_uid"])
        await one.rows.write([Report(uid, 20, RowState("done", "overlay"))])
        await one.rows.write([Report(uid, 19, RowState("running", "overlay"))])
    assert jobs.shows(row) == ("done", "overlay", "")


async def test_a_database_that_goes_away_and_comes_back_loses_nothing(server: Server) -> None:
    jobs = table(server)
    first = jobs.insert()
    async with cluster() as ads, listening(jobs.settings, ads.api) as listener:
        await eventually(lambda: listener.ready and first in ads.runs(), seconds=SECONDS)
        server.stop()
        ads.show(DONE, first)
        await eventually(lambda: not listener.ready, seconds=SECONDS)
        assert listener.alive
        server.start()
        second = jobs.insert()
        await eventually(lambda: second in ads.runs(), seconds=2 * SECONDS)
        await eventually(lambda: jobs.shows(first)[0] == "done", seconds=2 * SECONDS)
        await eventually(lambda: listener.ready, seconds=SECONDS)


async def test_an_api_server_that_goes_away_and_comes_back_loses_nothing(jobs: Table) -> None:
    async with cluster() as ads, listening(jobs.settings, ads.api) as listener:
        await eventually(lambda: listener.ready, seconds=SECONDS)
        ads.server.faults.reset(lambda _: True, times=20)
        ads.server.drop_watches()
        rows = {jobs.insert() for _ in range(5)}
        await eventually(lambda: set(ads.runs()) == rows, seconds=2 * SECONDS)
        for row in rows:
            ads.show(DONE, row)
        await eventually(
            lambda: {jobs.shows(row)[0] for row in rows} == {"done"}, seconds=2 * SECONDS
        )
