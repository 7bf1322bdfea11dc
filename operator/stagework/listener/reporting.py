"""Runs are written back into their rows: what has changed, and now and then what has not.

Changes of runs come by a watch and are written together. A run that is gone is believed to be so
when the API server says it; of one that may not be read the row says so. Now and then all rows
whose run has not ended are gone through, so that what was missed (a restart of either side, a run
deleted meanwhile) is written all the same.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.job_rows import TABLE
from stagework.api.kinds import PIPELINEJOB
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.reflector import Reflector
from stagework.cluster.cache.store import Change
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Forbidden
from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener.rows import Report, Rows, RunOfRow
from stagework.listener.runs import Runs, run_of
from stagework.overview.row_state import RowState, row_state

WRITTEN_AT_ONCE: Final = 500
"""Rows in one statement."""
GATHER_SECONDS: Final = 0.05
"""Changes that come within so short a time are written together."""
GONE: Final = (
    "its run is gone (deleted?), and how it ended is not known here: `stagework history` may know"
)
"""What a row says whose run is not there any more."""
UNREADABLE: Final = (
    "how its run stands may not be read: {cause}; settings.listener.tenants must name its "
    "namespace until it has ended"
)
"""What a row says where the listener has no right to read its run."""

_log = logging.getLogger("stagework.listener")


class Reporting:
    """From runs to rows."""

    def __init__(self, api: KubeApi, rows: Rows, namespaces: Iterable[str]) -> None:
        self._rows = rows
        self._runs = Runs(api)
        self.gone = asyncio.Event()
        """A run has left: it is time to compare."""
        self._changed = asyncio.Event()
        self._due: dict[str, None] = {}
        self._written: dict[str, RowState] = {}
        self._reflectors = [
            Reflector(
                api,
                paths.collection(PIPELINEJOB.resource, namespace),
                OwnObject,
                self._heard,
                params={"labelSelector": f"{names.LABEL_LISTENER}={TABLE}"},
                on_problem=_complain,
            )
            for namespace in namespaces
        ]

    @property
    def watches(self) -> list[Callable[[], Awaitable[None]]]:
        """What must run beside."""
        return [reflector.run for reflector in self._reflectors]

    @property
    def synced(self) -> bool:
        """Whether every namespace has been listed once."""
        return all(reflector.synced.is_set() for reflector in self._reflectors)

    def recorded(self, uid: str) -> None:
        """A row has this run on record by now: what was written before found no row."""
        self._written.pop(uid, None)
        self._add(uid)

    async def one_pass(self, longest_seconds: float) -> None:
        """Wait for changes, and write them. Raises ListenerError; then they are due again."""
        try:
            async with asyncio.timeout(longest_seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_SECONDS)
        self._changed.clear()
        due = list(self._due)[:WRITTEN_AT_ONCE]
        for uid in due:
            del self._due[uid]
        reports = [report for uid in due if (report := self._report(uid)) is not None]
        try:
            await self._rows.write(reports)
        except BaseException:
            for uid in due:
                self._add(uid)
            raise
        if self._due:
            self._changed.set()
        for report in reports:
            self._written[report.uid] = report.state

    async def compare(self) -> None:
        """Go through all rows whose run has not ended. Raises ListenerError and ApiError."""
        after = ""
        while True:
            page = await self._rows.at_work(after, WRITTEN_AT_ONCE)
            for entry in page:
                await self._compare(entry)
            if len(page) < WRITTEN_AT_ONCE:
                return
            after = page[-1].uid

    async def _compare(self, entry: RunOfRow) -> None:
        if self._known(entry.uid) is not None:
            self.recorded(entry.uid)
            return
        try:
            found = await self._runs.find(entry.namespace, entry.row, entry.uid)
        except Forbidden as error:
            # Its tenant has left the map, and the rights have gone along: the other rows go on.
            await self._rows.note(entry.uid, UNREADABLE.format(cause=sentence(error.message)))
            return
        if found is None:
            await self._rows.lose(entry.uid, GONE)
        else:
            version = _number(found.metadata.resourceVersion)
            await self._rows.write([Report(entry.uid, version, row_state(found))])

    def _heard(self, change: Change[OwnObject]) -> None:
        uid = change.object.metadata.uid
        if change.new is None:
            # A watch alone proves no end: whoever compares asks for the run itself.
            self._written.pop(uid, None)
            self._due.pop(uid, None)
            self.gone.set()
            return
        self._add(uid)

    def _add(self, uid: str) -> None:
        self._due[uid] = None
        self._changed.set()

    def _report(self, uid: str) -> Report | None:
        """None: it is not there, cannot be read, or its row shows that already."""
        known = self._known(uid)
        if known is None:
            return None
        try:
            state = row_state(run_of(known))
        except ApiError as error:
            _complain("a run is passed over", error)
            return None
        if self._written.get(uid) == state:
            return None
        return Report(uid, _number(known.metadata.resourceVersion), state)

    def _known(self, uid: str) -> OwnObject | None:
        found = (reflector.store.get(uid) for reflector in self._reflectors)
        return next((known for known in found if known is not None), None)


def _number(version: str) -> int:
    """A version as API servers count them; 0 where one does not count."""
    return int(version) if version.isdecimal() else 0


def _complain(said: str, error: Exception) -> None:
    _log.warning("%s: %s", said, error)
