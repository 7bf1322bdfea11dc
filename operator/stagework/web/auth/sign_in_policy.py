"""Is it certain that a SignIn names whoever made it? Only where the admission policy was in force.

1. Policy and binding are there, and nobody has asked for their deletion.
2. They ask what we ask, of every SignIn that is made anywhere, and deny: nothing is left out, by
   conditions, selectors or params.
3. They were made `SETTLED` before the SignIn: each API server learns of a policy a moment later.

Who may change them administers the cluster; what is weaker than ours is no proof all the same.
"""

from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.admission import SIGN_INS_POLICY, sign_ins_policy
from stagework.api.kinds import SIGN_IN
from stagework.api.observed import ObjectMeta
from stagework.web.sign_in_source import Binding, BindingSpec, Policy, PolicySpec, ResourceRule

SETTLED: Final = timedelta(seconds=30)
"""So long after it was made a policy holds at every API server."""
_ASKED: Final = frozenset(sign_ins_policy()["isOneself"])


def was_in_force(policy: Policy | None, binding: Binding | None, made_at: datetime) -> bool:
    """Whether what was made then names whoever made it."""
    if policy is None or binding is None:
        return False
    return all(
        (
            _asks_what_we_ask(policy.spec),
            _denies_everywhere(binding.spec),
            *(_had_settled(known, made_at) for known in (policy.metadata, binding.metadata)),
        )
    )


def _asks_what_we_ask(spec: PolicySpec) -> bool:
    matching = spec.match_constraints
    return (
        spec.failure_policy == "Fail"
        and not spec.match_conditions
        and spec.param_kind is None
        and any(_covers(rule) for rule in matching.resource_rules)
        and not matching.leaves_out
        and {validation.expression for validation in spec.validations} >= _ASKED
    )


def _covers(rule: ResourceRule) -> bool:
    """Whether it is about every SignIn that is made."""
    return (
        _has(rule.api_groups, names.GROUP)
        and _has(rule.api_versions, names.VERSION)
        and _has(rule.operations, "CREATE")
        and _has(rule.resources, SIGN_IN.plural)
        and not rule.resource_names
        and rule.scope in {"*", "Namespaced"}
    )


def _denies_everywhere(spec: BindingSpec) -> bool:
    matching = spec.match_resources
    return (
        spec.policy_name == SIGN_INS_POLICY
        and "Deny" in spec.validation_actions
        and spec.param_ref is None
        and (matching is None or not (matching.leaves_out or matching.resource_rules))
    )


def _had_settled(metadata: ObjectMeta, made_at: datetime) -> bool:
    return not metadata.leaving and metadata.creation_timestamp + SETTLED <= made_at


def _has(listed: tuple[str, ...], word: str) -> bool:
    return word in listed or "*" in listed
