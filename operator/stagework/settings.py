"""The settings file: everything an administrator decides, read once at start.

The chart renders it from `values.yaml` into a ConfigMap; `STAGEWORK_SETTINGS` names the file.
A wrong setting stops the process at once with a sentence that says which one and why.
"""

import os
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stagework.api.base import TOTAL_MAX
from stagework.api.machines import Fleet
from stagework.api.quantity import Quantity
from stagework.api.references import PullSecret

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
    audience: str = "stagework"
    """Audience of the projected tokens it accepts."""


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
    keepSeconds: int = Field(default=7 * 24 * 3600, ge=0, le=_YEARS_10)
    """How long artifacts outlive their run."""
    inputHosts: tuple[str, ...] = ()
    """Hosts from which `https` inputs may be fetched; none by default."""


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


class SlotSettings(_Section):
    """How slots of machines are given."""

    startGraceSeconds: int = Field(default=30, ge=1, le=3600)
    """A stage that cannot start (image, quota, missing volume, no node with room) gives its slot
    to the next one this long after its turn came, and goes on trying without one."""


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
    engine: EngineSettings = EngineSettings()
    """Rates and limits."""
    slots: SlotSettings = SlotSettings()
    """How slots of machines are given."""
    logLevel: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """Level of the operator's and the API service's logs."""

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
        for role, endpoint in self.models.roles().items():
            if endpoint.machine and endpoint.machine not in keys:
                known = f"unknown class {endpoint.machine!r}, known: {keys}"
                raise ValueError(f"models.{role}.machine: {known}")
        return self


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
