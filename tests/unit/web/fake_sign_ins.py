"""SignIns in memory: the SignInSource that tests give to the app, and how a person signs in."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from stagework.api.admission import SIGN_INS_POLICY, sign_ins_policy
from stagework.web.errors import ClusterUnavailable
from stagework.web.sign_in_source import Binding, Policy, SignInView
from stagework.web.user import User

SECRET = "a-secret-of-thirty-two-letters-or-more"
INSTALLED = datetime(2026, 1, 1, tzinfo=UTC)
META = {"name": SIGN_INS_POLICY, "creationTimestamp": "2026-01-01T00:00:00Z"}


def policy(**spec: Any) -> dict[str, Any]:
    """The chart's policy as the API server shows it, with other fields of the spec."""
    asked = sign_ins_policy()
    rule = {
        "apiGroups": ["stagework.dev"],
        "apiVersions": ["v1alpha1"],
        "operations": ["CREATE"],
        "resources": asked["resources"],
        "scope": "*",
    }
    matching: dict[str, Any] = {
        "resourceRules": [rule],
        "namespaceSelector": {},
        "objectSelector": {},
    }
    checks = [{"expression": text, "message": "no"} for text in asked["isOneself"]]
    whole: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": matching,
        "validations": checks,
    }
    return {"metadata": META, "spec": {**whole, **spec}}


def binding(**spec: Any) -> dict[str, Any]:
    """The chart's binding likewise."""
    whole = {"policyName": SIGN_INS_POLICY, "validationActions": ["Deny"]}
    return {"metadata": META, "spec": {**whole, **spec}}


@dataclass
class FakeSignIns:
    """SignIns by namespace and name, with the policy in force."""

    kept: dict[tuple[str, str], SignInView] = field(
        default_factory=dict[tuple[str, str], SignInView]
    )
    policy_there: dict[str, Any] | None = field(default_factory=policy)
    binding_there: dict[str, Any] | None = field(default_factory=binding)
    is_away: bool = False
    is_slow_to_delete: bool = False
    """Somebody else's delete comes first."""

    def make(
        self,
        user: User,
        *,
        namespace: str = "team",
        age: timedelta = timedelta(seconds=1),
        leaving: bool = False,
    ) -> str:
        """Somebody makes a SignIn of SECRET; gives the proof that its maker shows."""
        name = f"cli-{len(self.kept)}"
        made = datetime.now(UTC) - age
        body = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"uid-{name}",
                "creationTimestamp": made.isoformat(),
                "deletionTimestamp": made.isoformat() if leaving else None,
            },
            "spec": {
                **msgspec.to_builtins(user),
                "secretDigest": hashlib.sha256(SECRET.encode()).hexdigest(),
            },
        }
        self.kept[namespace, name] = msgspec.convert(body, SignInView)
        return f"{namespace}/{name}/{SECRET}"

    async def get(self, namespace: str, name: str) -> SignInView | None:
        """The SignIn."""
        if self.is_away:
            raise ClusterUnavailable("get a SignIn")
        return self.kept.get((namespace, name))

    async def listed(self, namespaces: tuple[str, ...]) -> list[SignInView]:
        """All of them."""
        return [view for key, view in self.kept.items() if not namespaces or key[0] in namespaces]

    async def delete(self, sign_in: SignInView) -> bool:
        """Take it away."""
        meta = sign_in.metadata
        gone = self.kept.pop((meta.namespace, meta.name), None)
        return gone is not None and not self.is_slow_to_delete

    async def policy(self) -> tuple[Policy | None, Binding | None]:
        """What is there of the policy."""
        there, bound = self.policy_there, self.binding_there
        return (
            None if there is None else msgspec.convert(there, Policy),
            None if bound is None else msgspec.convert(bound, Binding),
        )
