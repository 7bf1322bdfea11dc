"""When a run will be done and its waiting stages will start, from what the reader may list."""

import random
from contextlib import suppress

from stagework.api.pipeline import effective_dependencies
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session
from stagework.cli.errors import CommandError
from stagework.cli.live_queue import LiveQueue
from stagework.overview.queue.run_numbers import RunNumbers, run_numbers


def numbers_of(session: Session, run: PipelineJob, release: str) -> RunNumbers | None:
    """None of a run that has ended or not begun, or where runs cannot be listed."""
    if run.status.ended or not run.status.stages:
        return None
    live = LiveQueue(session.cluster, release)
    with suppress(CommandError):
        listing, _ = live.runs(None)
        above = effective_dependencies(list(live.stages_of(run)))
        # The same answer for the same run at the same moment: chance has its seed.
        draws = random.Random(f"{run.metadata.uid}/{run.metadata.resourceVersion}")  # noqa: S311
        return run_numbers(
            run,
            above,
            listing.runs,
            live.seen(listing.runs).rows,
            now=session.now(),
            draws=draws,
        )
    return None
