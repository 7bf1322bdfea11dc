"""What a well-behaved stage leaves behind: its result and its completion mark."""

import hashlib

import orjson

from stagekit.contract import MARK_VERSION, OUTCOME_SUCCEEDED
from tests.support.fakeapi.resources import Json, part


def result(pod: Json, outcome: str = OUTCOME_SUCCEEDED) -> Json:
    """The attempt's `result.json`, always the same for one Pod."""
    labels = part(pod, "metadata", "labels")
    return {
        "v": MARK_VERSION,
        "stage": labels.get("stagework.dev/stage", ""),
        "attempt": int(labels.get("stagework.dev/attempt", "0")),
        "pod": pod["metadata"]["uid"],
        "outcome": outcome,
    }


def digest(result_json: Json) -> str:
    """sha256 of the file, as the mark carries it."""
    return hashlib.sha256(orjson.dumps(result_json)).hexdigest()


def stored_result(written: Json) -> Json:
    """What the API service tells of a result."""
    return {"pod": written["pod"], "digest": digest(written), "result": written}


def completion_mark(pod: Json, outcome: str = OUTCOME_SUCCEEDED, **more: object) -> str:
    """A valid termination message for this Pod."""
    return mark_of(result(pod, outcome), **more)


def mark_of(written: Json, **more: object) -> str:
    """The mark behind a `result.json`."""
    fields = ("v", "stage", "attempt", "pod", "outcome")
    said = {field: written[field] for field in fields}
    return orjson.dumps({**said, "digest": digest(written), **more}).decode()
