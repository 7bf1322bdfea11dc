"""The settings file: everything an administrator decides, read once at start.

The chart renders it from `values.yaml` into a ConfigMap; `STAGEWORK_SETTINGS` names the file.
A wrong setting stops the process at once with a sentence that says which one and why.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stagework.api.base import TOTAL_MAX
from stagework.api.job_rows import RowMapping, Tenant
from stagework.api.machines import Fleet
from stagework.api.quantity import Quantity
from stagework.api.references import PullSecret
from stagework.api.tasks import TaskName

ENV_SETTINGS: Final = "STAGEWORK_SETTINGS"
"""Environment variable that names the settings file."""
DEFAULT_PATH: Final = "/etc/stagework/settings.yaml"
"""Where the chart mounts it."""
_YEARS_10: Final = 10 * 365 * 24 * 3600


class SettingsError(Exception):
    """The settings file cannot be used; the text says what to change."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ApiServiceSettings(_Section):
    """Where stage Pods find the API service, and how it keeps artifacts."""

    url: str = "http://stagework-api.stagework-system.svc:8080"
    """Base URL as seen from stage Pods and from the operator."""
    heartbeatUrl: str = "http://stagework-api.stagework-system.svc:8081"
    """Likewise of its port for heartbeats and probes; empty: `url`."""
    audience: str = "stagework"
    """Audience of the projected tokens it accepts."""
    maxConnections: int = Field(default=1000, ge=16, le=20_000)
    """Connections to a port at once, fewer where the process may not open as many files."""
    maxConnectionsPerPeer: int = Field(default=100, ge=1, le=20_000)
    """Of these so many from one address; who comes through the API server's proxy shares one."""
    headSeconds: float = Field(default=10, ge=1, le=300)
    """A request's head that is not whole after so long ends its connection."""
    leastBytesPerSecond: int = Field(default=16 * 1024, ge=1, le=TOTAL_MAX)
    """A body that comes slower than this, over all of its time but the first seconds, is ended."""
    maxBodySeconds: float = Field(default=3600, ge=1, le=24 * 3600)
    """A body is waited for so long at most, all in all."""

    @property
    def heartbeats(self) -> str:
        """Base URL for heartbeats."""
        return self.heartbeatUrl or self.url


class S3Settings(_Section):
    """An S3-compatible store for artifacts; keys come from files (a mounted Secret)."""

    endpoint: str = Field(min_length=1)
    """Such as `https://s3.example.org`; must be reachable from stage Pods (presigned addresses)."""
    bucket: str = Field(min_length=1)
    """Must exist."""
    region: str = "us-east-1"
    """Region used for signing."""
    prefix: str = ""
    """Put before every key."""
    accessKeyIdFile: str
    """File with the access key's id."""
    secretAccessKeyFile: str
    """File with the secret key."""


