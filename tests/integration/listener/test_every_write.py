"""The listener dies at each of its writes, before it is sent or before its answer is read."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pytest

from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener.rows import Postponed, Reservation, Rows
from stagework.listener.runs import Made, Refused, Runs
from stagework.policies.row_mapping import RowRun
from stagework.settings import ListenerSettings
from tests.support.listener import Cluster, Table, cluster, making

Moment = Literal["before it is sent", "after it is committed"]
AnswerT = TypeVar("AnswerT")
WRITES_MAX = 40


class Death(BaseException):
    """The process ends here."""


@dataclass
class CrashPoint:
    """Dies at its write number `index`, from 1."""

    index: int
    moment: Moment
    writes: int = 0
    hit: str = ""

    async def around(self, what: str, write: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        self.writes += 1
        dies = self.writes == self.index
        if self.hit or (dies and self.moment == "before it is sent"):
            self.hit = self.hit or what
            raise Death
        answer = await write()
        if dies:
            self.hit = what
            raise Death
        return answer


@dataclass
class Mortal:
    """What a listener is built of that dies at a crash point."""

    point: CrashPoint
    seen: list[str] = field(default_factory=list[str])

    def rows(self, settings: ListenerSettings) -> Rows:
        point = self.point

        class MortalRows(Rows):
            async def _done(self, work: Callable[..., Any]) -> Any:
                if not self._id_type:
                    return await super()._done(work)
                done = super()._done
                return await point.around("statement", lambda: done(work))

        return MortalRows(settings)

    def runs(self, api: KubeApi) -> Runs:
        point = self.point

        class MortalRuns(Runs):
            async def make(self, wanted: Reservation, run: RowRun) -> Made | Refused | Postponed:
                make = super().make
                return await point.around("create", lambda: make(wanted, run))

        return MortalRuns(api)


async def one_life(jobs: Table, ads: Cluster, point: CrashPoint) -> None:
    mortal = Mortal(point)
    async with making(jobs.settings, ads.api, mortal.rows, mortal.runs) as one:
        await one.making.one_pass()


async def die_and_go_on(jobs: Table, ads: Cluster, point: CrashPoint) -> None:
    with suppress(Death):
        await one_life(jobs, ads, point)
    async with making(jobs.settings, ads.api) as other:
        await other.making.one_pass()


@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
async def test_at_each_write_and_each_row_has_one_run_afterwards(
    jobs: Table, moment: Moment
) -> None:
    hits: list[str] = []
    for index in range(1, WRITES_MAX):
        jobs.execute("DELETE FROM jobs")
        rows = {jobs.insert() for _ in range(3)}
        bad = jobs.insert("acme", "x", input="nowhere")
        async with cluster() as ads:
            point = CrashPoint(index, moment)
            await die_and_go_on(jobs, ads, point)
            assert set(ads.runs()) == rows, (index, point.hit)
            assert ads.server.record.counts["POST pipelinejobs"] <= 2 * len(rows)
            uids = {name: run["metadata"]["uid"] for name, run in ads.runs().items()}
            assert {row: jobs.row(row)["run_uid"] for row in rows} == uids
            assert jobs.shows(bad)[0] == "failed"
        if not point.hit:
            break
        hits.append(point.hit)
    # To read, to refuse, to reserve; three creates; to record.
    assert hits == ["statement"] * 3 + ["create"] * 3 + ["statement"]


async def test_the_crash_points_are_real(jobs: Table) -> None:
    """Without the key on record, a run that a dead process has made would be a stranger's."""
    row = jobs.insert()
    async with cluster() as ads:
        point = CrashPoint(3, "after it is committed")
        with pytest.raises(Death):
            await one_life(jobs, ads, point)
        assert point.hit == "create"
        jobs.execute("UPDATE jobs SET run_key = NULL, run_namespace = NULL")
        async with making(jobs.settings, ads.api) as other:
            await other.making.one_pass()
        assert "was not made of this row" in jobs.shows(row)[2]
