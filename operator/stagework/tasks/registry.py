"""Which task is done by which module."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from stagework.tasks.api_sync import task as api_sync
from stagework.tasks.backup import restore
from stagework.tasks.backup import task as backup
from stagework.tasks.data_cleanup import task as data_cleanup
from stagework.tasks.health_check import task as health_check
from stagework.tasks.meta_catalog_ad import task as meta_catalog_ad
from stagework.tasks.notification import task as notification
from stagework.tasks.surroundings import Report, Surroundings

Run = Callable[[Surroundings, Any], Awaitable[Report]]
"""Given its own job data, checked; raises TaskFailed."""

RUNS: Final[Mapping[str, Run]] = {
    "health_check": health_check.run,
    "data_cleanup": data_cleanup.run,
    "notification": notification.run,
    "api_sync": api_sync.run,
    "backup": backup.run,
    "restore": restore.run,
    "meta_catalog_ad": meta_catalog_ad.run,
}
"""By name."""
