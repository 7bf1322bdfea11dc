"""The built-in tasks as the stories want them: all on, in one namespace, at no time that comes."""

from typing import Final

from stagework.api.tasks import TASKS
from tests.support.cluster.commands import Document

NAMESPACE: Final = "stories-of-tasks"
"""In which they may act. It stays; a story empties it."""
NEVER: Final = "0 0 1 1 *"
PORT: Final = 8443
SITE: Final = f"site.{NAMESPACE}.svc"
HOST: Final = f"{SITE}:{PORT}"
"""What is fetched comes from there, by https."""


def values() -> Document:
    """The chart's value `tasks`."""
    on = {"enabled": True, "namespaces": [NAMESPACE]}
    wanted: Document = {task: {**on, "schedule": NEVER} for task in TASKS}
    wanted["data_cleanup"]["jobData"] = {"dryRun": False, "keepFinishedSeconds": 0}
    return {**wanted, "restore": on}
