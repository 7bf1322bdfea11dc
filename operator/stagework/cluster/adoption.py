"""Is an object that stands under a name of ours the one that we would have made?

Its name, labels and owner can be written by anybody who may create such objects, so all of its
spec must be what our own create would have given. The API server adds defaults, and webhooks may
change what is created: so it is asked to make ours once more, under another name and as a dry run,
and both answers are compared.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from stagework.plans.plan import Create

Document = dict[str, Any]

DRY_RUN: Final = {"dryRun": "All"}
"""Query of a create that stores nothing."""
_OWN_LABELS: Final = (
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
)
"""Labels of a Job's template that the API server makes of the Job's own uid and name."""


def dry_run(action: Create) -> bytes:
    """The body of the dry run: all but the name, which is taken."""
    manifest = action.manifest
    meta = {key: value for key, value in manifest["metadata"].items() if key != "name"}
    return orjson.dumps({**manifest, "metadata": {**meta, "generateName": "stagework-compare-"}})


def has_labels(labels: Mapping[str, str], action: Create) -> bool:
    """Whether it has those that ours would have: without them no watch of ours shows it."""
    wanted = _part(_part(action.manifest, "metadata"), "labels")
    return wanted.items() <= labels.items()


def is_same(stored: bytes, tried: bytes) -> bool:
    """Whether both have the same spec, apart from what is made of each one's uid and name."""
    return _without_own(stored) == _without_own(tried)


def _without_own(answer: bytes) -> Document:
    spec = _part(orjson.loads(answer), "spec")
    template = _part(spec, "template")
    meta = _part(template, "metadata")
    labels = {k: v for k, v in _part(meta, "labels").items() if k not in _OWN_LABELS}
    # A selector that the API server has not made of the uid comes with `manualSelector`: true.
    kept = {key: value for key, value in spec.items() if key != "selector"}
    # Written to the template by the API server's storage, never by us.
    stamp = {k: v for k, v in meta.items() if k not in {"labels", "creationTimestamp"}}
    return {**kept, "template": {**template, "metadata": {**stamp, "labels": labels}}}


def _part(document: Document, key: str) -> Document:
    value = document.get(key)
    return cast("Document", value) if isinstance(value, dict) else {}
