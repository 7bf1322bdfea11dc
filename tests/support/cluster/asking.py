"""Sample pipelines whose stages may ask a model endpoint."""

from collections.abc import Container, Iterable
from typing import Any

from tests.support.cluster.commands import Document

AD_ASKING = {
    "img_gen": "images",
    "vlm_analyze": "vision",
    "planner": "chat",
    "vlm_judge": "vision",
}
"""Stages of the advertisement that know an endpoint, and the role that they ask."""
DOCUMENT_ASKING = {
    "stt": "transcription",
    "embed": "embeddings",
    "classify": "chat",
    "summarize": "chat",
    "deep_summary": "chat",
}
"""The same of the document pipeline."""
ASKING = {**AD_ASKING, **DOCUMENT_ASKING}


def asking(stage: Document, method: str, **more: Any) -> Document:
    """A stage with a method; `when_down` goes into its environment too."""
    if stage["name"] not in ASKING:
        return stage
    env = [{"name": "STAGEWORK_METHOD", "value": method}]
    if "when_down" in more:
        env.append({"name": "STAGEWORK_WHEN_DOWN", "value": more.pop("when_down")})
    return {**stage, "env": env, **more}


def only(stages: Iterable[Document], names: Container[str]) -> list[Document]:
    """Some of a pipeline's stages; those that are missing are waited for by none."""
    return [
        {**stage, "dependsOn": [name for name in stage["dependsOn"] if name in names]}
        for stage in stages
        if stage["name"] in names
    ]
