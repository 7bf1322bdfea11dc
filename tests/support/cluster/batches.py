"""Batches as people follow them, and two witnesses of them that the operator cannot write to: the
ledger of the API service, and a journal to which each item that is looked at adds a line.
"""

import json
from collections import Counter

from tests.support.cluster.api import OURS
from tests.support.cluster.commands import Document
from tests.support.cluster.journal import lines_in
from tests.support.cluster.release import SERVICE
from tests.support.cluster.space import Space
from tests.support.cluster.stages import object_of
from tests.support.cluster.uploads import token
from tests.support.cluster.waiting import condition_of, eventually


def batch_of(name: str, pipeline: str, items: Document, **fields: object) -> Document:
    """A Batch."""
    return object_of("Batch", name, {"pipelineRef": {"name": pipeline}, "items": items, **fields})


def batch_at(space: Space, name: str) -> Document:
    """As it stands."""
    return space.api.get(f"{OURS}/namespaces/{space.namespace}/batches/{name}")


def ended(space: Space, name: str, *, of_round: int = 0, seconds: float) -> Document:
    """The batch once this round has ended."""
    return eventually(
        lambda: batch_at(space, name),
        lambda seen: (
            seen.get("status", {}).get("round", 0) == of_round
            and condition_of(seen, "Succeeded") in {"True", "False"}
        ),
        seconds=seconds,
        otherwise=lambda: json.dumps(batch_at(space, name).get("status", {}), indent=1),
    )


def handled(space: Space, name: str, least: int, *, seconds: float) -> Document:
    """The batch once so many items are done or have failed."""

    def count(seen: Document) -> int:
        status = seen.get("status", {})
        return int(status.get("done", 0)) + int(status.get("failed", 0))

    return eventually(
        lambda: batch_at(space, name),
        lambda seen: count(seen) >= least,
        seconds=seconds,
        otherwise=lambda: json.dumps(batch_at(space, name).get("status", {}), indent=1),
    )


def reprocess(space: Space, batch: Document) -> Document:
    """Ask for the failed ones again; gives the answer."""
    target = {
        "kind": "Batch",
        "name": batch["metadata"]["name"],
        "uid": batch["metadata"]["uid"],
    }
    asked = object_of("Intervention", "", {
        "target": target,
        "verb": "Reprocess",
        "select": {"states": ["Failed"]},
        "reason": "once more",
        "requestedBy": space.commands.me(),
    })  # fmt: skip
    asked["metadata"] = {"generateName": "again-"}
    return space.answer_to(space.create(asked))


def ledger(space: Space, name: str) -> list[Document]:
    """Every item with what has become of it, as the API service has it in its files."""
    reply = space.api.request(
        "GET",
        f"{SERVICE}/v1/batches/{space.namespace}/{name}/ledger.jsonl",
        headers={"X-Stagework-Authorization": f"Bearer {token(space)}"},
    )
    assert reply.status == 200, reply
    return [json.loads(line) for line in reply.body.splitlines()]


def looked_at(space: Space, reader: str) -> Counter[str]:
    """How often the stage has looked at each item, by the journal; `reader`: a run that reads."""
    return Counter(lines_in(space, reader))
