"""What a stage may give to its Pod beside image, command and volumes: within what we can vouch for.

Labels and annotations have power over a Pod: Services and NetworkPolicies select by them, and
controllers act on them. So the names that the operator and Kubernetes use are refused at apply; all
others are for those who may create Pods themselves, like everything in a stage.
"""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from stagework.api.base import Resource, no_null_byte, rules
from stagework.api.references import PullSecret, WholeRef

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
WorkingDir = Annotated[
    str, StringConstraints(pattern="^/", max_length=255), no_null_byte("workingDir")
]
ExitCodes = Annotated[
    list[Annotated[int, Field(ge=1, le=255)]],
    Field(max_length=32, json_schema_extra={"x-list-type": "set"}),
]
PullSecrets = Annotated[
    list[PullSecret], Field(max_length=8, json_schema_extra={"x-map-key": "name"})
]

OWN_DOMAINS: Final = ("stagework.dev", "kubernetes.io", "k8s.io")
"""Prefixes of names, also below these, that are the operator's or Kubernetes' own."""
_OWN_NAMES: Final = ("job-name", "controller-uid")
"""Labels without a prefix that the Job controller sets, and compares."""
ANNOTATION_BYTES: Final = 16 * 1024
"""All values together. A Pod's annotations may have 256 KiB; params and inputs take the rest."""

_DOMAIN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME: Final = f"^({_DOMAIN}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?$"
_IS_OWN: Final = (
    f"(k in {list(_OWN_NAMES)} || "
    f"k.matches('^([-a-z0-9]+[.])*({'|'.join(OWN_DOMAINS).replace('.', '[.]')})/'))"
)
_IS_NAME: Final = f"(size(k) <= 253 && k.matches('{_NAME}'))"


def _names(what: str) -> list[JsonValue]:
    """Rules about the keys of a map of labels or annotations; `what`: one of them, in a word."""
    first = "self.filter(k, {0})[0]"
    return [
        {
            "rule": f"self.all(k, {_IS_NAME})",
            "message": f"{what}: a name such as team, or example.org/team",
            "messageExpression": f"'{what} ' + {first.format(f'!{_IS_NAME}')} + ' is no name: "
            "write one such as team, or example.org/team'",
        },
        {
            "rule": f"self.all(k, !{_IS_OWN})",
            "message": f"{what}: a name of the operator's or of Kubernetes' own cannot be given",
            "messageExpression": f"'{what} ' + {first.format(_IS_OWN)} + ' is for the operator or "
            "Kubernetes to set: use a name without prefix, or with a domain of yours'",
        },
    ]


_VALUES_FIT: Final[dict[str, JsonValue]] = {
    "rule": f"self.map(k, size(bytes(self[k]))).sum() <= {ANNOTATION_BYTES}",
    "message": f"all annotations of a stage together may have {ANNOTATION_BYTES // 1024} KiB: "
    "shorten them, or mount a ConfigMap",
}

LabelValue = Annotated[
    str,
    StringConstraints(pattern="^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63),
]
Labels = Annotated[
    dict[str, LabelValue],
    Field(max_length=16, json_schema_extra={"x-kubernetes-validations": _names("label")}),
]
Annotations = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=2048)]],
    Field(
        max_length=16,
        json_schema_extra={"x-kubernetes-validations": [*_names("annotation"), _VALUES_FIT]},
    ),
]


class EnvFrom(Resource):
    """All keys of a ConfigMap or Secret as environment variables."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.configMapRef) != has(self.secretRef)",
                "give exactly one of configMapRef and secretRef",
            ),
            (
                "!has(self.prefix) || !self.prefix.startsWith('STAGEWORK_')",
                "names that begin with STAGEWORK_ are set by the operator: use another prefix",
            ),
        )
    )

    prefix: Annotated[
        str, StringConstraints(pattern="^([A-Za-z_][A-Za-z0-9_]*)?$", max_length=64)
    ] = ""
    """Put before every name."""
    configMapRef: WholeRef | None = None
    """A ConfigMap of this namespace."""
    secretRef: WholeRef | None = None
    """A Secret of this namespace."""
