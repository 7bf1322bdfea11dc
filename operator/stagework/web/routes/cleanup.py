"""A clean-up at once, or what one would do; the service does the same by itself now and then."""

from fastapi import APIRouter

from stagework.api.cleanup import CleanupAnswer
from stagework.web.routes.services import ServicesParam, task_only
from stagework.web.sweep import Delete, Note

router = APIRouter()


@router.post("/v1/cleanup", dependencies=[task_only("data_cleanup")])
async def cleanup(services: ServicesParam, *, dryRun: bool = False) -> CleanupAnswer:  # noqa: N803
    """Artifacts and history that are past their keep time go."""
    actions = await services.sweeper.once(dry_run=dryRun)
    runs = await services.history_care.sweep(dry_run=dryRun)
    return CleanupAnswer(
        dryRun=dryRun,
        artifacts=[action.prefix for action in actions if isinstance(action, Delete)],
        noted=[
            action.prefix
            for action in actions
            if isinstance(action, Note) and action.gone_since is not None
        ],
        runs=runs,
    )
