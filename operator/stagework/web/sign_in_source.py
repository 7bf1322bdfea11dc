"""What the API service wants to know of SignIns and of the policy about them, as a Protocol."""

from typing import Any, Protocol

import msgspec

from stagework.api.observed import ObjectMeta
from stagework.web.user import User


class SignInSpecView(User, frozen=True):
    """Whom a SignIn names, and the digest of its secret."""

    secret_digest: str = msgspec.field(default="", name="secretDigest")

    @property
    def user(self) -> User:
        """Whom it names."""
        return User(self.name, self.uid, self.groups, self.extra)


class SignInView(msgspec.Struct, frozen=True):
    """A SignIn."""

    metadata: ObjectMeta
    spec: SignInSpecView


class _View(msgspec.Struct, frozen=True, rename="camel"):
    pass


class ResourceRule(_View, frozen=True):
    """Which writes a policy is about."""

    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    scope: str = "*"


class Matching(_View, frozen=True):
    """What a policy or a binding is limited to."""

    resource_rules: tuple[ResourceRule, ...] = ()
    exclude_resource_rules: tuple[ResourceRule, ...] = ()
    namespace_selector: dict[str, Any] | None = None
    object_selector: dict[str, Any] | None = None

    @property
    def leaves_out(self) -> bool:
        """Whether some objects, or some namespaces, are left out."""
        return bool(self.exclude_resource_rules or self.namespace_selector or self.object_selector)


class Validation(_View, frozen=True):
    """What a policy asks."""

    expression: str = ""


class PolicySpec(_View, frozen=True):
    """What a policy is about, and asks."""

    failure_policy: str = "Fail"
    match_constraints: Matching = Matching()
    match_conditions: tuple[dict[str, Any], ...] = ()
    param_kind: dict[str, Any] | None = None
    validations: tuple[Validation, ...] = ()


class Policy(_View, frozen=True):
    """A ValidatingAdmissionPolicy."""

    metadata: ObjectMeta
    spec: PolicySpec


class BindingSpec(_View, frozen=True):
    """Where a policy holds, and what follows."""

    policy_name: str = ""
    param_ref: dict[str, Any] | None = None
    match_resources: Matching | None = None
    validation_actions: tuple[str, ...] = ()


class Binding(_View, frozen=True):
    """A ValidatingAdmissionPolicyBinding."""

    metadata: ObjectMeta
    spec: BindingSpec


class SignInSource(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer."""

    async def get(self, namespace: str, name: str) -> SignInView | None:
        """A SignIn, or None."""
        ...

    async def listed(self, namespaces: tuple[str, ...]) -> list[SignInView]:
        """All SignIns of these namespaces (of all, where none is named)."""
        ...

    async def delete(self, sign_in: SignInView) -> bool:
        """Delete that very object; False where it has gone, or been made anew."""
        ...

    async def policy(self) -> tuple[Policy | None, Binding | None]:
        """The admission policy about SignIns, and its binding."""
        ...
