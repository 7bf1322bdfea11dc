"""When does a stage whose turn has come, and which does not get on, give its slot back?"""

from datetime import datetime

from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.plan import PlanBuilder


def stuck_after_grace(
    status: StageStatus, since: datetime, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> StageStatus:
    """Stuck once the grace since then is over: without its slot it is tried on."""
    until = since + snapshot.settings.start_grace
    if now >= until:
        return edits.stuck(status)
    builder.wake(until)
    return status
