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


def stored_result(pod: Json) -> Json:
    """What the API service tells of the attempt's result."""
    written = result(pod)
    return {"pod": written["pod"], "digest": digest(written), "result": written}


def completion_mark(pod: Json, outcome: str = OUTCOME_SUCCEEDED, **more: object) -> str:
    """A valid termination message for this Pod."""
    written = result(pod, outcome)
    return orjson.dumps({**written, "digest": digest(written), **more}).decode()
