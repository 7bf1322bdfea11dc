"""Lists what has ended, deletes what the judge says, and has the API service clean its stores.

An object is deleted only in the very state in which it was judged, and only once history knows its
end: so neither a retry nor what is remembered gets lost.
"""

from typing import Any, Final

import msgspec
import orjson

from stagework.api.cleanup import CleanupAnswer
from stagework.api.history import RunHistory
from stagework.api.kinds import BATCH, PIPELINEJOB, Kind
from stagework.api.tasks import DataCleanupData
from stagework.cluster.client import paths
from stagework.cluster.client.errors import Conflict, NotFound
from stagework.cluster.client.paging import ListPage
from stagework.tasks.data_cleanup.judge import Finishing, Goes, Stays, judge
from stagework.tasks.service import ServiceFailed
from stagework.tasks.surroundings import Report, Surroundings

FINISHING: Final = (PIPELINEJOB, BATCH)
"""Kinds whose objects end."""
CLEANUP_SECONDS: Final = 1800.0
"""Longest clean-up of the stores."""

_page = msgspec.json.Decoder(ListPage[Finishing])


async def run(surroundings: Surroundings, data: DataCleanupData) -> Report:
    """One clean-up, or what one would do."""
    dry = surroundings.dry_run or data.dryRun
    gone: list[dict[str, Any]] = []
    stays: list[dict[str, Any]] = []
    # In this order: what a Batch that is listed works on is listed already.
    listed = {kind: await _listed(surroundings, kind) for kind in FINISHING}
    for kind, objects in listed.items():
        batches = listed[BATCH] if kind is PIPELINEJOB else ()
        for verdict in judge(objects, data, surroundings.now(), batches=batches):
            if isinstance(verdict, Stays):
                stays.append(_row(kind, verdict))
                continue
            why = await _hindrance(surroundings, kind, verdict)
            if not why and not dry:
                why = await _delete(surroundings, kind, verdict.target)
            if why:
                stays.append(_row(kind, Stays(verdict.target, why)))
            else:
                gone.append(_row(kind, verdict))
    stores = await surroundings.service.post(
        "/v1/cleanup", CleanupAnswer, CLEANUP_SECONDS, dryRun="true" if dry else "false"
    )
    done = "would be deleted" if dry else "deleted"
    return Report(
        f"{len(gone)} objects and the artifacts of {len(stores.artifacts)} runs {done}, "
        f"{stores.runs} runs {'would be ' if dry else ''}forgotten by history",
        {"dryRun": dry, "deleted": gone, "kept": stays, "stores": stores.model_dump()},
    )


async def _listed(surroundings: Surroundings, kind: Kind) -> list[Finishing]:
    """Of every namespace: a run of one can work on the artifacts of another one's."""
    found: list[Finishing] = []
    for namespace in surroundings.namespaces:
        listed: list[Finishing] = []
        collection = paths.collection(kind.resource, namespace)
        async for body in surroundings.api.list_pages(collection, on_restart=listed.clear):
            listed += _page.decode(body).items or []
        found += listed
    return found


async def _hindrance(surroundings: Surroundings, kind: Kind, verdict: Goes) -> str:
    """Why it cannot go yet; empty: it can."""
    if kind is not PIPELINEJOB:
        return ""
    try:
        known = await surroundings.service.get(
            f"/v1/runs/{verdict.target.metadata.uid}", RunHistory
        )
    except ServiceFailed as error:
        return f"history does not tell of it: {error}"
    return "" if known.run.ended is not None else "history does not know its end yet"


async def _delete(surroundings: Surroundings, kind: Kind, target: Finishing) -> str:
    """Why it stays; empty: it is gone."""
    meta = target.metadata
    options = {
        "preconditions": {"uid": meta.uid, "resourceVersion": meta.resource_version},
        "propagationPolicy": "Background",
    }
    path = paths.object_path(kind.ref(meta.namespace, meta.name))
    try:
        await surroundings.api.delete(path, orjson.dumps(options))
    except NotFound:
        return ""
    except Conflict:
        return "somebody has changed it meanwhile"
    return ""


def _row(kind: Kind, verdict: Goes | Stays) -> dict[str, Any]:
    meta = verdict.target.metadata
    return {
        "kind": kind.kind,
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
        "reason": verdict.reason,
    }
