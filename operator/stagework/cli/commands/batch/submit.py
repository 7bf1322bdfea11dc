"""`stagework batch submit`: hand over items and have a pipeline run on them."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from stagework.api import names
from stagework.api.base import explain
from stagework.api.batch import CHUNK_MAX, PARALLELISM_MAX, Batch, BatchSpec
from stagework.api.kinds import BATCH, PIPELINE
from stagework.cli.batches import read_batch
from stagework.cli.commands.batch.options import Output, Watch, status_command
from stagework.cli.commands.batch.watching import watch as watch_batch
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError, NotThere
from stagework.cli.handed_over import SHOWN_LINES, HandedOver, Manifest, Stored, handed_over
from stagework.cli.objects import PIPELINES
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    JsonFormat,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.replies import names_the_object
from stagework.cli.service import ApiService
from stagework.cli.stored_objects import path
from stagework.cli.text import batch_page
from stagework.cli.text.transfer import transfer_for
from stagework.cli.uploading import Uploads
from stagework.overview.batch_row import batch_detail

_NAME_BEGIN = "batch-"
_NO_LIST = f"{'0' * 64}/manifest.jsonl"
"""Stands for the list while the API server is asked whether it takes such a batch."""
_SENTENCES: Final = {
    "maxFailedItems": "--max-failed takes a number or a share of all items, such as 20 or 5%",
    "store": "a store's name has a-z, 0-9 and '-' alone: write s3://STORE/PREFIX",
    "params": "--param takes names of a-z, 0-9, '-' and '_', a letter first",
}
"""What is wrong with a field, where a person can have got it wrong."""


@dataclass(frozen=True)
class Wanted:
    """How the batch is to be."""

    namespace: str
    name: str
    spec: dict[str, Any]
    """Without items."""


Given = Annotated[
    str,
    typer.Argument(
        metavar="DIR|FILE|s3://STORE/PREFIX",
        help="A folder (its files are uploaded), a zip, a list as JSON Lines or CSV, "
        "or objects of a store that the settings name.",
    ),
]
OfPipeline = Annotated[str, typer.Option("--pipeline", help="Pipeline of each chunk.")]
NewName = Annotated[str, typer.Option("--name", help="Of the batch; made where absent.")]
ChunkSize = Annotated[
    int | None, typer.Option("--chunk-size", min=1, max=CHUNK_MAX, help="Items of a chunk.")
]
Parallelism = Annotated[
    int | None,
    typer.Option("--parallelism", min=1, max=PARALLELISM_MAX, help="Chunks in flight at most."),
]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="KEY=VALUE", help="Of every chunk; may be repeated."),
]
MaxFailed = Annotated[
    str | None,
    typer.Option("--max-failed", help="Stop with more failed items than this: 20, or 5%."),
]
Suffix = Annotated[
    str, typer.Option("--suffix", help="Only files, or objects, that end so, such as .jpg.")
]


def submit(
    context: typer.Context,
    *,
    given: Given,
    pipeline: OfPipeline,
    name: NewName = "",
    chunk_size: ChunkSize = None,
    parallelism: Parallelism = None,
    param: Params = None,
    max_failed: MaxFailed = None,
    suffix: Suffix = "",
    watch: Watch = False,
    output: Output = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Hand over items and have a pipeline run on them, in chunks.

    Everything is checked before anything is sent, also that the API server takes such a batch.
    You need the rights to create PipelineJobs (for uploads) and Batches, as the role
    stagework-edit has them.
    """
    session = session_of(context)
    where = session.namespace(namespace)
    items = handed_over(given, suffix)
    spec = _spec(
        items,
        pipelineRef={"name": pipeline},
        params=_params(param or []),
        chunkSize=chunk_size,
        parallelism=parallelism,
        maxFailedItems=max_failed,
    )
    service = ApiService(session.cluster, release_namespace, where, service_account)
    wanted, as_json = Wanted(where, name, spec), output is JsonFormat.json
    _show(session, _made(session, service, wanted, items, as_json), watch, as_json)


