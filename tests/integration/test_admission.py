"""The chart's admission policies on a real API server, with people who have different rights.

ann    may make our kinds and Pods (the built-in role `edit` would say so)
bob    may make our kinds, but no Pods
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from tests.chart.rendered import NAMESPACE as RELEASE
from tests.chart.rendered import render
from tests.integration.kubectl import Kubectl
from tests.integration.objects import (
    Document,
    inline_run,
    intervention,
    named_run,
    pipeline,
    stage,
)
from tests.support.cluster.commands import Answer

API_SERVICE = f"system:serviceaccount:{RELEASE}:stagework-api"
POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
ACTIVE_SECONDS = 30


@pytest.fixture(scope="module", autouse=True)
def policies(kubectl: Kubectl) -> Iterator[None]:
    """The chart's policies and roles, while they hold; other tests go without them."""
    items = render().of_kind(*POLICIES, "ClusterRole")
    everything = {"apiVersion": "v1", "kind": "List", "items": items}
    kubectl.must("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=everything)
    bind(kubectl, "default", "probe", "stagework-edit")
    probes = (inline_run("default"), intervention("default"))
    eventually(
        lambda: not any(kubectl.create(p, user="probe", dry_run=True).ok for p in probes),
        "the policies do not take hold",
    )
    yield
    kubectl.must("delete", "rolebinding", "probe-stagework-edit", "-n", "default")
    for kind in reversed(POLICIES):
        kubectl.must("delete", kind, "stagework-stages", "stagework-requester")
    eventually(
        lambda: kubectl.create(intervention("default"), dry_run=True).ok,
        "the policies hold on after they were deleted",
    )


def eventually(true: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is true; the API server reads policies a moment later."""
    until = time.monotonic() + ACTIVE_SECONDS
    while not true():
        assert time.monotonic() < until, otherwise
        time.sleep(0.2)


def bind(kubectl: Kubectl, namespace: str, user: str, role: str) -> None:
    """Give a user the rights of a ClusterRole in a namespace."""
    kubectl.must(
        *("create", "rolebinding", f"{user.rpartition(':')[2]}-{role}", "-n", namespace),
        *(f"--clusterrole={role}", f"--user={user}"),
    )


@pytest.fixture
def place(kubectl: Kubectl, namespace: str) -> str:
    """A namespace in which ann may make Pods and bob may not."""
    for user in ("ann", "bob", API_SERVICE):
        bind(kubectl, namespace, user, "stagework-edit")
    kubectl.must(
        *("create", "role", "pods", "-n", namespace, "--verb=create", "--resource=pods"),
    )
    kubectl.must("create", "rolebinding", "pods", "-n", namespace, "--role=pods", "--user=ann")
    return namespace


def refused(answer: Answer, *words: str) -> bool:
    """True where the policy said no, with these words."""
    return not answer.ok and "Forbidden" in answer.err and all(w in answer.err for w in words)


def no_pods(namespace: str) -> str:
    return f"only those who may create Pods in namespace {namespace} may write spec.stages"


class TestStages:
    def test_who_may_make_pods_may_write_stages(self, kubectl: Kubectl, place: str) -> None:
        assert kubectl.create(inline_run(place), user="ann").ok
        assert kubectl.create(pipeline(place), user="ann").ok

    def test_who_may_not_can_name_a_pipeline(self, kubectl: Kubectl, place: str) -> None:
        kubectl.create(pipeline(place, name="ad-image"), user="ann")
        assert kubectl.create(named_run(place, params={"prompt": "shoes"}), user="bob").ok

    def test_and_cannot_name_an_image(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(inline_run(place), user="bob")
        assert refused(answer, no_pods(place), "name a Pipeline in spec.pipelineRef instead")

    def test_not_by_way_of_a_pipeline_either(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(pipeline(place), user="bob")
        assert refused(answer, no_pods(place), "somebody who has that right")

    def test_nor_by_changing_a_pipeline(self, kubectl: Kubectl, place: str) -> None:
        changed = kubectl.create(pipeline(place), user="ann").document()
        changed["spec"]["stages"][0]["image"] = "evil"
        assert refused(kubectl.replace(changed, user="bob"), no_pods(place))

    def test_nor_by_a_patch_or_an_apply(self, kubectl: Kubectl, place: str) -> None:
        kubectl.create(pipeline(place, name="ad"), user="ann")
        patch = '{"spec":{"stages":[{"name":"one","image":"evil"}]}}'
        patched = kubectl.run(
            "patch", "pl", "ad", "-n", place, "--type=merge", "-p", patch, user="bob"
        )
        assert refused(patched, no_pods(place))
        applied = kubectl.run(
            *("apply", "--server-side", "--force-conflicts", "-f", "-"),
            stdin=pipeline(place, stage(image="evil"), name="ad"),
            user="bob",
        )
        assert refused(applied, no_pods(place))

    def test_the_rest_of_a_pipeline_may_be_changed(self, kubectl: Kubectl, place: str) -> None:
        changed = kubectl.create(pipeline(place), user="ann").document()
        changed["spec"]["params"] = [{"name": "prompt", "required": True}]
        assert kubectl.replace(changed, user="bob").ok

    def test_a_run_of_anothers_stages_may_be_suspended(self, kubectl: Kubectl, place: str) -> None:
        changed = kubectl.create(inline_run(place), user="ann").document()
        changed["spec"]["suspend"] = True
        assert kubectl.replace(changed, user="bob").ok

    def test_the_right_counts_in_that_namespace_only(self, kubectl: Kubectl, place: str) -> None:
        other = f"{place}-other"
        kubectl.must("create", "namespace", other)
        bind(kubectl, other, "ann", "stagework-edit")
        answer = kubectl.create(inline_run(other), user="ann")
        kubectl.must("delete", "namespace", other, "--wait=false")
        assert refused(answer, no_pods(other))

    def test_the_api_service_is_no_way_around_it(self, kubectl: Kubectl, place: str) -> None:
        assert refused(kubectl.create(inline_run(place), user=API_SERVICE), no_pods(place))


class TestRequestedBy:
    def test_in_ones_own_name(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(intervention(place, requestedBy="bob"), user="bob")
        assert answer.ok
        assert answer.document()["spec"]["requestedBy"] == "bob"

    @pytest.mark.parametrize("fields", [{"requestedBy": "ann"}, {"requestedBy": ""}, {}])
    def test_not_in_anothers_and_not_in_nobodys(
        self, kubectl: Kubectl, place: str, fields: Document
    ) -> None:
        answer = kubectl.create(intervention(place, **fields), user="bob")
        assert refused(answer, "set spec.requestedBy to 'bob'; `stagework retry`")

    def test_not_even_an_administrator(self, kubectl: Kubectl, place: str) -> None:
        name = whoami(kubectl)
        assert refused(kubectl.create(intervention(place, requestedBy="bob")), name)
        assert kubectl.create(intervention(place, requestedBy=name)).ok

    def test_the_api_service_speaks_for_others(self, kubectl: Kubectl, place: str) -> None:
        assert kubectl.create(intervention(place, requestedBy="ann"), user=API_SERVICE).ok

    def test_no_other_account_of_that_name_does(self, kubectl: Kubectl, place: str) -> None:
        other = f"system:serviceaccount:{place}:stagework-api"
        kubectl.must(
            *("create", "rolebinding", "other", "-n", place),
            *("--clusterrole=stagework-edit", f"--user={other}"),
        )
        assert refused(kubectl.create(intervention(place, requestedBy="ann"), user=other), other)

    def test_a_name_of_more_than_128_characters_is_cut(self, kubectl: Kubectl, place: str) -> None:
        name = "x" * 200
        kubectl.must(
            *("create", "rolebinding", "long", "-n", place),
            *("--clusterrole=stagework-edit", f"--user={name}"),
        )
        assert kubectl.create(intervention(place, requestedBy=name[:128]), user=name).ok
        assert refused(kubectl.create(intervention(place, requestedBy="x" * 127), user=name))

    def test_who_has_no_right_to_ask_is_refused_before(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(intervention(place, requestedBy="eve"), user="eve")
        assert 'User "eve" cannot create resource "interventions"' in answer.err


def whoami(kubectl: Kubectl) -> str:
    """The name that the API server knows us by."""
    review = kubectl.must("auth", "whoami", "-o", "json").document()
    return cast("dict[str, Any]", review["status"]["userInfo"])["username"]


class TestHealth:
    def test_the_expressions_pass_the_type_check(self, kubectl: Kubectl) -> None:
        """The API server says in the status what it finds doubtful in an expression."""
        for policy in kubectl.get("validatingadmissionpolicies")["items"]:
            if policy["metadata"]["name"].startswith("stagework-"):
                checking = policy.get("status", {}).get("typeChecking", {})
                assert checking.get("expressionWarnings", []) == []
