"""Rows that want a run get one, each exactly one.

1. Read rows; those that can have no run are told why.
2. Note in each row where its run will be, and a key: no run is made that no row speaks of.
3. Make the runs, named by the rows. After a crash the same name is taken, by a run with the key.
4. Note their uids: such a row never gets another run. Where no run can have been made, for the
   namespace or the right is missing, the place is given back: the map may be what is wrong.
What fails between two of these is found by the next pass, in this process or another one.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from stagework.api.job_rows import JobRow
from stagework.cluster.client.errors import ApiError
from stagework.listener.rows import Postponed, Reservation, Rows
from stagework.listener.runs import FAULT_SECONDS, Made, Refused, Runs
from stagework.policies.row_mapping import RowRefused, RowRun, row_run
from stagework.settings import ListenerSettings

AT_ONCE: Final = 16
"""Runs that are made at the same time."""
_KEY_BYTES: Final = 16


@dataclass
class Outcomes:
    """What has become of the runs of one pass."""

    made: list[tuple[Reservation, str]] = field(default_factory=list[tuple[Reservation, str]])
    refused: list[tuple[Reservation, str]] = field(default_factory=list[tuple[Reservation, str]])
    postponed: list[tuple[Reservation, Postponed]] = field(
        default_factory=list[tuple[Reservation, Postponed]]
    )
    failure: ApiError | None = None
    """No server answers: the pass ends with it, once the rest is on record."""


class Making:
    """One pass after the other."""

    def __init__(
        self,
        settings: ListenerSettings,
        rows: Rows,
        runs: Runs,
        on_made: Callable[[str], None],
    ) -> None:
        """`on_made` is told the uid of a run once it is on record."""
        self._settings = settings
        self._rows = rows
        self._runs = runs
        self._on_made = on_made
        self._places = asyncio.Semaphore(AT_ONCE)

    async def one_pass(self) -> bool:
        """Whether there may be more rows at once. Raises ListenerError and ApiError."""
        rows = await self._rows.wanting(self._settings.batchRows)
        decided = [(row, row_run(row, self._settings.tenants)) for row in rows]
        # A row with a key may have its run already, whatever the map says of it by now.
        await self._rows.refuse(
            [
                (row, judged.cause)
                for row, judged in decided
                if isinstance(judged, RowRefused) and not row.key
            ]
        )
        done = await self._make_all(await self._reserved(decided))
        await self._rows.record(done.made)
        for _, uid in done.made:
            self._on_made(uid)
        await self._rows.refuse_reserved(done.refused)
        await self._rows.postpone(done.postponed)
        if done.failure is not None:
            raise done.failure
        return len(rows) == self._settings.batchRows

    async def _reserved(
        self, decided: Sequence[tuple[JobRow, RowRun | RowRefused]]
    ) -> list[tuple[Reservation, RowRun | RowRefused]]:
        before = [
            (Reservation(row, row.namespace, row.key), judged) for row, judged in decided if row.key
        ]
        new = [
            (Reservation(row, judged.namespace, secrets.token_hex(_KEY_BYTES)), judged)
            for row, judged in decided
            if isinstance(judged, RowRun) and not row.key
        ]
        ours = await self._rows.reserve([wanted for wanted, _ in new])
        return [*before, *(entry for entry in new if entry[0].row.id in ours)]

    async def _make_all(
        self, wanted: Sequence[tuple[Reservation, RowRun | RowRefused]]
    ) -> Outcomes:
        answers = await asyncio.gather(
            *(self._make(one, judged) for one, judged in wanted), return_exceptions=True
        )
        done = Outcomes()
        for (one, _), answer in zip(wanted, answers, strict=True):
            match answer:
                case Made(uid):
                    done.made.append((one, uid))
                case Refused(cause):
                    done.refused.append((one, cause))
                case Postponed():
                    done.postponed.append((one, answer))
                case ApiError():
                    done.failure = answer
                case Exception():
                    # Nobody foresaw it: it is this row's trouble and nobody else's.
                    cause = f"unforeseen: {answer!r}"[:500]
                    done.postponed.append((one, Postponed(cause, FAULT_SECONDS)))
                case BaseException():
                    raise answer
        return done

    async def _make(
        self, wanted: Reservation, judged: RowRun | RowRefused
    ) -> Made | Refused | Postponed:
        async with self._places:
            if isinstance(judged, RowRun):
                return await self._runs.make(wanted, judged)
            return await self._runs.adopt(wanted) or Refused(judged.cause)
