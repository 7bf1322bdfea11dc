"""Following one batch until it ends: its object is read anew once a second."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import typer

from stagework.api.batch import Batch
from stagework.cli.batches import Batches
from stagework.cli.commands.batch.options import status_command
from stagework.cli.commands.follower import Wishes, signals
from stagework.cli.commands.session import Session
from stagework.cli.errors import (
    EXIT_FAILED,
    ClusterUnreachable,
    CommandError,
    NotThere,
    TimeRanOut,
)
from stagework.cli.text.batch_screens import BatchScreen, batch_screen_for
from stagework.overview.batch_row import batch_detail

EVERY_SECONDS: Final = 1.0
"""Between two readings."""


def watch(
    session: Session,
    namespace: str,
    name: str,
    *,
    as_json: bool = False,
    timeout_seconds: float | None = None,
) -> None:
    """Show its progress until it has ended; exit 1 where it failed, 0 where it is only left.

    Raises TimeRanOut after `timeout_seconds`; None: never.
    """
    until = None if timeout_seconds is None else session.now() + timedelta(seconds=timeout_seconds)
    with signals() as wishes, batch_screen_for(session.terminal, as_json=as_json) as screen:
        succeeded = _Followed(session, namespace, name, until).end(screen, wishes)
    if succeeded is None:
        session.terminal.note(f"no longer watched; batch {name} goes on")
    elif not succeeded:
        session.terminal.note(f"next: {status_command(session, namespace, name)}")
        raise typer.Exit(EXIT_FAILED)


@dataclass
class _Followed:
    session: Session
    namespace: str
    name: str
    until: datetime | None
    uid: str = ""
    is_away: bool = False

    def end(self, screen: BatchScreen, wishes: Wishes) -> bool | None:
        """How it ended; None: somebody asked to stop before."""
        while not wishes.stop.is_set():
            batch = self._batch()
            if batch is not None:
                detail = batch_detail(batch)
                screen.show(detail, self.session.now())
                if detail.batch.succeeded is not None:
                    return detail.batch.succeeded
            if self.until is not None and self.session.now() >= self.until:
                command = status_command(self.session, self.namespace, self.name)
                raise TimeRanOut(f"time ran out; batch {self.name} goes on", command=command)
            self.session.sleep(EVERY_SECONDS)
        return None

    def _batch(self) -> Batch | None:
        """As it is now; None while nobody answers. Raises CommandError where it is gone."""
        try:
            batch = Batches(self.session.cluster).one(self.namespace, self.name)
        except NotThere:
            if not self.uid:
                raise
            raise CommandError(
                f"batch {self.name} was deleted", command="stagework batch list"
            ) from None
        except ClusterUnreachable as error:
            if not self.is_away:  # one line an outage
                self.session.terminal.warn(f"{error.message}; trying again")
            self.is_away = True
            return None
        self.is_away = False
        if self.uid and batch.metadata.uid != self.uid:
            raise CommandError(f"batch {self.name} was deleted and made anew")
        self.uid = batch.metadata.uid
        return batch
