"""The id of something that has failed: `run uid/stage/attempt`."""

import re
from dataclasses import dataclass
from typing import Final

from stagekit.contract import STAGE_NAME

_ID: Final = re.compile(
    rf"(?P<uid>[A-Za-z0-9-]{{1,64}})/(?P<stage>{STAGE_NAME})/(?P<attempt>[0-9]{{1,7}})"
)


@dataclass(frozen=True, slots=True)
class FailedId:
    """What an id names."""

    run_uid: str
    stage: str
    attempt: int


def failed_id(text: str) -> FailedId | None:
    """What it names; None where it is no id."""
    found = _ID.fullmatch(text)
    if found is None or int(found["attempt"]) < 1:
        return None
    return FailedId(found["uid"], found["stage"], int(found["attempt"]))