def _made(
    session: Session, service: ApiService, wanted: Wanted, items: HandedOver, as_json: bool
) -> Batch:
    _check(session, wanted, items)
    _warn(session, items)
    source = _source(session, service, items, plain=as_json)
    body = _body(wanted, source)
    return read_batch(session.objects.create(BATCH.resource, wanted.namespace, body))


def _show(session: Session, batch: Batch, watch: bool, as_json: bool) -> None:
    where, made = batch.metadata.namespace, batch.metadata.name
    if not as_json:
        session.terminal.say(f"batch.stagework.dev/{made} created")
    if watch:
        watch_batch(session, where, made, as_json=as_json)
    elif as_json:
        shown = batch_page.as_object(batch_detail(batch))
        session.terminal.say(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        session.terminal.say(f"  next: {status_command(session, where, made)} -w")


def _params(given: list[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for word in given:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise CommandError(f"--param {word!r} has no value: write --param KEY=VALUE")
        params[key] = value
    return params


def _spec(items: HandedOver, **fields: Any) -> dict[str, Any]:
    """What was given of it; raises CommandError for what no batch takes."""
    given = {key: value for key, value in fields.items() if value not in (None, {})}
    try:
        BatchSpec.model_validate({**given, "items": _judged_source(items, "any")})
    except ValidationError as error:
        words = {str(part) for found in error.errors() for part in found["loc"]}
        known = next((text for word, text in _SENTENCES.items() if word in words), "")
        raise CommandError(known or f"no batch can be so: {explain(error)}") from error
    return given


def _check(session: Session, wanted: Wanted, items: HandedOver) -> None:
    """Before anything is sent: is its Pipeline there, and would the API server take the batch?"""
    pipeline = wanted.spec["pipelineRef"]["name"]
    answer = session.cluster.request("GET", path(PIPELINES, wanted.namespace, pipeline))
    if answer.missing and names_the_object(answer):
        raise NotThere(
            f"there is no Pipeline {pipeline!r} in namespace {wanted.namespace!r}",
            command=f"kubectl get {PIPELINE.full_name} -n {wanted.namespace}",
        )
    body = _body(wanted, _judged_source(items, wanted.namespace))
    session.objects.create(BATCH.resource, wanted.namespace, body, dry_run=True)


def _judged_source(items: HandedOver, namespace: str) -> dict[str, Any]:
    """Its source, as far as it is known before anything is sent."""
    if isinstance(items, Stored):
        parts = {"prefix": items.prefix, "suffix": items.suffix}
        named = {key: value for key, value in parts.items() if value}
        return {"s3": {"store": items.store, **named}}
    return {"manifest": f"artifact://{namespace}/uploads/{_NO_LIST}"}


def _warn(session: Session, items: HandedOver) -> None:
    if not isinstance(items, Manifest) or not items.unreadable:
        return
    for text in items.unreadable[:SHOWN_LINES]:
        session.terminal.warn(f"{items.path}: {text}")
    count = len(items.unreadable)
    lines = "1 line holds no item and is" if count == 1 else f"{count} lines hold no item and are"
    session.terminal.warn(f"{items.path}: {lines} left out; {items.items} items are in it")


def _source(
    session: Session, service: ApiService, items: HandedOver, *, plain: bool
) -> dict[str, Any]:
    if isinstance(items, Stored):
        return _judged_source(items, service.namespace)
    with transfer_for(session.terminal, plain=plain) as progress:
        return {"manifest": Uploads(service, session.sleep, progress).manifest(items)}


def _body(wanted: Wanted, source: dict[str, Any]) -> dict[str, Any]:
    named = {"name": wanted.name} if wanted.name else {"generateName": _NAME_BEGIN}
    return {
        "apiVersion": names.API_VERSION,
        "kind": BATCH.kind,
        "metadata": {**named, "namespace": wanted.namespace},
        "spec": {**wanted.spec, "items": source},
    }
