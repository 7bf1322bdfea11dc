"""RBAC: granted is what is used, said here verb by verb; and the admission policies."""

from typing import Any

import msgspec
import pytest
import yaml

from stagework.api import names
from stagework.api.admission import SIGN_INS_POLICY
from stagework.api.background_jobs import BACKGROUND_JOBS
from stagework.api.kinds import DEFINED, KINDS, SIGN_IN, Kind
from stagework.api.observed import EPOCH
from stagework.api.tasks import PROGRAMS, TASKS, task_object_name
from stagework.settings import Settings
from stagework.web.auth.sign_in_policy import SETTLED, was_in_force
from stagework.web.sign_in_source import Binding, Policy
from stagework.wiring import ALERTS_MEMORY, task_defaults, task_schedules
from tests.chart.rendered import CHART, NAMESPACE, RefusedValues, Rendered, render
from tests.support.operators.rights import Right, rights_of

WATCH = "list watch"
OPERATOR = {
    ("stagework.dev", "pipelinejobs"): f"get {WATCH} create delete",
    ("stagework.dev", "pipelinejobs/status"): "patch",
    ("stagework.dev", "pipelinejobs/finalizers"): "update",
    ("stagework.dev", "batches"): f"get {WATCH} create delete",
    ("stagework.dev", "batches/status"): "patch",
    ("stagework.dev", "batches/finalizers"): "update",
    ("stagework.dev", "pipelines"): WATCH,
    ("stagework.dev", "pipelines/status"): "patch",
    ("stagework.dev", "scheduledjobs"): WATCH,
    ("stagework.dev", "scheduledjobs/status"): "patch",
    ("stagework.dev", "scheduledjobs/finalizers"): "update",
    ("stagework.dev", "interventions"): f"{WATCH} patch delete",
    ("stagework.dev", "interventions/status"): "patch",
    ("batch", "jobs"): f"get {WATCH} create delete",
    ("", "pods"): f"{WATCH} patch delete",
    ("", "events"): "list create",
    ("", "limitranges"): "list",
    ("", "configmaps"): "get",
    ("apps", "controllerrevisions"): "get list create delete",
}
API = {
    ("", "pods"): "get list",
    ("", "pods/log"): "get",
    ("batch", "jobs"): "get",
    ("stagework.dev", "pipelinejobs"): "get list",
    ("stagework.dev", "pipelines"): "list",
    ("stagework.dev", "batches"): "get list create",
    ("stagework.dev", "scheduledjobs"): "get list create patch delete",
    ("stagework.dev", "interventions"): "create",
    ("stagework.dev", "signins"): "get list delete",
    ("apps", "controllerrevisions"): "get",
}
ROLES = {
    "stagework-operator": OPERATOR,
    "stagework-api": API,
    "stagework-operator-cluster": {("", "nodes"): WATCH},
    "stagework-api-cluster": {
        ("", "nodes"): "list",
        ("authentication.k8s.io", "tokenreviews"): "create",
        ("authorization.k8s.io", "subjectaccessreviews"): "create",
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"): "get",
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): "get",
    },
    "stagework-operator-lease": {("coordination.k8s.io", "leases"): "get create update"},
    ALERTS_MEMORY: {("", "configmaps"): "get patch"},
}
IN_ONE_NAMESPACE = ("stagework-operator-lease", ALERTS_MEMORY)


_LIST, _CREATE = (
    {("stagework.dev", "pipelinejobs"): "list"},
    {("stagework.dev", "pipelinejobs"): "create"},
)
TASK_ROLES = {
    "health_check": _LIST,
    "data_cleanup": {
        ("stagework.dev", "pipelinejobs"): "get list delete",
        ("stagework.dev", "batches"): "list delete",
    },
    "backup": {
        ("stagework.dev", kind): "list"
        for kind in ("pipelines", "pipelinejobs", "batches", "scheduledjobs")
    },
    "api_sync": _CREATE,
    "notification": _LIST,
    "meta_catalog_ad": _CREATE,
    "restore": {
        ("stagework.dev", "pipelines"): "create",
        ("stagework.dev", "pipelinejobs"): "create prioritize",
        ("stagework.dev", "batches"): "create prioritize",
        ("stagework.dev", "scheduledjobs"): "create patch prioritize",
        ("stagework.dev", "scheduledjobs/status"): "patch",
        ("", "pods"): "create",
    },
}
"""In each namespace that the task works in."""
ALL_TASKS = {"tasks": {task: {"enabled": True} for task in TASK_ROLES}}


