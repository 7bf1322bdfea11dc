"""`stagework status`: the list of runs, or one run in sections."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.failed import chosen_of, show_failed
from stagework.cli.commands.run_numbers import numbers_of
from stagework.cli.commands.session import Session, session_of
from stagework.cli.commands.slot_holders import holders_for
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Everywhere,
    Failed,
    Namespace,
    OfPipeline,
    ReleaseNamespace,
    ServiceAccount,
    Since,
    Tenant,
)
from stagework.cli.service import ApiService
from stagework.cli.text import run_list, run_numbers, run_page
from stagework.cli.text.next_steps import next_step
from stagework.overview import detail
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
    everywhere: Everywhere = False,
    output: Annotated[Format | None, typer.Option("--output", "-o", help="json or wide.")] = None,
    failed: Failed = False,
    since: Since = None,
    pipeline: OfPipeline = None,
    tenant: Tenant = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show where the runs stand, or one run with its stages and what it waits for."""
    session = session_of(context)
    here, as_json = session.namespace(namespace), output is Format.json
    chosen = chosen_of(failed=failed, since=since, pipeline=pipeline, tenant=tenant)
    if failed:
        service = ApiService(session.cluster, release_namespace, here, service_account)
        show_failed(session, service, chosen, everywhere=everywhere, as_json=as_json)
        return
    if name is not None:
        _one(session, session.objects.run(here, name), release_namespace, as_json=as_json)
        return
    where = None if everywhere else here
    listing = session.objects.runs(where)
    for text in listing.unreadable:
        session.terminal.warn(text)
    rows = rows_of(listing.runs, session.now())
    if as_json:
        session.terminal.say(json.dumps(run_list.objects(rows), indent=2))
    elif not rows:
        in_namespace = f" in namespace {where}" if where else ""
        session.terminal.say(f"No {PIPELINEJOB.plural}{in_namespace}.")
        what = f"{PIPELINEJOB.plural}.spec.stages"
        session.terminal.say(f"  next: kubectl explain {what} (what a run says)")
    else:
        wide = output is Format.wide
        session.terminal.table(run_list.table(rows, wide=wide, namespaces=everywhere))


def _one(session: Session, run: PipelineJob, release: str, *, as_json: bool) -> None:
    shown = detail.detail(run, session.now())
    holders = holders_for(session, [run], run.metadata.namespace)
    step = next_step(run, session.home)
    numbers = numbers_of(session, run, release)
    if as_json:
        printed = run_page.as_object(shown, step, holders) | run_numbers.as_object(numbers)
        session.terminal.say(json.dumps(printed, indent=2, ensure_ascii=False))
        return
    more = () if numbers is None else tuple(run_numbers.number_lines(numbers))
    session.terminal.lines(run_page.sections(shown, step, holders, more))
