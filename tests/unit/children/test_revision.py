"""The ControllerRevision that keeps a run's stages is named by its content."""

import pytest

from stagework.api.pipeline import Param, PipelineSpec
from stagework.children.revision import is_content_of, revision_of
from tests.support.builders import NAMESPACE, line_of, make_stage


def _spec(*images: str) -> PipelineSpec:
    return PipelineSpec(stages=[make_stage(f"s{n}", image=i) for n, i in enumerate(images)])


def test_the_same_content_gives_the_same_revision() -> None:
    one = revision_of("ad-image", NAMESPACE, _spec("a", "b"))

    assert one == revision_of("ad-image", NAMESPACE, _spec("a", "b"))


def test_every_change_gives_another_one() -> None:
    names = {
        revision_of("ad-image", NAMESPACE, spec).name
        for spec in (
            _spec("a", "b"),
            _spec("b", "a"),
            _spec("a"),
            PipelineSpec(stages=_spec("a", "b").stages, params=[Param(name="x")]),
        )
    }

    assert len(names) == 4


def test_what_is_kept_reads_back_as_it_was() -> None:
    spec = PipelineSpec(stages=line_of(9), params=[Param(name="prompt", required=True)])

    kept = revision_of("ad-image", NAMESPACE, spec)

    assert PipelineSpec.model_validate(kept.manifest["data"]) == spec
    assert kept.manifest["metadata"]["name"] == kept.name
    assert kept.manifest["metadata"]["namespace"] == NAMESPACE


def test_a_long_pipeline_name_still_makes_a_valid_label() -> None:
    kept = revision_of("p" * 62 + "-" + "q" * 100, NAMESPACE, _spec("a"))

    (value,) = kept.manifest["metadata"]["labels"].values()
    assert value == "p" * 62


def test_every_value_is_kept_also_what_is_as_by_default() -> None:
    """What a later version has as its default changes no run under way."""
    by_default = PipelineSpec(stages=[make_stage("a")])

    (stage,) = revision_of("ad-image", NAMESPACE, by_default).manifest["data"]["stages"]

    assert set(stage) == set(type(by_default.stages[0]).model_fields)
    assert stage["retries"] == by_default.stages[0].retries


def test_the_name_proves_the_content() -> None:
    kept = revision_of("ad-image", NAMESPACE, _spec("a"))
    other = revision_of("ad-image", NAMESPACE, _spec("b"))

    assert is_content_of(kept.name, kept.manifest["data"])
    assert not is_content_of(kept.name, other.manifest["data"])
    assert len(kept.name.rpartition("-")[2]) == 32


def test_the_shorter_digest_of_runs_accepted_by_release_0_1_0_counts_as_far_as_it_goes() -> None:
    kept = revision_of("ad-image", NAMESPACE, _spec("a"))
    digest = kept.name.rpartition("-")[2]

    assert is_content_of(f"ad-image-{digest[:10]}", kept.manifest["data"])
    assert not is_content_of(f"ad-image-{'0' * 10}", kept.manifest["data"])


@pytest.mark.parametrize("length", [0, 1, 9, 31])
def test_a_name_with_less_of_the_digest_proves_nothing(length: int) -> None:
    kept = revision_of("ad-image", NAMESPACE, _spec("a"))
    digest = kept.name.rpartition("-")[2]

    assert not is_content_of(f"ad-image-{digest[:length]}", kept.manifest["data"])
