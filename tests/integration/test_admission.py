"""The chart's admission policies on a real API server, with people who have different rights.

ann    may make our kinds and Pods (the built-in role `edit` would say so)
bob    may make our kinds, but no Pods
eva    may make our kinds and Interventions, and ask for nothing by them
adam   administers the namespace
"""

from collections.abc import Iterator
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
    schedule,
    stage,
)
from tests.integration.rights import binding, grant_all, role
from tests.integration.waiting import eventually
from tests.support.cluster.commands import Answer

API_SERVICE = f"system:serviceaccount:{RELEASE}:stagework-api"
OPERATOR = f"system:serviceaccount:{RELEASE}:stagework-operator"
POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")


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
    names = render().names(POLICIES[0])
    for kind in reversed(POLICIES):
        kubectl.must("delete", kind, *names)
    eventually(
        lambda: kubectl.create(intervention("default"), dry_run=True).ok,
        "the policies hold on after they were deleted",
    )


def bind(kubectl: Kubectl, namespace: str, user: str, role: str) -> None:
    """Give a user the rights of a ClusterRole in a namespace."""
    name = f"{user.rpartition(':')[2]}-{role}"
    grant_all(kubectl, binding(namespace, "ClusterRole", role, user, name=name))


@pytest.fixture
def place(kubectl: Kubectl, namespace: str) -> str:
    """A namespace in which ann may make Pods and bob may not."""
    for user in ("ann", "bob", API_SERVICE):
        bind(kubectl, namespace, user, "stagework-edit")
    bind(kubectl, namespace, "adam", "stagework-admin")
    ours = ("pipelinejobs.stagework.dev", "interventions.stagework.dev")
    grant_all(
        kubectl,
        role(namespace, "maker", ("create", "get", "update", "patch"), *ours),
        binding(namespace, "Role", "maker", "eva"),
        role(namespace, "pods", ("create",), "pods"),
        binding(namespace, "Role", "pods", "ann"),
    )
    return namespace


def refused(answer: Answer, *words: str) -> bool:
    """True where the policy said no, with these words."""
    return not answer.ok and "Forbidden" in answer.err and all(w in answer.err for w in words)


