"""RBAC: granted is what is used, said here verb by verb; and the admission policies."""

import pytest

from stagework.api import names
from stagework.api.kinds import KINDS, Kind
from tests.chart.rendered import NAMESPACE, RefusedValues, Rendered, render
from tests.support.operators.rights import Right, rights_of

WATCH = "list watch"
OPERATOR = {
    ("stagework.dev", "pipelinejobs"): f"get {WATCH} delete",
    ("stagework.dev", "pipelinejobs/status"): "patch",
    ("stagework.dev", "pipelinejobs/finalizers"): "update",
    ("stagework.dev", "pipelines"): WATCH,
    ("stagework.dev", "interventions"): f"{WATCH} patch delete",
    ("stagework.dev", "interventions/status"): "patch",
    ("batch", "jobs"): f"get {WATCH} create delete",
    ("", "pods"): f"{WATCH} patch delete",
    ("", "events"): "list create",
    ("", "limitranges"): "list",
    ("apps", "controllerrevisions"): "get list create delete",
}
API = {
    ("", "pods"): "get",
    ("batch", "jobs"): "get",
    ("stagework.dev", "pipelinejobs"): "get list",
    ("stagework.dev", "pipelines"): "list",
}
ROLES = {
    "stagework-operator": OPERATOR,
    "stagework-api": API,
    "stagework-operator-cluster": {("", "nodes"): WATCH},
    "stagework-api-cluster": {
        ("authentication.k8s.io", "tokenreviews"): "create",
        ("authorization.k8s.io", "subjectaccessreviews"): "create",
    },
    "stagework-operator-lease": {("coordination.k8s.io", "leases"): "get create update"},
}


def expected(table: dict[tuple[str, str], str]) -> set[Right]:
    return {
        (group, resource, verb)
        for (group, resource), verbs in table.items()
        for verb in verbs.split()
    }


@pytest.mark.parametrize("name", ROLES)
def test_each_role_grants_what_is_used_and_no_more(chart: Rendered, name: str) -> None:
    kind = "Role" if name == "stagework-operator-lease" else "ClusterRole"
    assert rights_of(chart.one(kind, name)) == expected(ROLES[name])


def test_no_rule_has_a_wildcard(everything: Rendered) -> None:
    for name, rule in everything.rules():
        assert "nonResourceURLs" not in rule, name
        words = [word for values in rule.values() for word in values]
        assert not [word for word in words if "*" in word], name


def test_nobody_reads_secrets_or_takes_more_rights(everything: Rendered) -> None:
    for name, rule in everything.rules():
        assert not {"secrets", "configmaps", "serviceaccounts/token"} & {*rule["resources"]}, name
        assert not {"escalate", "bind", "impersonate"} & {*rule["verbs"]}, name


def test_only_our_accounts_are_bound(everything: Rendered) -> None:
    for binding in everything.of_kind("RoleBinding", "ClusterRoleBinding"):
        name = binding["metadata"]["name"]
        component = name.split("-")[1]
        account = {"kind": "ServiceAccount", "name": f"stagework-{component}"}
        assert binding["subjects"] == [{**account, "namespace": NAMESPACE}]
        assert binding["roleRef"]["name"] == name


def test_the_operators_lease_is_one_in_the_release_namespace(chart: Rendered) -> None:
    role = chart.one("Role", "stagework-operator-lease")
    assert role["metadata"]["namespace"] == NAMESPACE
    for rule in role["rules"]:
        assert rule["verbs"] == ["create"] or rule["resourceNames"] == ["stagework-operator"]


def test_the_lease_goes_with_the_release_and_its_spec_is_the_operators(chart: Rendered) -> None:
    lease = chart.one("Lease", "stagework-operator")
    assert lease["metadata"]["namespace"] == NAMESPACE
    assert "spec" not in lease


class TestNamespaced:
    VALUES = {"rbac": {"scope": "namespaced"}, "settings": {"namespaces": ["red", "blue"]}}

    def test_each_watched_namespace_has_the_roles(self) -> None:
        rendered = render(self.VALUES)
        for kind in ("Role", "RoleBinding"):
            placed = {
                (document["metadata"]["name"], document["metadata"]["namespace"])
                for document in rendered.of_kind(kind)
                if document["metadata"]["name"] in {"stagework-operator", "stagework-api"}
            }
            assert placed == {
                (f"stagework-{component}", namespace)
                for component in ("operator", "api")
                for namespace in ("red", "blue")
            }

    def test_the_roles_are_those_of_the_whole_cluster(self) -> None:
        for role in render(self.VALUES).of_kind("Role"):
            name = role["metadata"]["name"]
            if name in ROLES:
                assert rights_of(role) == expected(ROLES[name])

    def test_cluster_wide_are_only_nodes_tokens_questions_and_roles_for_people(self) -> None:
        assert render(self.VALUES).names("ClusterRole") == [
            "stagework-admin",
            "stagework-api-cluster",
            "stagework-edit",
            "stagework-operator-cluster",
            "stagework-view",
        ]

    def test_helm_test_runs_in_a_watched_namespace(self) -> None:
        rendered = render(self.VALUES)
        assert rendered.one("Role", "stagework-test")["metadata"]["namespace"] == "red"

    def test_it_asks_for_the_namespaces(self) -> None:
        with pytest.raises(RefusedValues, match=r"needs settings\.namespaces"):
            render({"rbac": {"scope": "namespaced"}})


