"""What a stage's outputs state about the endpoint that did the work."""

from tests.support.modelserver.server import KEY, MODEL
from tests.support.stagechain import StageChain


def assert_method_is_stated(chain: StageChain, stage: str, *, asked: bool) -> None:
    """The stage's JSON and result say whether the endpoint was asked; no name, no key is there."""
    method, machine = ("endpoint", "gpu") if asked else ("builtin", None)
    output = chain.published(stage)
    assert (output["method"], chain.result(stage)["method"]) == (method, method), stage
    assert output.get("machine") == machine, stage
    text = chain.file(stage, f"{stage}.json").read_text()
    assert MODEL not in text, stage
    assert KEY not in text, stage
