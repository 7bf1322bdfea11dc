"""The built-in tasks: their names, when they run by default, and what their job data may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from stagekit.contract import ENV_SLOT_TIME
from stagework.api.base import Resource
from stagework.api.pipeline import MAX_PARAMS, ParamName
from stagework.api.references import ObjectName

_DAY: Final = 24 * 3600
_YEARS_10: Final = 10 * 365 * _DAY
TaskName = Literal[
    "health_check", "data_cleanup", "backup", "api_sync", "notification", "meta_catalog_ad"
]
"""A task that a schedule can have."""
Pointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)*$", max_length=512)]
"""Where something stands in a document: a JSON pointer (RFC 6901), such as `/product/id`."""
Namespace = Annotated[
    str, StringConstraints(pattern="^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$", max_length=63)
]
"""A namespace; empty: the release's own."""
Url = Annotated[str, StringConstraints(pattern="^https://[^\\s]+$", max_length=2048)]
"""Of a host that `artifacts.inputHosts` allows."""
FeedUrl = Annotated[str, StringConstraints(pattern="^(https|s3)://[^\\s]+$", max_length=2048)]
"""Of such a host, or a key of the bucket that the values name: `s3://BUCKET/KEY`."""


class HealthCheckData(Resource):
    """What counts as well."""

    leaseSeconds: int = Field(default=60, ge=15, le=3600)
    """The operator has renewed its Lease within so many seconds."""
    maxFailedRatio: float = Field(default=0.5, ge=0, le=1)
    """Of the stages that ended in the last hour no larger part has failed for good."""
    minStages: int = Field(default=5, ge=1, le=1_000_000)
    """Fewer than so many that ended in the last hour say nothing."""
    machineClasses: list[Annotated[str, StringConstraints(max_length=31)]] = Field(
        default=[], max_length=64
    )
    """Classes that must have a ready node. Empty: those that have nodes and may not be away."""


class DataCleanupData(Resource):
    """What is old enough to go; artifacts and history have their keep times in the settings."""

    dryRun: bool = False
    """Only say what would be done."""
    keepFinishedSeconds: int = Field(default=7 * _DAY, ge=0, le=_YEARS_10)
    """How long a run outlives its end."""
    keepFailedSeconds: int = Field(default=30 * _DAY, ge=0, le=_YEARS_10)
    """How long one that did not end well does: somebody may retry it."""
    limit: int = Field(default=1000, ge=1, le=100_000)
    """So many objects at most in one pass."""


class NotificationData(Resource):
    """What the digest tells of."""

    hours: int = Field(default=24, ge=1, le=31 * 24)
    """Of so many hours before it."""
    slowest: int = Field(default=5, ge=0, le=20)
    """So many stages, the slowest first."""


class EntryMapping(Resource):
    """How one entry of a document becomes a run; each is a pointer into the entry."""

    id: Annotated[Pointer, StringConstraints(min_length=1)] = "/id"
    """What it is known by: the same one again is the same entry."""
    params: dict[ParamName, Pointer] = Field(default={}, max_length=MAX_PARAMS)
    """Param of the Pipeline to where its value stands; what is absent is left out."""
    title: Pointer = ""
    """What people see; empty: nothing."""
    subject: Pointer = ""
    """The document's own identity; empty: its id."""
    tenant: Pointer = ""
    """Whose work it is; empty: nobody's."""
    input: Pointer = ""
    """Address of what the run works on; empty: it has none."""


class Makes(Resource):
    """What is made of entries, and where."""

    pipeline: Annotated[ObjectName, StringConstraints(min_length=1)]
    """Name of the Pipeline that each entry is a run of."""
    namespace: Namespace = ""
    """Where; one that the task's values name."""
    limit: int = Field(default=100, ge=1, le=5000)
    """So many runs at most in one pass; the others are made by the next ones."""
    maxBytes: int = Field(default=16 * 1024**2, ge=1024, le=256 * 1024**2)
    """A larger document is refused."""


class ApiSyncData(Makes):
    """An endpoint, and what its entries become."""

    url: Url
    """Answers with JSON; asked with the ETag of its last answer."""
    entries: Pointer = ""
    """Where the list of entries stands; empty: the document is the list."""
    mapping: EntryMapping = EntryMapping()
    """How one entry becomes a run."""


