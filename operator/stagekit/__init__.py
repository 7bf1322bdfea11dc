"""stagekit: what a stage's code uses to take part in a stagework pipeline.

Standard library only, so that it fits into every image. A stage is a function:

    def run(ctx: stagekit.Context) -> None: ...

    if __name__ == "__main__":
        sys.exit(stagekit.main({"resize": run}))

Programs in other languages are wrapped by `stagekit run -- COMMAND`, or follow
`docs/stage-contract.md` by themselves.
"""

from stagekit.background import finish_job, heartbeat, start_job
from stagekit.batch import BatchItem
from stagekit.context import Context
from stagekit.endpoint import Endpoint
from stagekit.errors import Defer, MissingInput, Refused, Skip, StageError
from stagekit.inputs import Inputs
from stagekit.items import Item
from stagekit.per_item import per_item
from stagekit.stage import main

__all__ = [
    "BatchItem",
    "Context",
    "Defer",
    "Endpoint",
    "Inputs",
    "Item",
    "MissingInput",
    "Refused",
    "Skip",
    "StageError",
    "finish_job",
    "heartbeat",
    "main",
    "per_item",
    "start_job",
]
