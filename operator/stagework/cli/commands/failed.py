"""`stagework status --failed`: stages that have failed, also of runs whose objects are gone."""

import json
from typing import Final

from stagework.cli.commands.session import Session
from stagework.cli.errors import CommandError
from stagework.cli.remembered import Remembered
from stagework.cli.service import ApiService
from stagework.cli.since import moment_of
from stagework.cli.text import history_page

MOST: Final = 300
"""So many are shown."""


def chosen_of(*, failed: bool = True, **options: str | None) -> dict[str, str]:
    """The options that were given; raises CommandError where they choose nothing."""
    chosen = {name: value for name, value in options.items() if value is not None}
    if chosen and not failed:
        raise CommandError("--since, --pipeline and --tenant go with --failed")
    return chosen


def show_failed(
    session: Session,
    service: ApiService,
    chosen: dict[str, str],
    *,
    everywhere: bool,
    as_json: bool,
) -> None:
    """The newest first, as a table or as JSON."""
    query = query_of(session, chosen, None if everywhere else service.namespace)
    stages = Remembered(service).failed(query, MOST)
    if as_json:
        objects = history_page.as_objects(stages)
        session.terminal.say(json.dumps(objects, indent=2, ensure_ascii=False))
    elif not stages:
        session.terminal.say("Nothing has failed.")
    else:
        table = history_page.failed_table(stages, session.now(), namespaces=everywhere)
        session.terminal.table(table)


def query_of(session: Session, chosen: dict[str, str], namespace: str | None) -> dict[str, str]:
    """What is asked of the API service; raises CommandError for a `since` that is no time."""
    query = dict(chosen)
    if "since" in query:
        query["since"] = moment_of(query["since"], session.now()).isoformat()
    return query if namespace is None else {**query, "namespace": namespace}
