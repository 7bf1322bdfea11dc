"""When it is certain that a SignIn names whoever made it: a table."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from stagework.web.auth.sign_in_policy import SETTLED, was_in_force
from stagework.web.sign_in_source import Binding, Policy
from tests.unit.web.fake_sign_ins import INSTALLED, META, binding, policy

LATER = INSTALLED + SETTLED
RULE: dict[str, Any] = policy()["spec"]["matchConstraints"]["resourceRules"][0]
CHECKS: list[dict[str, str]] = policy()["spec"]["validations"]


def proves(
    there: dict[str, Any] | None, bound: dict[str, Any] | None, after: timedelta = SETTLED
) -> bool:
    return was_in_force(
        None if there is None else msgspec.convert(there, Policy),
        None if bound is None else msgspec.convert(bound, Binding),
        INSTALLED + after,
    )


def matching(**fields: Any) -> dict[str, Any]:
    return {"matchConstraints": {"resourceRules": [RULE], **fields}}


def test_the_charts_own_is_a_proof_half_a_minute_after_it_was_made() -> None:
    assert proves(policy(), binding())
    assert not proves(policy(), binding(), SETTLED - timedelta(seconds=1))
    assert not proves(None, binding())
    assert not proves(policy(), None)


def test_of_policy_and_binding_the_younger_one_counts() -> None:
    young = {**META, "creationTimestamp": LATER.isoformat()}
    assert not proves({**policy(), "metadata": young}, binding())
    assert not proves(policy(), {**binding(), "metadata": young})
    assert proves({**policy(), "metadata": young}, binding(), 2 * SETTLED)


def test_one_that_is_being_deleted_is_none() -> None:
    leaving = {**META, "deletionTimestamp": LATER.isoformat()}
    assert not proves({**policy(), "metadata": leaving}, binding())
    assert not proves(policy(), {**binding(), "metadata": leaving})


@pytest.mark.parametrize(
    "spec",
    [
        {"failurePolicy": "Ignore"},
        {"matchConditions": [{"name": "not-me", "expression": "false"}]},
        {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
        {"validations": CHECKS[1:]},
        {"validations": [*CHECKS[1:], {"expression": "true"}]},
        matching(resourceRules=[]),
        matching(resourceRules=[{**RULE, "operations": ["UPDATE"]}]),
        matching(resourceRules=[{**RULE, "resources": ["interventions"]}]),
        matching(resourceRules=[{**RULE, "apiGroups": ["other.dev"]}]),
        matching(resourceRules=[{**RULE, "apiVersions": ["v1"]}]),
        matching(resourceRules=[{**RULE, "resourceNames": ["one"]}]),
        matching(resourceRules=[{**RULE, "scope": "Cluster"}]),
        matching(excludeResourceRules=[RULE]),
        matching(namespaceSelector={"matchLabels": {"a": "b"}}),
        matching(objectSelector={"matchLabels": {"a": "b"}}),
    ],
    ids=str,
)
def test_a_policy_that_lets_something_pass_is_no_proof(spec: dict[str, Any]) -> None:
    assert not proves(policy(**spec), binding())


@pytest.mark.parametrize(
    "spec",
    [
        {"policyName": "another"},
        {"validationActions": ["Audit", "Warn"]},
        {"validationActions": []},
        {"paramRef": {"name": "p"}},
        {"matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}},
        {"matchResources": {"resourceRules": [RULE]}},
    ],
    ids=str,
)
def test_nor_is_a_binding_that_does(spec: dict[str, Any]) -> None:
    assert not proves(policy(), binding(**spec))


@pytest.mark.parametrize(
    ("there", "bound"),
    [
        (policy(validations=[*CHECKS, {"expression": "false"}]), binding()),
        (policy(**matching(resourceRules=[{**RULE, "operations": ["*"]}])), binding()),
        (policy(), binding(validationActions=["Deny", "Audit"])),
        (policy(), binding(matchResources={"namespaceSelector": {}, "objectSelector": {}})),
    ],
    ids=["asks for more", "of every write", "audits, too", "empty selectors"],
)
def test_one_that_asks_for_more_is(there: dict[str, Any], bound: dict[str, Any]) -> None:
    assert proves(there, bound)
