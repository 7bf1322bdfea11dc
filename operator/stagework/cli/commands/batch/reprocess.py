"""`stagework batch reprocess`: run items again, those that failed unless others are named."""

from typing import Annotated

import typer

from stagework.api.batch import Batch
from stagework.api.batch_book import DONE, ID_LETTERS, MAX_SELECTED_IDS
from stagework.api.intervention import Select
from stagework.api.kinds import REPROCESS
from stagework.cli.batches import Batches, BatchItems
from stagework.cli.commands.batch.asking import preview, request, spec_of
from stagework.cli.commands.batch.options import Name
from stagework.cli.commands.session import session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    DryRun,
    Namespace,
    Reason,
    ReleaseNamespace,
)
from stagework.cli.service import ApiService
from stagework.plans.batch.snapshot import Selected


def reprocess(
    context: typer.Context,
    *,
    name: Name,
    failed: Annotated[
        bool, typer.Option("--failed", help="Items that failed; so it is where nothing is said.")
    ] = False,
    ids: Annotated[
        list[str] | None,
        typer.Option("--ids", help="Items of these ids, with commas; may be repeated."),
    ] = None,
    all_but_done: Annotated[
        bool, typer.Option("--all-but-done", help="All items but those that are done.")
    ] = False,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Run items of a batch again, also while it goes on; everything else stays as it is.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    session = session_of(context)
    where = session.namespace(namespace)
    select = _select(failed=failed, ids=ids or [], all_but_done=all_but_done)
    batch = Batches(session.cluster).one(where, name)
    spec = spec_of(batch, REPROCESS, reason, select)
    if dry_run:
        service = ApiService(session.cluster, release_namespace, where)
        preview(session, batch, spec, _selected(service, batch, select))
    else:
        request(session, batch, spec)


def _select(*, failed: bool, ids: list[str], all_but_done: bool) -> Select:
    """What is meant; raises CommandError."""
    if sum((failed, bool(ids), all_but_done)) > 1:
        raise CommandError("give one of --failed, --ids and --all-but-done")
    if all_but_done:
        return Select(allBut=DONE)
    if not ids:
        return Select(states=["Failed"])
    # A comma within an id has a backslash before it.
    words = [word.strip() for given in ids for word in _split(given)]
    named = [*dict.fromkeys(word for word in words if word)]
    if not named or any(len(word) > ID_LETTERS for word in named):
        raise CommandError(f"--ids takes ids of 1 to {ID_LETTERS} letters, with commas")
    if len(named) > MAX_SELECTED_IDS:
        raise CommandError(f"--ids takes {MAX_SELECTED_IDS} ids at most: ask several times")
    return Select(ids=named)


def _split(given: str) -> list[str]:
    return [part.replace("\0", ",") for part in given.replace("\\,", "\0").split(",")]


def _selected(service: ApiService, batch: Batch, select: Select) -> Selected | None:
    if batch.status.manifest is None:
        return None  # judged by that alone
    answer = BatchItems(service, batch).would_run_again(select)
    return Selected(answer.affected, tuple(answer.unknown))
