"""`stagework history`: runs whose objects may be gone, and one of them with every attempt."""

import json
from typing import Annotated

import typer

from stagework.api.facts import RunFact
from stagework.api.kinds import PIPELINEJOB
from stagework.cli.commands.failed import chosen_of, query_of
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import NotThere
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Everywhere,
    JsonFormat,
    Namespace,
    OfPipeline,
    ReleaseNamespace,
    ServiceAccount,
    Since,
    Tenant,
)
from stagework.cli.remembered import Remembered
from stagework.cli.service import ApiService
from stagework.cli.text import history_page


def history(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="One run: the newest of that name, or the one of that uid."),
    ] = None,
    pipeline: OfPipeline = None,
    tenant: Tenant = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Runs about this document alone.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Runs with this status alone, such as Completed.")
    ] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many runs at most.")] = 20,
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    output: Annotated[
        JsonFormat | None, typer.Option("--output", "-o", help="json, with every time.")
    ] = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show the runs that are remembered, the newest first, or one with all its attempts."""
    session = session_of(context)
    where = session.namespace(namespace)
    remembered = Remembered(ApiService(session.cluster, release_namespace, where, service_account))
    chosen = chosen_of(pipeline=pipeline, tenant=tenant, subject=subject, state=state, since=since)
    query = query_of(session, chosen, None if everywhere else where)
    if name is not None:
        _one(session, remembered, name, query, as_json=output is JsonFormat.json)
        return
    found = remembered.runs(query, limit)
    _many(session, found, as_json=output is JsonFormat.json, namespaces=everywhere)


def _many(session: Session, runs: list[RunFact], *, as_json: bool, namespaces: bool) -> None:
    if as_json:
        session.terminal.say(_json(history_page.as_objects(runs)))
    elif not runs:
        session.terminal.say(f"No {PIPELINEJOB.plural} are remembered.")
    else:
        table = history_page.runs_table(runs, session.now(), namespaces=namespaces)
        session.terminal.table(table)


def _one(
    session: Session, remembered: Remembered, name: str, query: dict[str, str], *, as_json: bool
) -> None:
    found = remembered.runs({**query, "name": name}, 1)
    uid = found[0].uid if found else name
    try:
        run = remembered.run(uid)
    except NotThere as error:
        raise NotThere(f"no run {name!r} is remembered", command="stagework history -A") from error
    if as_json:
        session.terminal.say(_json(history_page.as_objects(run)))
    else:
        session.terminal.lines(history_page.run_sections(run, session.now()))


def _json(remembered: object) -> str:
    return json.dumps(remembered, indent=2, ensure_ascii=False)
