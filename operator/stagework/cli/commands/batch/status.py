"""`stagework batch status`: one batch with its numbers, once or until it ends."""

import json
from contextlib import suppress

import typer

from stagework.api.batch import Batch
from stagework.api.estimates import EstimateError
from stagework.cli.batches import Batches
from stagework.cli.commands.batch.options import Name, Output, Watch
from stagework.cli.commands.batch.watching import watch as watch_batch
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    JsonFormat,
    Namespace,
    ReleaseNamespace,
)
from stagework.cli.remembered import Remembered
from stagework.cli.service import ApiService
from stagework.cli.text import batch_page
from stagework.cli.text.next_steps import next_step_of_batch
from stagework.overview.batch_row import batch_detail
from stagework.overview.earlier_batches import JUDGED, estimate_errors


def status(
    context: typer.Context,
    *,
    name: Name,
    namespace: Namespace = None,
    watch: Watch = False,
    output: Output = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show where a batch stands, how fast it goes, what failed, and what to do next.

    With -w: a progress bar in a terminal, else a line for each change; exit 1 where it failed.
    """
    session = session_of(context)
    where, as_json = session.namespace(namespace), output is JsonFormat.json
    if watch:
        watch_batch(session, where, name, as_json=as_json)
        return
    batch = Batches(session.cluster).one(where, name)
    shown = batch_detail(batch, _past_estimates(session, batch, release_namespace))
    if as_json:
        text = json.dumps(batch_page.as_object(shown), indent=2, ensure_ascii=False)
        session.terminal.say(text)
        return
    step = next_step_of_batch(batch, session.home)
    session.terminal.lines(batch_page.sections(shown, step, session.now()))


def _past_estimates(session: Session, batch: Batch, release: str) -> tuple[EstimateError, ...]:
    """Nothing where history does not answer, and of a batch of whose end nothing is said."""
    if batch.status.etaSeconds is None:
        return ()
    where, pipeline = batch.metadata.namespace, batch.spec.pipelineRef.name
    service = ApiService(session.cluster, release, where)
    with suppress(CommandError):
        return estimate_errors(Remembered(service).batches(where, JUDGED, pipeline))
    return ()
