"""The PipelineJob of one attempt at a chunk of a Batch, and the one run after its last item."""

from collections.abc import Mapping
from dataclasses import dataclass

from stagework.api import names
from stagework.api.batch import Batch
from stagework.api.kinds import BATCH
from stagework.api.packed_chunk import Chunk
from stagework.children.child_run import Manifest, child_run
from stagework.children.names import NAME_MAX, label_value, short_hash

AFTERWARDS = "afterwards"
"""In the name of the run after the last item."""


@dataclass(frozen=True)
class Item:
    """One item of the frozen list."""

    number: int
    id: str
    uri: str
    """Empty: it has params only."""
    params: Mapping[str, str]


def artifacts_of(namespace: str, uid: str) -> str:
    """Address of all that is kept of a batch."""
    return f"artifact://{namespace}/batches/{uid}"


def chunk_run_name(batch: str, batch_uid: str, chunk: Chunk) -> str:
    """`<batch>-<round>-<start>-<count>-<attempt>-<h8>`; the batch's name is cut."""
    digest = short_hash(batch_uid, chunk.name, chunk.attempt, chunk.remake)
    return _named(batch, f"-{chunk.name}-{chunk.attempt}-{digest}")


def afterwards_name(batch: str, batch_uid: str, end: int, remake: int) -> str:
    """`<batch>-afterwards-<end>-<h8>`; `end`: which end of the batch it follows, from 1."""
    digest = short_hash(batch_uid, AFTERWARDS, end, remake)
    return _named(batch, f"-{AFTERWARDS}-{end}-{digest}")


def chunk_run(batch: Batch, chunk: Chunk, item: Item | None) -> Manifest:
    """As it is sent to the API server; `item`: where the chunk is a single one of its own."""
    meta, spec = batch.metadata, batch.spec
    base = artifacts_of(meta.namespace, meta.uid)
    items = {"uri": base, "round": chunk.round, "from": chunk.start, "to": chunk.end}
    given: Manifest = {"items": items}
    params = dict(spec.params)
    if item is not None:
        params.update(item.params)
        if item.uri:
            given = {"uri": item.uri, "items": items}
    name = chunk_run_name(meta.name, meta.uid, chunk)
    subject = item.id[:NAME_MAX] if item is not None else ""
    return _run(batch, name, spec.pipelineRef.name, given, params=params, subject=subject)


def afterwards_run(batch: Batch, pipeline: str, name: str) -> Manifest:
    """Its input is the ledger: what has become of each item."""
    base = artifacts_of(batch.metadata.namespace, batch.metadata.uid)
    return _run(batch, name, pipeline, {"uri": f"{base}/ledger.jsonl"})


def _run(
    batch: Batch,
    name: str,
    pipeline: str,
    given: Manifest,
    *,
    params: Mapping[str, str] | None = None,
    subject: str = "",
) -> Manifest:
    meta, spec = batch.metadata, batch.spec
    written = {
        "params": params,
        "title": spec.title,
        "subject": subject,
        "tenant": spec.tenant,
        "slotTime": spec.slotTime,
        "priority": spec.priority,
    }
    labels = {names.LABEL_BATCH: label_value(meta.name), names.LABEL_BATCH_UID: meta.uid}
    whole = {
        "pipelineRef": {"name": pipeline},
        "input": given,
        **{key: value for key, value in written.items() if value},
    }
    return child_run(BATCH, meta, name, labels, whole)


def _named(batch: str, tail: str) -> str:
    head = batch.replace(".", "-")[: NAME_MAX - len(tail)].rstrip("-")
    return f"{head}{tail}"
