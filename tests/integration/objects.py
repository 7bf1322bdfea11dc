"""Builders of our kinds with valid defaults, as plain documents."""

from itertools import count
from typing import Any

Document = dict[str, Any]
API_VERSION = "stagework.dev/v1alpha1"
_numbers = count(1)


def stage(name: str = "one", **fields: Any) -> Document:
    """A stage that is valid unless `fields` say otherwise."""
    return {"name": name, "image": "example.org/tool:1", **fields}


def made(kind: str, namespace: str, spec: Document, name: str = "") -> Document:
    """An object of ours; without a name it gets one of its own."""
    metadata = {"name": name or f"{kind.lower()}-{next(_numbers)}", "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def pipeline(namespace: str, *stages: Document, name: str = "", **fields: Any) -> Document:
    """A Pipeline; one stage where none is given."""
    return made("Pipeline", namespace, {"stages": list(stages) or [stage()], **fields}, name)


def inline_run(namespace: str, *stages: Document, name: str = "", **fields: Any) -> Document:
    """A PipelineJob with stages of its own; one where none is given."""
    return made("PipelineJob", namespace, {"stages": list(stages) or [stage()], **fields}, name)


def named_run(namespace: str, of: str = "ad-image", name: str = "", **fields: Any) -> Document:
    """A PipelineJob that names a Pipeline."""
    return made("PipelineJob", namespace, {"pipelineRef": {"name": of}, **fields}, name)


def schedule(namespace: str, name: str = "", **fields: Any) -> Document:
    """A ScheduledJob, each night at two."""
    template = {"pipelineJob": {"pipelineRef": {"name": "ad-image"}}}
    whole = {"schedule": {"cron": "0 2 * * *"}, "template": template, **fields}
    return made("ScheduledJob", namespace, whole, name)


def intervention(namespace: str, target: str = "run", **fields: Any) -> Document:
    """An Intervention: a retry of the failed stages, by nobody in particular."""
    return made("Intervention", namespace, {"target": {"name": target}, "verb": "Retry", **fields})