def expected(table: dict[tuple[str, str], str]) -> set[Right]:
    return {
        (group, resource, verb)
        for (group, resource), verbs in table.items()
        for verb in verbs.split()
    }


@pytest.mark.parametrize("name", ROLES)
def test_each_role_grants_what_is_used_and_no_more(chart: Rendered, name: str) -> None:
    kind = "Role" if name in IN_ONE_NAMESPACE else "ClusterRole"
    assert rights_of(chart.one(kind, name)) == expected(ROLES[name])


def test_no_rule_has_a_wildcard(everything: Rendered) -> None:
    for name, rule in everything.rules():
        assert "nonResourceURLs" not in rule, name
        words = [word for values in rule.values() for word in values]
        assert not [word for word in words if "*" in word], name


def check_config_maps(name: str, rule: dict[str, Any]) -> None:
    """One at a time, by its name: no rule shows which there are."""
    if name == "stagework-operator":
        assert rule["verbs"] == ["get"]  # the list of items that a Batch names
        return
    # What a built-in task, or the operator of its alerts, remembers: the one ConfigMap of its name.
    assert rule["resourceNames"] == [name.removesuffix("-own")]
    assert name.startswith("stagework-task-") or name == ALERTS_MEMORY
    assert rule["verbs"] == ["get", "patch"]


def test_nobody_reads_secrets_or_takes_more_rights(everything: Rendered) -> None:
    for name, rule in everything.rules():
        assert not {"secrets", "serviceaccounts/token"} & {*rule["resources"]}, name
        if "configmaps" in rule["resources"]:
            check_config_maps(name, rule)
        assert not {"escalate", "bind", "impersonate"} & {*rule["verbs"]}, name


def test_only_our_accounts_are_bound_but_for_the_way_to_the_api_service(
    everything: Rendered,
) -> None:
    for binding in everything.of_kind("RoleBinding", "ClusterRoleBinding"):
        name = binding["metadata"]["name"]
        if name == "stagework-proxy":
            continue
        component = name.split("-")[1]
        owner = f"stagework-{component}"
        if component == "task":
            owner = name.removesuffix("-own").removesuffix("-cluster")
        account = {"kind": "ServiceAccount", "name": owner}
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


class TestTheWayToTheApiService:
    """Whoever the cluster knows may knock: the service asks who they are and what they may."""

    def test_it_is_that_services_port_and_nothing_else(self, chart: Rendered) -> None:
        role = chart.one("Role", "stagework-proxy")
        service = chart.one("Service", "stagework-api")
        name = service["metadata"]["name"]
        port = next(port for port in service["spec"]["ports"] if port["name"] == "http")
        assert role["metadata"]["namespace"] == NAMESPACE
        assert role["rules"] == [
            {
                "apiGroups": [""],
                "resources": ["services/proxy"],
                "resourceNames": [f"http:{name}:{port['port']}"],
                "verbs": ["get", "create", "update"],
            }
        ]

    def test_it_is_for_everybody_whom_the_cluster_knows(self, chart: Rendered) -> None:
        binding = chart.one("RoleBinding", "stagework-proxy")
        group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group"}
        assert binding["subjects"] == [{**group, "name": "system:authenticated"}]
        assert binding["roleRef"]["name"] == "stagework-proxy"

    def test_or_for_some_groups_or_for_nobody(self) -> None:
        some = render({"rbac": {"apiServiceGroups": ["oidc:makers"]}})
        subjects = some.one("RoleBinding", "stagework-proxy")["subjects"]
        assert [subject["name"] for subject in subjects] == ["oidc:makers"]
        nobody = render({"rbac": {"apiServiceGroups": []}})
        assert "stagework-proxy" not in nobody.names("RoleBinding") + nobody.names("Role")

    def test_whoever_sees_runs_may_sign_in_and_nobody_reads_or_changes_a_sign_in(
        self, chart: Rendered
    ) -> None:
        for name in ("view", "logs", "edit", "admin"):
            granted = rights_of(chart.one("ClusterRole", f"stagework-{name}"))
            verbs = {verb for _, resource, verb in granted if resource == SIGN_IN.plural}
            assert verbs == {"create"}, name

    def test_of_the_policies_the_api_service_reads_the_one_that_it_relies_on(
        self, chart: Rendered
    ) -> None:
        (rule,) = (
            rule
            for rule in chart.one("ClusterRole", "stagework-api-cluster")["rules"]
            if rule["apiGroups"] == ["admissionregistration.k8s.io"]
        )
        assert rule["resourceNames"] == [SIGN_INS_POLICY]

    def test_that_policy_is_the_charts(self, chart: Rendered) -> None:
        policy = chart.one("ValidatingAdmissionPolicy", SIGN_INS_POLICY)
        binding = chart.one("ValidatingAdmissionPolicyBinding", SIGN_INS_POLICY)
        assert was_in_force(
            msgspec.convert(policy, Policy),
            msgspec.convert(binding, Binding),
            EPOCH + SETTLED,
        )