def controller(owner: Document) -> Document:
    """An owner reference to that object."""
    meta = owner["metadata"]
    named = {"kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {"apiVersion": owner["apiVersion"], **named, "controller": True}


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

    def test_stages_of_a_template_need_the_right_of_their_author(
        self, kubectl: Kubectl, place: str
    ) -> None:
        inline = schedule(place, template={"pipelineJob": {"stages": [stage()]}})
        answer = kubectl.create(inline, user="bob")
        assert refused(answer, "spec.template.pipelineJob.stages", "pipelineRef instead")
        written = kubectl.create(inline, user="ann").document()
        written["spec"]["suspend"] = True
        assert kubectl.replace(written, user="bob").ok, "the rest of it may be changed"
        assert kubectl.create(schedule(place), user="bob").ok

    def test_the_operator_makes_the_runs_of_templates_and_no_other(
        self, kubectl: Kubectl, place: str
    ) -> None:
        kubectl.must(
            *("create", "role", "runs", "-n", place, "--verb=create"),
            "--resource=pipelinejobs.stagework.dev",
        )
        kubectl.must(
            "create", "rolebinding", "runs", "-n", place, "--role=runs", f"--user={OPERATOR}"
        )
        made = kubectl.create(schedule(place), user="ann").document()
        run = inline_run(place, priority=5)
        alone = "the operator makes only runs of a Batch or a ScheduledJob: with one as owner"
        assert refused(kubectl.create(run, user=OPERATOR), alone)
        owner = controller(made)
        run["metadata"]["ownerReferences"] = [owner]
        assert kubectl.create(run, user=OPERATOR).ok
        forged = named_run(place)
        forged["metadata"]["ownerReferences"] = [owner]
        assert refused(kubectl.create(forged, user="ann"), "only stagework's operator gives")

    PULL: Document = {"imagePullSecrets": [{"name": "company"}]}

    def test_a_pull_secret_is_for_those_who_may_make_pods(
        self, kubectl: Kubectl, place: str
    ) -> None:
        changed = kubectl.create(pipeline(place), user="ann").document()
        changed["spec"] |= self.PULL
        answer = kubectl.replace(changed, user="bob")
        assert refused(answer, no_pods(place), "or spec.imagePullSecrets", "somebody who has that")
        assert kubectl.replace(changed, user="ann").ok

    def test_nor_is_it_given_by_a_run(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(inline_run(place, **self.PULL), user="bob")
        assert refused(answer, no_pods(place))
        assert kubectl.create(inline_run(place, **self.PULL), user="ann").ok

    @pytest.mark.parametrize(
        "fields",
        [
            {"labels": {"app": "web"}},
            {"annotations": {"example.org/a": "b"}},
            {"envFrom": [{"secretRef": {"name": "db"}}]},
            {"volumes": [{"name": "v", "mountPath": "/v", "secret": "db"}]},
            {"workingDir": "/srv"},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    def test_nor_is_anything_of_a_pod(self, kubectl: Kubectl, place: str, fields: Document) -> None:
        changed = kubectl.create(pipeline(place), user="ann").document()
        changed["spec"]["stages"][0] |= fields
        assert refused(kubectl.replace(changed, user="bob"), no_pods(place))
        assert kubectl.replace(changed, user="ann").ok

    def test_the_right_counts_in_that_namespace_only(self, kubectl: Kubectl, place: str) -> None:
        other = f"{place}-other"
        kubectl.create_all({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
        bind(kubectl, other, "ann", "stagework-edit")
        answer = kubectl.create(inline_run(other), user="ann")
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

    def test_names_that_begin_alike_are_told_apart(self, kubectl: Kubectl, place: str) -> None:
        name = "x" * 200
        kubectl.must(
            *("create", "rolebinding", "long", "-n", place),
            *("--clusterrole=stagework-edit", f"--user={name}"),
        )
        assert kubectl.create(intervention(place, requestedBy=name), user=name).ok
        for other in (name[:128], f"{name[:128]}{'y' * 72}"):
            assert refused(kubectl.create(intervention(place, requestedBy=other), user=name))

    def test_who_has_no_right_to_ask_is_refused_before(self, kubectl: Kubectl, place: str) -> None:
        answer = kubectl.create(intervention(place, requestedBy="eve"), user="eve")
        assert 'User "eve" cannot create resource "interventions"' in answer.err


def whoami(kubectl: Kubectl) -> str:
    """The name that the API server knows us by."""
    review = kubectl.must("auth", "whoami", "-o", "json").document()
    return cast("dict[str, Any]", review["status"]["userInfo"])["username"]


class TestVerbs:
    @pytest.mark.parametrize("verb", ["Retry", "Skip", "Stop"])
    def test_the_editor_may_retry_skip_and_stop(
        self, kubectl: Kubectl, place: str, verb: str
    ) -> None:
        asked = intervention(place, verb=verb, requestedBy="bob")
        assert kubectl.create(asked, user="bob").ok

    def test_to_approve_is_a_right_of_its_own(self, kubectl: Kubectl, place: str) -> None:
        asked = intervention(place, verb="Approve", requestedBy="bob")
        answer = kubectl.create(asked, user="bob")
        assert refused(answer, f"you may not approve pipelinejobs run in namespace {place}")
        assert "stagework-admin the others too" in answer.err

        kubectl.must(
            *("create", "rolebinding", "approvers", "-n", place, "--user=bob"),
            "--clusterrole=stagework-admin",
        )
        assert kubectl.create(asked, user="bob").ok

    @pytest.mark.parametrize("verb", ["Retry", "Skip", "Stop", "Approve"])
    def test_who_may_make_interventions_may_not_ask_for_everything(
        self, kubectl: Kubectl, place: str, verb: str
    ) -> None:
        answer = kubectl.create(intervention(place, verb=verb, requestedBy="eva"), user="eva")
        word = verb.lower()
        assert refused(answer, f"you may not {word} pipelinejobs run in namespace {place}")
        assert f"ask for a role with the verb {word} on pipelinejobs.stagework.dev" in answer.err

    def test_a_right_may_be_about_one_run_and_one_verb(self, kubectl: Kubectl, place: str) -> None:
        kubectl.must(
            *("create", "role", "one", "-n", place, "--verb=skip", "--resource-name=mine"),
            "--resource=pipelinejobs.stagework.dev",
        )
        kubectl.must("create", "rolebinding", "one", "-n", place, "--role=one", "--user=eva")

        def ask(target: str, verb: str = "Retry", kind: str = "") -> Answer:
            asked = intervention(place, target, verb=verb, requestedBy="eva")
            if kind:
                asked["spec"]["target"]["kind"] = kind
            return kubectl.create(asked, user="eva")

        assert ask("mine", verb="Skip").ok
        assert ask("mine", verb="Skip", kind="PipelineJob").ok
        assert refused(ask("mine"), "you may not retry")
        assert refused(ask("other", verb="Skip"), "you may not skip pipelinejobs other")


class TestPriority:
    def test_to_go_before_others_is_a_right(self, kubectl: Kubectl, place: str) -> None:
        run = named_run(place, priority=1)
        answer = kubectl.create(run, user="bob")
        assert refused(answer, f"you may not prioritize pipelinejobs in namespace {place}", "leave")
        assert kubectl.create(run, user="adam").ok

    @pytest.mark.parametrize("fields", [{}, {"priority": 0}, {"priority": -7}])
    def test_everybody_may_go_behind_others(
        self, kubectl: Kubectl, place: str, fields: Document
    ) -> None:
        assert kubectl.create(named_run(place, **fields), user="bob").ok

    @pytest.mark.parametrize(
        ("before", "then", "allowed"),
        [(0, 1, False), (5, 9, False), (9, 5, False), (5, 0, True), (5, 5, True), (-5, 0, True)],
    )
    def test_a_change_is_asked_about_too(
        self, kubectl: Kubectl, place: str, before: int, then: int, allowed: bool
    ) -> None:
        made = kubectl.create(named_run(place, priority=before), user="adam").document()
        made["spec"] |= {"priority": then, "suspend": True}
        answer = kubectl.replace(made, user="bob")
        assert answer.ok if allowed else refused(answer, "you may not prioritize pipelinejobs")

    def test_the_operators_own_children_pass(self, kubectl: Kubectl, place: str) -> None:
        kubectl.must(
            *("create", "rolebinding", "op", "-n", place, "--role=maker", f"--user={OPERATOR}")
        )
        run, made = named_run(place, priority=9), kubectl.create(schedule(place)).document()
        run["metadata"]["ownerReferences"] = [controller(made)]
        assert kubectl.create(run, user=OPERATOR).ok