class TestKinds:
    """The chart names our kinds by hand: the same ones as the registry, each with what it needs."""

    def test_no_right_is_about_a_kind_that_is_not_there(self, everything: Rendered) -> None:
        for role in everything.of_kind("Role", "ClusterRole"):
            ours = {resource for group, resource, _ in rights_of(role) if group == names.GROUP}
            plurals = {resource.partition("/")[0] for resource in ours}
            assert plurals <= {kind.plural for kind in KINDS}, role["metadata"]["name"]

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
    def test_the_operator_watches_it_and_writes_its_status(
        self, chart: Rendered, kind: Kind
    ) -> None:
        granted = rights_of(chart.one("ClusterRole", "stagework-operator"))
        needed = {(names.GROUP, kind.plural, verb) for verb in ("list", "watch")}
        status = (names.GROUP, f"{kind.plural}/status", "patch")
        assert needed <= granted
        assert (status in granted) == (kind.status is not None)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
    def test_people_may_see_it_and_make_it(self, chart: Rendered, kind: Kind) -> None:
        for role, verbs in (("view", "get list watch"), ("edit", "get list watch create")):
            granted = rights_of(chart.one("ClusterRole", f"stagework-{role}"))
            assert {(names.GROUP, kind.plural, verb) for verb in verbs.split()} <= granted

    def test_the_policies_are_about_kinds_that_are_there(self, chart: Rendered) -> None:
        for policy in chart.of_kind("ValidatingAdmissionPolicy"):
            for rule in policy["spec"]["matchConstraints"]["resourceRules"]:
                if rule["apiGroups"] == [names.GROUP]:
                    assert {*rule["resources"]} <= {kind.plural for kind in KINDS}


class TestRolesForPeople:
    def test_they_are_aggregated(self, chart: Rendered) -> None:
        view, edit, admin = (
            {
                key.rpartition("/")[2]
                for key in chart.one("ClusterRole", name)["metadata"]["labels"]
                if key.startswith("rbac.")
            }
            for name in ("stagework-view", "stagework-edit", "stagework-admin")
        )
        assert view == {"aggregate-to-view"}
        assert edit == {"aggregate-to-edit", "aggregate-to-admin"}
        assert admin == {"aggregate-to-admin"}

    def test_unless_that_is_turned_off(self) -> None:
        rendered = render({"rbac": {"aggregate": False}})
        for name in ("stagework-view", "stagework-edit", "stagework-admin"):
            labels = rendered.one("ClusterRole", name)["metadata"]["labels"]
            assert not [key for key in labels if key.startswith("rbac.")]

    def test_nobody_but_the_operator_writes_a_status_or_an_interventions_history(
        self, chart: Rendered
    ) -> None:
        for name in ("stagework-edit", "stagework-admin"):
            granted = rights_of(chart.one("ClusterRole", name))
            assert not [right for right in granted if "/" in right[1]]
            verbs = {verb for _, resource, verb in granted if resource == "interventions"}
            assert verbs == {"get", "list", "watch", "create"}

    def test_what_interventions_ask_for_stands_with_the_editor_and_the_rest_with_the_admin(
        self, chart: Rendered
    ) -> None:
        edit, admin = (
            rights_of(chart.one("ClusterRole", name))
            for name in ("stagework-edit", "stagework-admin")
        )
        asked = {(names.GROUP, kind.plural, verb.lower()) for kind in KINDS for verb in kind.verbs}
        assert asked - edit == {(names.GROUP, "pipelinejobs", "approve")}
        assert asked <= admin
        assert admin - edit == {
            (names.GROUP, "pipelinejobs", verb) for verb in ("approve", "recover", "prioritize")
        }
        assert edit <= admin


class TestPolicies:
    def test_they_fail_closed_and_deny(self, chart: Rendered) -> None:
        assert chart.names("ValidatingAdmissionPolicy") == [
            "stagework-jobs",
            "stagework-pods",
            "stagework-priority",
            "stagework-requester",
            "stagework-runs",
            "stagework-stages",
            "stagework-verbs",
        ]
        for policy in chart.of_kind("ValidatingAdmissionPolicy"):
            assert policy["spec"]["failurePolicy"] == "Fail"
            name = policy["metadata"]["name"]
            binding = chart.one("ValidatingAdmissionPolicyBinding", name)["spec"]
            assert binding == {"policyName": name, "validationActions": ["Deny"]}

    def test_the_job_controller_may_have_another_name(self) -> None:
        rendered = render({"admissionPolicies": {"jobControllers": ["system:k3s-controller"]}})
        variables = rendered.one("ValidatingAdmissionPolicy", "stagework-pods")["spec"]["variables"]
        assert {"name": "jobControllers", "expression": '["system:k3s-controller"]'} in variables

    @pytest.mark.parametrize("name", ["", "it's", 'say "x"', "back\\slash"])
    def test_a_name_cannot_break_out_of_the_expression(self, name: str) -> None:
        with pytest.raises(RefusedValues, match="jobControllers"):
            render({"admissionPolicies": {"jobControllers": [name]}})

    def test_they_can_be_turned_off(self) -> None:
        rendered = render({"admissionPolicies": {"enabled": False}})
        assert rendered.names("ValidatingAdmissionPolicy") == []
        assert rendered.names("ValidatingAdmissionPolicyBinding") == []
