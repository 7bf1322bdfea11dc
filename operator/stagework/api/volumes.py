"""Volumes that a stage may have: a narrow choice, all of which "restricted" Pod Security allows."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api.base import Resource, rules
from stagework.api.quantity import Quantity, bytes_of
from stagework.api.references import KeyName, ObjectName

MAX_VOLUMES: Final = 16
"""Volumes of one stage at most."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - a path in a container
_IS_SHARED_MEMORY: Final = f"(self.mountPath in ['{_SHARED_MEMORY}', '{_SHARED_MEMORY}/'])"
_KINDS: Final = ("emptyDir", "configMap", "secret", "persistentVolumeClaim")
_HAS_KEYS: Final = "(has(self.configMap) || has(self.secret))"


def _path_below() -> Any:
    """Kubernetes refuses such a path only when the Pod is made, long after the apply."""
    message = "a path within a volume has no part `.`, and none that begins with `..`"
    check = "!('/' + self).contains('/..') && !('/' + self + '/').contains('/./')"
    return Field(json_schema_extra=rules((check, message)))


PathBelow = Annotated[
    str,
    StringConstraints(pattern="^[-A-Za-z0-9_.]+(/[-A-Za-z0-9_.]+)*$", max_length=128),
    _path_below(),
]
"""A file or folder within a volume: relative, and never above it."""


class KeyPath(Resource):
    """Which key becomes which file."""

    key: KeyName
    """Key of the ConfigMap or Secret."""
    path: PathBelow
    """The file's path below `mountPath`."""


class Volume(Resource):
    """A narrow choice: an empty folder, or a ConfigMap, Secret or claim of this namespace."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"{' + '.join(f'(has(self.{kind}) ? 1 : 0)' for kind in _KINDS)} == 1",
                f"give exactly one of {', '.join(_KINDS[:-1])} and {_KINDS[-1]}",
            ),
            (
                (
                    f"{_IS_SHARED_MEMORY} || "
                    "(!self.mountPath.matches('^/((work|tmp|etc|run|var|var/run)/*"
                    "|(dev|proc|sys|(var/)?run/stagework)(/.*)?)$') "
                    "&& !self.mountPath.contains('..') && !self.mountPath.contains('//') "
                    "&& !self.mountPath.matches('/[.](/|$)'))"
                ),
                "mountPath is taken by the operator or the system; use another, such as /models",
            ),
            (
                f"!{_IS_SHARED_MEMORY} || has(self.medium)",
                f"{_SHARED_MEMORY} is shared memory: give emptyDir its size, and medium: Memory",
            ),
            (
                "!has(self.medium) || has(self.emptyDir)",
                "medium: Memory goes with emptyDir, which says how much, such as 256Mi",
            ),
            (
                (
                    "!has(self.medium) || !has(self.emptyDir) || "
                    "quantity(string(self.emptyDir)).isGreaterThan(quantity('0'))"
                ),
                "a folder in memory has a size above 0, such as emptyDir: 256Mi",
            ),
            (
                f"{_HAS_KEYS} || !(has(self.items) || has(self.defaultMode) || has(self.optional))",
                "items, defaultMode and optional go with configMap or secret",
            ),
        )
    )

    name: Annotated[
        str, StringConstraints(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)
    ]
    """Name within the stage."""
    mountPath: Annotated[
        str, StringConstraints(pattern="^/[A-Za-z0-9][-A-Za-z0-9_./]*$", max_length=255)
    ]
    """Absolute path in the container; /dev/shm only for a folder in memory."""
    subPath: PathBelow | None = None
    """Mounts this file or folder of the volume alone; its content is then never updated."""
    readOnly: bool = False
    """True: the stage cannot write to it (ConfigMaps and Secrets never can be written to)."""
    emptyDir: Quantity | None = None
    """Size limit of a folder that lives as long as the Pod, such as `1Gi`."""
    medium: Literal["Memory"] | None = None
    """Memory: the emptyDir is kept in memory. What lies there counts as the stage's memory use."""
    configMap: ObjectName | None = None
    """Name of a ConfigMap, whose keys become files."""
    secret: ObjectName | None = None
    """Name of a Secret, whose keys become files."""
    items: list[KeyPath] | None = Field(
        default=None, min_length=1, max_length=16, json_schema_extra={"x-map-key": "path"}
    )
    """Which keys, and as which files; absent: all of them by their own names."""
    defaultMode: int | None = Field(default=None, ge=0, le=0o777)
    """Mode of the files, such as 0555 for programs; absent: 0644."""
    optional: bool = False
    """True: start with an empty folder where the ConfigMap or Secret is missing."""
    persistentVolumeClaim: ObjectName | None = None
    """Name of a PersistentVolumeClaim."""

    @property
    def memory_bytes(self) -> int:
        """How much memory it may take; 0 where it is not kept there."""
        return bytes_of(self.emptyDir) if self.medium and self.emptyDir is not None else 0


MOUNTS_DIFFER: Final[dict[str, Any]] = {
    "rule": "[self.map(v, (v.mountPath + '/').replace('//', '/'))].all(paths, "
    "paths.all(p, paths.exists_one(q, p == q)))",
    "message": "two volumes are mounted at the same path: give each a mountPath of its own",
}
"""Of a stage's list of volumes."""

_IN_MEMORY: Final = (
    "self.volumes.map(v, has(v.medium) && has(v.emptyDir) "
    "? quantity(string(v.emptyDir)).asApproximateFloat() : 0.0)"
)
MEMORY_FITS: Final[tuple[str, str]] = (
    (
        "!has(self.volumes) || !self.volumes.exists(v, has(v.medium)) || !has(self.resources) "
        "|| !has(self.resources.limits) || !('memory' in self.resources.limits) "
        f"|| {_IN_MEMORY}.sum() < "
        "quantity(string(self.resources.limits['memory'])).asApproximateFloat()"
    ),
    (
        "what lies in volumes with medium: Memory counts as memory of the stage: make them smaller "
        "together than resources.limits.memory, or raise that"
    ),
)
"""Of a stage, as (rule, message)."""