class TestTasks:
    """Each built-in task has an account of its own, and what it uses, where it works."""

    @pytest.mark.parametrize("task", TASK_ROLES)
    def test_each_has_its_own_least_rights(self, task: str) -> None:
        named = {"enabled": True, "namespaces": ["team"]}
        rendered = render({"tasks": {task: named}})
        name = task_object_name(task)
        roles = {
            role["metadata"]["namespace"]: rights_of(role)
            for role in rendered.of_kind("Role")
            if role["metadata"]["name"] == name
        }
        assert roles == dict.fromkeys((NAMESPACE, "team"), expected(TASK_ROLES[task]))
        rendered.one("ServiceAccount", name)

    def test_they_are_all_that_there_are(self) -> None:
        assert set(TASK_ROLES) == set(PROGRAMS)
        rendered = render(ALL_TASKS)
        accounts = {
            name for name in rendered.names("ServiceAccount") if name.startswith("stagework-task-")
        }
        assert accounts == {task_object_name(task) for task in PROGRAMS}

    def test_on_are_those_that_need_nothing_of_a_user(self, chart: Rendered) -> None:
        on = ["backup", "data_cleanup", "health_check"]
        accounts = [n for n in chart.names("ServiceAccount") if n.startswith("stagework-task-")]
        assert accounts == [task_object_name(task) for task in on]
        settings = Settings.model_validate(chart.settings())
        assert sorted(settings.tasks.schedules) == on
        assert settings.tasks.schedules["data_cleanup"].jobData == {"dryRun": True}

    def test_what_is_off_has_no_account_no_right_and_no_schedule(self) -> None:
        rendered = render({"tasks": {task: {"enabled": False} for task in TASK_ROLES}})
        for document in rendered.documents:
            assert "stagework-task" not in document["metadata"]["name"]
        assert Settings.model_validate(rendered.settings()).tasks.schedules == {}

    def test_a_task_has_the_schedule_that_the_values_give_it(self) -> None:
        wanted = {"enabled": True, "schedule": "30 8 * * 1-5", "timeZone": "Asia/Seoul"}
        rendered = render({"tasks": {"notification": {**wanted, "jobData": {"hours": 12}}}})
        settings = Settings.model_validate(rendered.settings())
        (schedule,) = (s for s in task_schedules(settings) if s.task == "notification")
        assert schedule.name == "stagework-task-notification"
        assert schedule.spec() == {
            "schedule": {"cron": "30 8 * * 1-5"},
            "timeZone": "Asia/Seoul",
            "template": {"task": {"name": "notification", "jobData": {"hours": 12}}},
        }

    def test_none_restores_by_the_clock(self) -> None:
        rendered = render({"tasks": {"restore": {"enabled": True}}})
        assert "restore" not in Settings.model_validate(rendered.settings()).tasks.schedules

    def test_the_operator_writes_their_schedules_in_the_releases_namespace_alone(
        self, chart: Rendered
    ) -> None:
        role = chart.one("Role", "stagework-operator-schedules")
        assert role["metadata"]["namespace"] == NAMESPACE
        create, others = role["rules"]
        assert create["verbs"] == ["create"]
        assert others["verbs"] == ["patch", "delete"]
        assert sorted(others["resourceNames"]) == sorted(map(task_object_name, TASKS))

    def test_beyond_a_namespace_only_the_health_check_reads_nodes(self) -> None:
        rendered = render(ALL_TASKS)
        wide = [n for n in rendered.names("ClusterRole") if n.startswith("stagework-task-")]
        assert wide == ["stagework-task-health-check-cluster"]
        assert rights_of(rendered.one("ClusterRole", wide[0])) == {("", "nodes", "list")}

    def test_a_memory_is_one_configmap_that_the_chart_leaves_empty(self) -> None:
        rendered = render(ALL_TASKS)
        remembering = [n for n in rendered.names("ConfigMap") if n.startswith("stagework-task-")]
        assert remembering == [
            task_object_name(task)
            for task in ("api_sync", "health_check", "meta_catalog_ad", "notification")
        ]
        for name in remembering:
            document = rendered.one("ConfigMap", name)
            assert not {"data", "binaryData"} & set(document)

    @pytest.mark.parametrize("task", TASKS)
    def test_it_runs_by_default_when_the_old_scheduler_ran_it(self, task: str) -> None:
        values = yaml.safe_load((CHART / "values.yaml").read_text())["tasks"][task]
        assert values["schedule"] == TASKS[task].cron
        assert values["timeZone"] == "UTC"
        assert values["jobData"] == ({"dryRun": True} if task == "data_cleanup" else {})

    def test_a_bucket_is_known_to_the_task_alone_that_has_it(self) -> None:
        s3 = {"endpoint": "https://s3", "bucket": "b", "secretName": "keys"}
        rendered = render(
            {"tasks": {"backup": {"enabled": True, "s3": s3}}, "alerts": {"urlsSecret": "urls"}}
        )
        settings = Settings.model_validate(rendered.settings())
        assert set(settings.tasks.s3) == {"backup"}
        assert settings.alerts.urlsSecret == "urls"
        defaults = task_defaults(settings)
        assert (defaults.alerts_secret, defaults.s3_secrets) == ("urls", {"backup": "keys"})


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
                for namespace in ("red", "blue", NAMESPACE)
            }

    def test_the_releases_own_is_watched_where_tasks_run_by_the_clock(self) -> None:
        assert render(self.VALUES).settings()["namespaces"] == ["red", "blue", NAMESPACE]
        off = {"tasks": {task: {"enabled": False} for task in TASK_ROLES}}
        assert render({**self.VALUES, **off}).settings()["namespaces"] == ["red", "blue"]

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
            "stagework-logs",
            "stagework-operator-cluster",
            "stagework-task-health-check-cluster",
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
            known = {kind.plural for kind in DEFINED} | {BACKGROUND_JOBS}
            assert plurals <= known, role["metadata"]["name"]

    def test_who_may_edit_may_tell_of_background_jobs_and_who_views_may_not(
        self, chart: Rendered
    ) -> None:
        right = (names.GROUP, BACKGROUND_JOBS, "create")
        assert right in rights_of(chart.one("ClusterRole", "stagework-edit"))
        assert right in rights_of(chart.one("ClusterRole", "stagework-admin"))
        assert right not in rights_of(chart.one("ClusterRole", "stagework-view"))

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
                    assert {*rule["resources"]} <= {kind.plural for kind in DEFINED}


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
            below = {resource for _, resource, _ in granted if "/" in resource}
            assert below == {"batches/scale"}
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
        assert asked - edit == {
            (names.GROUP, "pipelinejobs", verb) for verb in ("approve", "recover")
        }
        assert asked <= admin
        assert admin - edit == {
            *((names.GROUP, "pipelinejobs", verb) for verb in ("approve", "recover", "prioritize")),
            *((names.GROUP, kind, "prioritize") for kind in ("batches", "scheduledjobs")),
        }
        assert edit <= admin


class TestPolicies:
    def test_they_fail_closed_and_deny(self, chart: Rendered) -> None:
        assert chart.names("ValidatingAdmissionPolicy") == [
            "stagework-batches",
            "stagework-jobs",
            "stagework-pods",
            "stagework-priority",
            "stagework-requester",
            "stagework-runs",
            "stagework-schedules",
            "stagework-signins",
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
