"""The admission policy about stages looks at every place where the kinds say they can stand."""

from dataclasses import replace

from stagework.api.admission import stages_policy
from stagework.api.kinds import PIPELINE, PIPELINEJOB


def test_kinds_without_stages_are_not_asked_about() -> None:
    policy = stages_policy([replace(PIPELINE, stages_at=()), PIPELINEJOB])
    assert policy["resources"] == ["pipelinejobs"]


def test_stages_that_are_new_or_others_than_before_are_written() -> None:
    assert stages_policy([PIPELINEJOB])["writesStages"] == (
        "has(object.spec.stages) && (oldObject == null || !has(oldObject.spec.stages)"
        " || object.spec.stages != oldObject.spec.stages)"
    )


def test_a_place_deep_in_a_template_is_asked_for_level_by_level() -> None:
    template = replace(PIPELINEJOB, stages_at=("spec.template.stages",))
    policy = stages_policy([PIPELINE, template])
    expression = policy["writesStages"]
    assert policy["places"] == "spec.stages or spec.template.stages"
    assert "has(object.spec.template) && has(object.spec.template.stages)" in expression
    assert "(has(object.spec.stages) && (" in expression


def test_everybody_is_told_what_to_do_instead() -> None:
    advice = stages_policy([PIPELINE, PIPELINEJOB])["advice"]
    assert advice == (
        "object.kind == 'PipelineJob' ? 'name a Pipeline in spec.pipelineRef instead' : "
        "'let somebody who has that right write the Pipeline'"
    )
