"""Who holds the slots that runs wait for, among the runs that the reader may get."""

from collections.abc import Iterable
from contextlib import suppress

from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session
from stagework.cli.errors import NotAllowed
from stagework.overview.holders import SlotHolder, classes_waited_for, slot_holders


def holders_for(
    session: Session, waiting: Iterable[PipelineJob], namespace: str
) -> tuple[SlotHolder, ...]:
    """Of every namespace, or of this one alone where the reader may read no other."""
    machines = dict.fromkeys(m for run in waiting for m in classes_waited_for(run))
    if not machines:
        return ()
    for where in (None, namespace):
        with suppress(NotAllowed):
            return slot_holders(session.objects.runs(where).runs, machines, session.now())
    return ()