class ArtifactSettings(_Section):
    """How and how long artifacts are kept."""

    directory: str = "/var/lib/stagework/artifacts"
    """Folder on the API service's volume (used where `s3` is not set)."""
    s3: S3Settings | None = None
    """An S3 store instead of the volume."""
    maxFileBytes: int = Field(default=2 * 1024**3, ge=1, le=TOTAL_MAX)
    """A larger upload is refused."""
    minFreeBytes: int = Field(default=256 * 1024**2, ge=0, le=TOTAL_MAX)
    """Uploads are refused while the volume has less room than this."""
    maxNamespaceBytes: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """A namespace's artifacts and uploads may have so many bytes; 0: four fifths of the volume, and
    no limit in a bucket."""
    maxNamespaceFiles: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Likewise files; 0: four fifths of those that the volume can hold."""
    maxNamespaceUploads: int = Field(default=32, ge=1, le=10_000)
    """Uploads of a namespace at once; the next one waits, and is asked to come again."""
    keepSeconds: int = Field(default=7 * 24 * 3600, ge=0, le=_YEARS_10)
    """How long artifacts outlive their run."""
    maxLogBytes: int = Field(default=1024**2, ge=0, le=64 * 1024**2)
    """Of the log of an attempt that failed so much is kept, its end; 0: no log is kept."""
    inputHosts: tuple[str, ...] = ()
    """Hosts from which `https` inputs may be fetched; none by default."""
    internalHosts: tuple[str, ...] = ()
    """Likewise hosts of the own network: others are fetched from global addresses alone."""
    maxInputs: int = Field(default=16, ge=1, le=1000)
    """`https` inputs that are fetched at once."""
    maxInputsPerNamespace: int = Field(default=4, ge=1, le=1000)
    """Of these so many of one namespace."""
    maxInputSeconds: float = Field(default=1800, ge=1, le=24 * 3600)
    """Longest time of one."""


class EndpointSettings(_Section):
    """A server of the OpenAI protocol for one role; asked by the API service alone."""

    url: str = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$", max_length=512)
    """Base URL, such as `http://models.example.org:8000/v1`; no user, password or query in it."""
    model: str = Field(min_length=1, max_length=256)
    """The model's name as the server wants it; it leaves these settings in no other direction."""
    keyFile: str = ""
    """File with the key (a mounted Secret); empty: none is sent."""
    machine: str = Field(default="", max_length=31)
    """Machine class that the server runs on; outputs name it. Empty: the stage's own class."""
    timeoutSeconds: float = Field(default=120, gt=0, le=3600)
    """Longest time of one request, waiting for a free place included."""
    maxConcurrent: int = Field(default=4, ge=1, le=256)
    """Requests at once, over all stages."""
    maxConcurrentPerNamespace: int = Field(default=0, ge=0, le=256)
    """Of these so many of one namespace; 0: all. Where places are short namespaces take turns."""
    requestsPerMinute: int = Field(default=600, ge=1, le=1_000_000)
    """Of one namespace; the next one is asked to wait."""
    namespaces: tuple[str, ...] = Field(default=("*",), min_length=1)
    """Namespaces whose stages may ask; `*` alone: all."""
    maxReplies: int = Field(default=4, ge=1, le=128)
    """A request for more replies or pictures at once (`n`) is refused."""
    maxTokens: int = Field(default=16_384, ge=1, le=TOTAL_MAX)
    """A request that names more tokens for a reply is refused."""
    retries: int = Field(default=5, ge=0, le=100)
    """How often a stage tries again where no answer came; rate limits are not counted."""
    maxRequestBytes: int = Field(default=25 * 1024**2, ge=1024, le=TOTAL_MAX)
    """A larger request (a picture, a recording) is refused."""

    @field_validator("url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class ModelSettings(_Section):
    """Model endpoints by role; a role that is not set has none."""

    chat: EndpointSettings | None = None
    """Answers texts with texts."""
    vision: EndpointSettings | None = None
    """Answers texts and pictures with texts."""
    images: EndpointSettings | None = None
    """Makes pictures of texts."""
    embeddings: EndpointSettings | None = None
    """Makes vectors of texts."""
    transcription: EndpointSettings | None = None
    """Writes down what recordings say."""

    def of(self, role: str) -> EndpointSettings | None:
        """A role's endpoint, or None."""
        return self.roles().get(role)

    def roles(self) -> dict[str, EndpointSettings]:
        """The roles that are set."""
        given = {
            "chat": self.chat,
            "vision": self.vision,
            "images": self.images,
            "embeddings": self.embeddings,
            "transcription": self.transcription,
        }
        return {role: endpoint for role, endpoint in given.items() if endpoint is not None}


class StagePodSettings(_Section):
    """What every stage Pod gets."""

    runAsUser: int = Field(default=10001, ge=1, le=2**31 - 1)
    """User and group id unless the image needs another non-zero one."""
    cpuRequest: Quantity = "50m"
    """Request where the stage gives none."""
    memoryRequest: Quantity = "64Mi"
    """Request where the stage gives none."""
    workSizeLimit: Quantity = "8Gi"
    """Size limit of `/work` and `/tmp`."""
    imagePullPolicy: str = Field(default="IfNotPresent", pattern="^(IfNotPresent|Always|Never)$")
    """Pull policy of stages that name none."""
    imagePullSecrets: tuple[PullSecret, ...] = ()
    """Secrets with which stage images are pulled, such as `{name: my-registry}`; each namespace
    with stages has its own Secret of that name."""
    terminationGracePeriodSeconds: int = Field(default=30, ge=0, le=3600)
    """Time between SIGTERM and SIGKILL."""


class ContainerResources(_Section):
    """Requests and limits of a container of ours."""

    requests: dict[str, Quantity] = {"cpu": "20m", "memory": "48Mi"}
    """Requests."""
    limits: dict[str, Quantity] = {"cpu": "1", "memory": "128Mi"}
    """Limits; a quota for limits asks every container for its own."""


class FilesSettings(_Section):
    """Our own two containers in the Pod of a stage with `contract: Files`."""

    image: str = Field(default="stagework/operator:dev", min_length=1, max_length=512)
    """Their image: the operator's own, or a copy that stage Pods may pull."""
    imagePullPolicy: str = Field(default="IfNotPresent", pattern="^(IfNotPresent|Always|Never)$")
    """Its pull policy."""
    resources: ContainerResources = ContainerResources()
    """Of each of the two; the second one's count beside the stage's own."""
    graceSeconds: int = Field(default=300, ge=10, le=24 * 3600)
    """How long outputs may be stored once the stage has ended. This is the grace of the
    whole Pod; what the operator ends has no more than stagePods.terminationGracePeriodSeconds."""


class EngineSettings(_Section):
    """Rates and limits of the operator itself."""

    lookAhead: int = Field(default=2, ge=0, le=16)
    """How many stages ahead Jobs are made, their Pods held by our gate; 0 turns it off."""
    workers: int = Field(default=32, ge=1, le=512)
    """Objects reconciled at once."""
    requestsPerSecond: float = Field(default=200, gt=0, le=100_000)
    """Ceiling of writes to the API server; lowered by itself on 429."""
    keepJobsSeconds: int = Field(default=3600, ge=0, le=_YEARS_10)
    """How long the Jobs and Pods of a finished run (and so their logs) are kept."""


class TlsSettings(_Section):
    """How a connection to PostgreSQL is protected; the words are libpq's own."""

    mode: str = Field(default="prefer", pattern="^(disable|prefer|require|verify-ca|verify-full)$")
    """disable, prefer, require, verify-ca or verify-full; only the last two know the server."""
    caFile: str = ""
    """File with the certificates that the server's one must follow from; for the verify modes."""
    certFile: str = ""
    """File with a certificate of our own, where the server asks for one."""
    keyFile: str = ""
    """File with its key."""


class PostgresSettings(_Section):
    """A PostgreSQL database for history; its tables are made and kept up to date by us."""

    host: str = Field(min_length=1, max_length=253)
    """Name or address of the server."""
    port: int = Field(default=5432, ge=1, le=65535)
    """Its port."""
    database: str = Field(default="stagework", min_length=1, max_length=63)
    """Must exist."""
    user: str = Field(default="stagework", min_length=1, max_length=63)
    """May log in and create tables in that database; needs no right beyond."""
    passwordFile: str = ""
    """File with the password (a mounted Secret); empty: the server asks for none."""
    connectTimeoutSeconds: int = Field(default=5, ge=2, le=60)
    """How long a server that does not answer is waited for."""
    tls: TlsSettings = TlsSettings()
    """How the connection is protected."""


class HistorySettings(_Section):
    """Where history is kept, and for how long."""

    file: str = "/var/lib/stagework/history/history.db"
    """SQLite's file on the API service's volume (used where `postgresql` is not set)."""
    postgresql: PostgresSettings | None = None
    """A PostgreSQL database instead of the file."""
    keepSeconds: int = Field(default=90 * 24 * 3600, ge=3600, le=_YEARS_10)
    """How long history outlives what was last heard of a run."""
    spoolFacts: int = Field(default=100_000, ge=1000, le=10_000_000)
    """So many facts the operator keeps while the API service does not take them; then the oldest
    go, and are derived again from the runs that are still there."""


class SlotSettings(_Section):
    """How slots of machines are given."""

    startGraceSeconds: int = Field(default=30, ge=1, le=3600)
    """A stage that cannot start (image, quota, missing volume, no node with room) gives its slot
    to the next one this long after its turn came, and goes on trying without one."""


class RecoverySettings(_Section):
    """What becomes of stages whose process may have gone."""

    orphanTimeoutSeconds: int = Field(default=1800, ge=60, le=7 * 24 * 3600)
    """Where nothing proves for so long that a stage's process lives or has ended, the stage has
    failed (`Orphaned`), and a person may retry it; not where machines may be away. A stage may say
    another."""
    sweepSeconds: int = Field(default=60, ge=10, le=3600)
    """How often all runs are looked through for such stages, whatever watches have shown."""


class OldClientSettings(_Section):
    """What the routes of the old queue (`/api/queue/...`) speak of."""

    namespace: str = Field(default="", max_length=63, pattern="^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$")
    """Runs of this namespace; empty: of all that the caller may list."""
    pipeline: str = Field(default="", max_length=253)
    """Runs of this Pipeline; empty: of all."""


class ItemStoreSettings(_Section):
    """An S3-compatible store from which batches take items; keys come from files (a mounted
    Secret) and are read by the API service alone.
    """

    name: str = Field(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    """As Batches name it in `items.s3.store`."""
    endpoint: str = Field(pattern=r"^https?://[^\s/?#@]+/?$", max_length=512)
    """Such as `https://s3.example.org`; the API service alone must reach it."""
    bucket: str = Field(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """Must exist; items in it have addresses `s3://<bucket>/<key>`."""
    region: str = Field(default="us-east-1", max_length=63)
    """Region used for signing."""
    prefix: str = Field(default="", max_length=512)
    """Only keys that begin so are listed and read, such as `photos/`."""
    accessKeyIdFile: str = Field(min_length=1, max_length=512)
    """File with the access key's id."""
    secretAccessKeyFile: str = Field(min_length=1, max_length=512)
    """File with the secret key."""
    namespaces: tuple[str, ...] = Field(min_length=1)
    """Namespaces whose Batches may use it; `*` alone: all."""

    def serves(self, namespace: str) -> bool:
        """Whether Batches of this namespace may use it."""
        return namespace in self.namespaces or self.namespaces == ("*",)


class BatchSettings(_Section):
    """Where items of batches come from, and how much may be handed over at once."""

    stores: tuple[ItemStoreSettings, ...] = ()
    """S3-compatible stores."""
    maxManifestBytes: int = Field(default=256 * 1024**2, ge=1024, le=TOTAL_MAX)
    """A longer list of items is refused."""
    maxUploadBytes: int = Field(default=256 * 1024**2, ge=1024, le=TOTAL_MAX)
    """A larger upload of files at once is refused."""
    maxUploadFiles: int = Field(default=10_000, ge=1, le=1_000_000)
    """Files of one upload, those in archives included."""
    maxUploadSeconds: int = Field(default=900, ge=1, le=24 * 3600)
    """An upload that takes longer is ended."""
    maxUnpackedBytes: int = Field(default=1024**3, ge=1024, le=TOTAL_MAX)
    """An upload whose archives hold more is refused."""
    oldClients: OldClientSettings = OldClientSettings()
    """Where the old route `POST /pipeline/batch` makes its batches, and of which Pipeline; while
    one of the two is empty it makes none."""

    @model_validator(mode="after")
    def _distinct(self) -> "BatchSettings":
        for what in ("name", "bucket"):
            words = [getattr(store, what) for store in self.stores]
            twice = next((word for word in words if words.count(word) > 1), None)
            if twice is not None:
                raise ValueError(f"stores: two have the {what} {twice!r}: addresses name one")
        return self


class QueueSettings(_Section):
    """How the numbers of the queue are counted."""

    timeZone: str = Field(default="UTC", max_length=64)
    """Zone of hours and days, such as `Asia/Seoul`; today begins at its midnight."""
    pools: dict[str, tuple[str, ...]] = {}
    """Stages whose work several machine classes share, such as `summarize: [macmini, macbook]`:
    what waits is counted at the first one, what is done at the one that did it."""
    backgroundMachines: dict[str, str] = {}
    """Kind of background job to the machine class that it is shown with; others with `gpu`."""
    oldClients: OldClientSettings = OldClientSettings()
    """What the routes of the old queue (`/api/queue/...`) speak of."""

    @field_validator("timeZone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {name!r}: write such as Asia/Seoul") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timeZone)


class AlertSettings(_Section):
    """How people are told what is wrong."""

    urlsSecret: str = Field(default="", max_length=253)
    """Secret of the release's namespace with receivers: every key is a file of apprise's URLs, one
    a line. Empty: nobody is told."""
    timeoutSeconds: float = Field(default=15, gt=0, le=120)
    """How long all receivers together may take."""
    wellAfterSeconds: int = Field(default=120, ge=0, le=24 * 3600)
    """What was wrong is well once it has not been wrong for so long."""
    maxFailedRatio: float = Field(default=0.5, ge=0, le=1)
    """Alert where, of what ended of a stage in the last hour, a larger part failed for good."""
    minStages: int = Field(default=5, ge=1, le=1_000_000)
    """Fewer than so many that ended say nothing."""
    stuckSeconds: int = Field(default=300, ge=0, le=_YEARS_10)
    """Alert where a stage had its turn and has not started for so long."""
    deferredSeconds: int = Field(default=12 * 3600, ge=0, le=_YEARS_10)
    """Alert where a stage that is deferred came into the queue so long ago."""
    storeAwaySeconds: int = Field(default=20, ge=0, le=24 * 3600)
    """Alert where a store behind the API service has been away for so long."""
    serviceAwaySeconds: int = Field(default=60, ge=0, le=24 * 3600)
    """Likewise the API service itself: longer than one Pod of it takes to end and the next one to
    begin, or each upgrade would be an alert."""


class TaskS3Settings(S3Settings):
    """A bucket of a built-in task's own."""

    secretName: str = Field(min_length=1, max_length=253)
    """Secret of the release's namespace with the two files, mounted into that task alone."""


class TaskScheduleSettings(_Section):
    """When a built-in task runs."""

    cron: str = Field(min_length=9, max_length=100)
    """As a ScheduledJob's."""
    timeZone: str = Field(default="UTC", max_length=64)
    """Likewise."""
    jobData: dict[str, Any] = {}
    """What it is to do; its ScheduledJob says where that is wrong."""


class TaskSettings(_Section):
    """Of the built-in tasks; the operator makes their ScheduledJobs."""

    schedules: dict[TaskName, TaskScheduleSettings] = {}
    """Task to when it runs; one that is not here has no ScheduledJob."""

    operatorUrl: str = "http://stagework-operator.stagework-system.svc:8080/healthz"
    """Where the operator says whether it makes progress."""
    namespaces: dict[str, tuple[str, ...]] = {}
    """Task to the namespaces that it works in beside the release's own."""
    s3: dict[str, TaskS3Settings] = {}
    """Task to its bucket."""
    imagePullSecrets: tuple[PullSecret, ...] = ()
    """With which their image, the operator's own, is pulled."""


class ListenerOwnerSettings(_Section):
    """The role that owns the table `jobs`; the migration alone uses it."""

    user: str = Field(min_length=1, max_length=63)
    """May create tables, functions and triggers in the database."""
    passwordFile: str = ""
    """File with its password (a mounted Secret); empty: the server asks for none."""


class ListenerSettings(_Section):
    """How rows of a PostgreSQL table `jobs` become runs; only the listener reads it."""

    postgresql: PostgresSettings | None = None
    """The database with the table: the server itself or what passes sessions through, for a pooler
    of transactions loses LISTEN."""
    owner: ListenerOwnerSettings | None = None
    """As whom the migration connects; absent: an administrator runs it."""
    tenants: dict[Tenant, RowMapping] = {}
    """`tenant_id` to how its rows become runs; `*`: all others."""
    scanSeconds: float = Field(default=15, ge=1, le=3600)
    """How often the table is read whatever NOTIFY has said."""
    batchRows: int = Field(default=200, ge=1, le=2000)
    """Rows read and written at once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the map names, sorted."""
        return tuple(
            sorted({name for mapping in self.tenants.values() for name in mapping.columns})
        )

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace in which runs are made, sorted."""
        return tuple(sorted({mapping.namespace for mapping in self.tenants.values()}))


class Settings(_Section):
    """The whole file."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to work in; empty means all."""
    releaseNamespace: str = "stagework-system"
    """Where the operator's Lease lives."""
    fleet: Fleet
    """Machine classes and the static stage-to-class map."""
    api: ApiServiceSettings = ApiServiceSettings()
    """The API service."""
    artifacts: ArtifactSettings = ArtifactSettings()
    """The artifact store."""
    models: ModelSettings = ModelSettings()
    """Model endpoints."""
    stagePods: StagePodSettings = StagePodSettings()
    """Defaults of stage Pods."""
    files: FilesSettings = FilesSettings()
    """Our own containers beside stages with `contract: Files`."""
    engine: EngineSettings = EngineSettings()
    """Rates and limits."""
    slots: SlotSettings = SlotSettings()
    """How slots of machines are given."""
    recovery: RecoverySettings = RecoverySettings()
    """What becomes of stages whose process may have gone."""
    queue: QueueSettings = QueueSettings()
    """How the numbers of the queue are counted."""
    history: HistorySettings = HistorySettings()
    """What is remembered of runs."""
    batches: BatchSettings = BatchSettings()
    """Items of batches."""
    alerts: AlertSettings = AlertSettings()
    """How people are told what is wrong."""
    tasks: TaskSettings = TaskSettings()
    """The built-in tasks."""
    listener: ListenerSettings = ListenerSettings()
    """How rows of a table become runs."""
    logLevel: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """Level of the operator's and the API service's logs."""

    @model_validator(mode="after")
    def _artifacts_are_apart(self) -> "Settings":
        s3 = self.artifacts.s3
        if s3 is not None and any(store.bucket == s3.bucket for store in self.batches.stores):
            raise ValueError(
                f"batches.stores: {s3.bucket!r} is the bucket of the artifacts, which holds the "
                "files of all namespaces: give items a bucket of their own"
            )
        return self

    @model_validator(mode="after")
    def _rows_get_runs_where_the_operator_works(self) -> "Settings":
        for name in self.listener.namespaces:
            if self.namespaces and name not in self.namespaces:
                raise ValueError(
                    f"listener.tenants: {name!r} is not in namespaces, so the operator would not "
                    "see its runs: add it there"
                )
        return self

    @model_validator(mode="after")
    def _classes_exist(self) -> "Settings":
        keys = [machine_class.key for machine_class in self.fleet.machineClasses]
        if len(set(keys)) != len(keys):
            raise ValueError(f"fleet.machineClasses: a key is used twice in {keys}")
        for stage, classes in [*self.fleet.stageClasses.items(), ("", self.fleet.defaultClasses)]:
            for name in classes:
                if name not in keys:
                    where = f"stageClasses.{stage}" if stage else "defaultClasses"
                    raise ValueError(f"fleet.{where}: unknown class {name!r}, known: {keys}")
        for where, name in self._other_classes():
            if name not in keys:
                raise ValueError(f"{where}: unknown class {name!r}, known: {keys}")
        return self

    def _other_classes(self) -> Iterator[tuple[str, str]]:
        """Machine classes that other sections name, and where."""
        for role, endpoint in self.models.roles().items():
            if endpoint.machine:
                yield f"models.{role}.machine", endpoint.machine
        for stage, classes in self.queue.pools.items():
            for name in classes:
                yield f"queue.pools.{stage}", name
        for kind, name in self.queue.backgroundMachines.items():
            yield f"queue.backgroundMachines.{kind}", name


def load(path: str | None = None) -> Settings:
    """Read and check the settings file; raises SettingsError with what to change."""
    source = Path(path or os.environ.get(ENV_SETTINGS, DEFAULT_PATH))
    try:
        raw = yaml.safe_load(source.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read {source}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{source} is not YAML: {error}") from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{source}: " + "; ".join(lines)) from error
