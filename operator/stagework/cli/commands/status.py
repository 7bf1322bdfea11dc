"""`stagework status`: the list of runs, or one run in sections."""

import json
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import NotAllowed
from stagework.cli.options import Namespace
from stagework.cli.text import run_list, run_page
from stagework.cli.text.next_steps import next_command
from stagework.overview import detail
from stagework.overview.holders import SlotHolder, classes_waited_for, slot_holders
from stagework.overview.rows import rows as rows_of


class Format(StrEnum):
    """`-o`."""

    json = "json"
    wide = "wide"


def status(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Argument(help="One run; all runs by default.")] = None,
    namespace: Namespace = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Runs of all namespaces.")
    ] = False,
    output: Annotated[Format | None, typer.Option("--output", "-o", help="json or wide.")] = None,
) -> None:
    """Show where the runs stand, or one run with its stages and what it waits for."""
    session = session_of(context)
    if name is not None:
        _one(session, session.namespace(namespace), name, as_json=output is Format.json)
        return
    where = None if everywhere else session.namespace(namespace)
    listing = session.objects.runs(where)
    for text in listing.unreadable:
        session.terminal.warn(text)
    rows = rows_of(listing.runs, session.now())
    if output is Format.json:
        session.terminal.say(json.dumps(run_list.objects(rows), indent=2))
    elif not rows:
        in_namespace = f" in namespace {where}" if where else ""
        session.terminal.say(f"No {PIPELINEJOB.plural}{in_namespace}.")
        session.terminal.say("  next: kubectl apply -f manifests/samples/")
    else:
        wide = output is Format.wide
        session.terminal.table(run_list.table(rows, wide=wide, namespaces=everywhere))


def _one(session: Session, namespace: str, name: str, *, as_json: bool) -> None:
    run = session.objects.run(namespace, name)
    shown = detail.detail(run, session.now())
    holders = _holders(session, run)
    command = next_command(run, session.home)
    if as_json:
        printed = run_page.as_object(shown, command, holders)
        session.terminal.say(json.dumps(printed, indent=2, ensure_ascii=False))
    else:
        session.terminal.lines(run_page.sections(shown, command, holders))


def _holders(session: Session, run: PipelineJob) -> tuple[SlotHolder, ...]:
    """Who holds the slots that it waits for: everywhere, or where the reader may read."""
    machines = classes_waited_for(run)
    if not machines:
        return ()
    for where in (None, run.metadata.namespace):
        with suppress(NotAllowed):
            return slot_holders(session.objects.runs(where).runs, machines, session.now())
    return ()