class MetaCatalogAdData(Makes):
    """A product catalogue feed, and what its products become."""

    url: FeedUrl
    """CSV (comma, tab, semicolon), or XML (RSS or Atom), as catalogues of Meta and Google are."""
    format: Literal["auto", "csv", "xml"] = "auto"
    """auto: by its first bytes."""
    mapping: EntryMapping = EntryMapping(
        params={"prompt": "/title"}, title="/title", input="/image_link"
    )
    """How one product becomes a run: fields stand at `/title`, `/image_link` and so on."""
    changes: list[Annotated[str, StringConstraints(min_length=1, max_length=63)]] = Field(
        default=["title", "description", "image_link", "price"], max_length=32
    )
    """A product has changed where one of these fields has."""


class BackupData(Resource):
    """Where to, and how many are kept."""

    target: Literal["artifacts", "s3"] = "artifacts"
    """The artifact store, or the bucket that the task's values name."""
    keep: int = Field(default=4, ge=1, le=1000)
    """The newest so many stay; older ones go once a new one is there."""


class RestoreData(Resource):
    """Which backup."""

    source: Literal["artifacts", "s3"] = "artifacts"
    """The artifact store, or the bucket that the values name for `restore`."""
    name: Annotated[str, StringConstraints(pattern="^[a-zA-Z0-9-]*$", max_length=63)] = ""
    """Its name, such as `stagework-20261130T030000Z`; empty: the newest."""


# --- what its Pod is, which admission holds the operator to ---------------------------------------

CONTAINER: Final = "task"
"""Name of its container."""
DATA_DIRECTORY: Final = "/etc/stagework-task"
"""Where the file `job-data` is."""
ALERTS_DIRECTORY: Final = "/etc/stagework-alerts"
"""Where the receivers' URLs are."""
S3_DIRECTORY: Final = "/etc/stagework-task-s3"
"""Where the keys of the task's bucket are."""
SETTINGS_CONFIG_MAP: Final = "stagework-settings"
"""The settings file of the release."""
MOUNTS: Final[Mapping[str, str]] = {
    "settings": "/etc/stagework",
    "token": "/var/run/stagework/token",
    "job-data": DATA_DIRECTORY,
    "alerts": ALERTS_DIRECTORY,
    "s3": S3_DIRECTORY,
    "tmp": "/tmp",  # noqa: S108 - of the container
}
"""Its volumes, and where each is."""
ENVIRONMENT: Final = (ENV_SLOT_TIME,)
"""Variables that it may be given."""


def command_of(task: str) -> tuple[str, ...]:
    """Its whole command."""
    data = ("--job-data", f"{DATA_DIRECTORY}/job-data")
    return ("python3", "-m", "stagework.tasks", task, *data)


# --- the tasks ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in task."""

    name: str
    """As in values and templates, such as `health_check`."""
    cron: str
    """When it runs, unless the values say otherwise."""
    data: type[Resource]
    """What its job data may say."""
    timeout_seconds: int = 600
    """Its Job is ended after so long."""


TASKS: Final[Mapping[str, BuiltIn]] = {
    task.name: task
    for task in (
        BuiltIn("health_check", "*/5 * * * *", HealthCheckData, timeout_seconds=120),
        BuiltIn("data_cleanup", "0 2 * * *", DataCleanupData, timeout_seconds=3600),
        BuiltIn("backup", "0 3 * * 0", BackupData, timeout_seconds=3600),
        BuiltIn("api_sync", "*/30 * * * *", ApiSyncData),
        BuiltIn("notification", "0 9 * * *", NotificationData),
        BuiltIn("meta_catalog_ad", "0 3 * * *", MetaCatalogAdData, timeout_seconds=1800),
    )
}
"""By name."""
RESTORE: Final = BuiltIn("restore", "", RestoreData, timeout_seconds=3600)
"""No schedule has it: an administrator runs it, once."""
PROGRAMS: Final[Mapping[str, BuiltIn]] = {**TASKS, RESTORE.name: RESTORE}
"""All that `python -m stagework.tasks` runs, by name."""


def task_object_name(task: str) -> str:
    """Of its ServiceAccount, its Role and the ConfigMap in which it remembers."""
    return f"stagework-task-{task.replace('_', '-')}"
