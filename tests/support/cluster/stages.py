"""Builders of stages and runs with valid defaults: tiny, in an image that the nodes have."""

from pathlib import Path
from typing import Any

from tests.support.cluster.commands import Document

TOOLS_IMAGE = "stagework/tools:dev"
"""A shell, coreutils, Python and stagekit."""
API_VERSION = "stagework.dev/v1alpha1"
HOLD = "trap 'exit 143' TERM; sleep 600 & wait $!"
"""A script that runs until somebody ends it, and then ends at once."""
ITEM_SCRIPT = Path(__file__).with_name("item_script.py")
"""What `item_stage` runs; stagekit and the standard library are all that it needs."""
MARK = (
    'printf \'{"v":1,"stage":"%s","attempt":%s,"pod":"%s","outcome":"Succeeded"}\' '
    '"$STAGEWORK_STAGE" "$STAGEWORK_ATTEMPT" "$STAGEWORK_POD_UID" > "$STAGEWORK_TERMINATION_FILE"'
)
"""A shell line that writes a completion mark without stagekit."""
ANYWHERE: dict[str, Any] = {"runsOn": ["gpu", "macmini"], "fallbackAfterSeconds": 0}
"""A pool of four slots: whichever is free first."""


def falling_back(first: str, then: str, seconds: int = 1) -> dict[str, Any]:
    """Fields of a stage for which the second class will do once the first has had no node for so
    long.
    """
    return {"runsOn": [first, then], "fallbackAfterSeconds": seconds}


def shell(name: str, script: str = "true", **fields: Any) -> Document:
    """A stage whose exit code decides; tried once."""
    return {
        **(ANYWHERE if "runsOn" not in fields else {}),
        "name": name,
        "image": TOOLS_IMAGE,
        "command": ["sh", "-c", script],
        "contract": "ExitCode",
        "retries": 0,
        **fields,
    }


def wrapped(name: str, script: str = "true", **fields: Any) -> Document:
    """A stage with completion mark and artifacts: a shell line in `stagekit run`."""
    command = ["python3", "-m", "stagekit", "run", "--", "sh", "-c", script]
    return {**shell(name, **fields), "command": command, "contract": "Mark"}


def item_stage(
    name: str, *, pause_seconds: float = 0.0, journal: str = "", **fields: Any
) -> Document:
    """A stage that looks at each picture of a batch, quickly: see `item_script.py` beside this."""
    settings = f"PAUSE = {float(pause_seconds)}\nJOURNAL = {journal!r}\n"
    script = settings + ITEM_SCRIPT.read_text()
    return {**shell(name, **fields), "command": ["python3", "-c", script], "contract": "Mark"}


def unmarked(name: str, script: str, **fields: Any) -> Document:
    """A stage that owes a mark, and a shell line that writes it or does not."""
    return {**shell(name, script, **fields), "contract": "Mark"}


def object_of(kind: str, name: str, spec: Document) -> Document:
    """An object of ours; the namespace is given by who applies it."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def run_of(name: str, *stages: Document, **fields: Any) -> Document:
    """A PipelineJob with stages of its own."""
    return object_of("PipelineJob", name, {"stages": list(stages), **fields})


def named_run(name: str, pipeline: str, **fields: Any) -> Document:
    """A PipelineJob that names a Pipeline."""
    return object_of("PipelineJob", name, {"pipelineRef": {"name": pipeline}, **fields})


def pipeline(name: str, *stages: Document, **fields: Any) -> Document:
    """A Pipeline."""
    return object_of("Pipeline", name, {"stages": list(stages), **fields})


def retry(target: str, *stages: str, by: str, **fields: Any) -> Document:
    """An Intervention that asks for a retry."""
    return intervention(target, "Retry", stages, by, fields)


def skip(target: str, *stages: str, by: str, **fields: Any) -> Document:
    """An Intervention that asks for a skip."""
    return intervention(target, "Skip", stages, by, fields)


def intervention(
    target: str, verb: str, stages: tuple[str, ...], by: str, fields: Document
) -> Document:
    """What a person asks of a run; the API server makes up the name."""
    spec = {"target": {"name": target}, "verb": verb, "requestedBy": by, **fields}
    if stages:
        spec["stages"] = list(stages)
    made = object_of("Intervention", "", spec)
    made["metadata"] = {"generateName": f"{target[:40]}-"}
    return made
