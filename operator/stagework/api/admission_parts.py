"""What the admission policies about children are put together from: rules, and CEL."""

from typing import Any, Final

from stagework.api import names
from stagework.api.resources import ApiResource

Policy = dict[str, Any]

IS_OPERATOR: Final = "request.userInfo.username == variables.operator"
"""CEL: the operator asks."""
MADE: Final = "variables.byOperator && request.operation == 'CREATE'"
"""CEL: the operator makes it."""
POD: Final = "object.spec.template.spec"
"""Where the spec of a Job's Pods is."""
RESTRICTED: Final = (
    "has(c.securityContext) && has(c.securityContext.allowPrivilegeEscalation) "
    "&& !c.securityContext.allowPrivilegeEscalation "
    "&& (!has(c.securityContext.privileged) || !c.securityContext.privileged) "
    "&& (!has(c.securityContext.runAsUser) || c.securityContext.runAsUser != 0) "
    "&& (!has(c.securityContext.runAsNonRoot) || c.securityContext.runAsNonRoot) "
    "&& (!has(c.securityContext.procMount) || c.securityContext.procMount == 'Default') "
    "&& (!has(c.securityContext.seccompProfile) "
    "|| c.securityContext.seccompProfile.type != 'Unconfined') "
    "&& has(c.securityContext.capabilities) && has(c.securityContext.capabilities.drop) "
    "&& 'ALL' in c.securityContext.capabilities.drop "
    "&& !has(c.securityContext.capabilities.add) "
    "&& (!has(c.ports) || c.ports.all(p, !has(p.hostPort)))"
)
"""CEL: the container c has no privilege."""
OWN_TOKEN: Final = (
    "has(s.downwardAPI) || has(s.configMap) || (has(s.serviceAccountToken) "
    "&& has(s.serviceAccountToken.audience) "
    f"&& s.serviceAccountToken.audience == '{names.TOKEN_AUDIENCE}')"
)
"""CEL: the source s of a projected volume is none of the API server's tokens."""


def rule(resource: ApiResource, *words: str) -> Policy:
    """Asked at these operations; the last word may be a subresource."""
    operations = [word for word in words if word.isupper()]
    subresource = "".join(f"/{word}" for word in words if not word.isupper())
    return {
        "apiGroups": [resource.group],
        "apiVersions": [resource.version],
        "operations": operations,
        "resources": [f"{resource.plural}{subresource}"],
    }


def variable(name: str, expression: str) -> Policy:
    """What validations call `variables.NAME`."""
    return {"name": name, "expression": expression}


def refusal(check: str, message: str, said: str = "") -> Policy:
    """Refused where the check is false; `said`: the message as CEL, where it names something."""
    policy: Policy = {"expression": check, "reason": "Forbidden", "message": message}
    return {**policy, "messageExpression": said} if said else policy


def all_owners() -> str:
    """CEL: its owners."""
    return "has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : []"


def is_controlled(kinds: list[str]) -> str:
    """CEL: its one owner is of these kinds of ours, and controls it."""
    owner = "variables.ownersOfAll[0]"
    return (
        f"size(variables.ownersOfAll) == 1 && {owner}.apiVersion == '{names.API_VERSION}' "
        f"&& {owner}.kind in {kinds} && has({owner}.controller) && {owner}.controller"
    )


def is_nobody() -> str:
    """CEL: its Pods have a user that is not root, and nothing of the node's."""
    security = f"{POD}.securityContext"
    of_the_node = (f"{POD}.{field}" for field in ("hostNetwork", "hostPID", "hostIPC"))
    host = " && ".join(f"(!has({field}) || !{field})" for field in of_the_node)
    return (
        f"{host} && has({security}) && has({security}.runAsNonRoot) && {security}.runAsNonRoot "
        f"&& !has({security}.sysctls) "
        f"&& (!has({security}.runAsUser) || {security}.runAsUser != 0)"
    )
