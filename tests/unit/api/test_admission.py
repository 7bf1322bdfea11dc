"""The admission policies ask about every kind and every place that the registry of kinds names."""

from dataclasses import replace

from stagework.api.admission import priority_policy, stages_policy, verbs_policy
from stagework.api.admission_children import children_policies
from stagework.api.kinds import PIPELINE, PIPELINEJOB
from tests.support.lamps import LAMP


def test_kinds_without_stages_are_not_asked_about() -> None:
    policy = stages_policy([replace(PIPELINE, stages_at=()), PIPELINEJOB])
    assert policy["resources"] == ["pipelinejobs"]


def test_stages_that_are_new_or_others_than_before_are_written() -> None:
    alone = replace(PIPELINEJOB, stages_at=("spec.stages",))
    assert stages_policy([alone])["writesStages"] == (
        "has(object.spec.stages) && (oldObject == null || !has(oldObject.spec.stages)"
        " || object.spec.stages != oldObject.spec.stages)"
    )


def test_a_place_deep_in_a_template_is_asked_for_level_by_level() -> None:
    template = replace(PIPELINEJOB, stages_at=("spec.template.stages",))
    policy = stages_policy([PIPELINE, template])
    expression = policy["writesStages"]
    assert policy["places"] == "spec.stages or spec.imagePullSecrets or spec.template.stages"
    assert "has(object.spec.template) && has(object.spec.template.stages)" in expression
    assert "(has(object.spec.stages) && (" in expression


def test_what_pods_are_given_beside_their_stages_is_asked_about_too() -> None:
    for kind in (PIPELINE, PIPELINEJOB):
        assert "(has(object.spec.imagePullSecrets) && (" in stages_policy([kind])["writesStages"]


def test_everybody_is_said_what_to_do_instead() -> None:
    advice = stages_policy([PIPELINE, PIPELINEJOB])["advice"]
    assert advice == (
        "object.kind == 'PipelineJob' ? 'name a Pipeline in spec.pipelineRef instead' : "
        "'let somebody who has that right write the Pipeline'"
    )


def test_a_verb_is_asked_of_its_targets_own_resource() -> None:
    policy = verbs_policy([PIPELINEJOB, LAMP])
    assert (
        f"{{'PipelineJob': 'pipelinejobs', '{LAMP.kind}': '{LAMP.plural}'}}" in policy["resource"]
    )
    assert ".check(variables.verb)" in policy["mayAsk"]


def test_a_priority_in_a_template_is_asked_about_too() -> None:
    template = replace(LAMP, priority_at=("spec.template.priority",))
    policy = priority_policy([PIPELINEJOB, template])
    assert policy["resources"] == sorted([PIPELINEJOB.plural, LAMP.plural])
    assert "object.spec.priority > 0" in policy["asksForMore"]
    assert "has(object.spec.template.priority)" in policy["asksForMore"]


def test_children_have_owners_of_every_kind_that_makes_some() -> None:
    owners = {
        policy["name"]: variable["expression"]
        for policy in children_policies([PIPELINEJOB, LAMP])
        for variable in policy["variables"]
        if variable["name"] == "owners"
    }
    assert [*owners] == ["jobs", "pods", "runs", "batches"], "a schedule is nobody's child"
    for expression in owners.values():
        assert f"o.kind in ['PipelineJob', '{LAMP.kind}']" in expression
        assert "o.apiVersion.startsWith('stagework.dev/')" in expression


def test_the_children_of_others_are_nobodys_business() -> None:
    """`Pipeline` is a kind of several projects, some of which own Jobs by it."""
    assert "'Pipeline'" not in str(children_policies())
