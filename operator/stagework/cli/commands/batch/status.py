"""`stagework batch status`: one batch with its numbers, once or until it ends."""

import json

import typer

from stagework.cli.batches import Batches
from stagework.cli.commands.batch.options import Name, Output, Watch
from stagework.cli.commands.batch.watching import watch as watch_batch
from stagework.cli.commands.session import session_of
from stagework.cli.options import JsonFormat, Namespace
from stagework.cli.text import batch_page
from stagework.cli.text.next_steps import next_step_of_batch
from stagework.overview.batch_row import batch_detail


def status(
    context: typer.Context,
    *,
    name: Name,
    namespace: Namespace = None,
    watch: Watch = False,
    output: Output = None,
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
    shown = batch_detail(batch)
    if as_json:
        text = json.dumps(batch_page.as_object(shown), indent=2, ensure_ascii=False)
        session.terminal.say(text)
        return
    step = next_step_of_batch(batch, session.home)
    session.terminal.lines(batch_page.sections(shown, step, session.now()))
