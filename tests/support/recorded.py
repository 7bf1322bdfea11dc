"""The stages in a status as they were before most of those that succeeded was put into one line."""

from stagework.api.packed_stage import unpack
from tests.support.fakeapi.resources import Json, items, part


def stages_of(run: Json) -> list[Json]:
    """All of them, each whole; none before the run is accepted."""
    stages = items(part(run, "status"), "stages")
    return [unpack(stage) if stage.get("record") else stage for stage in stages]
