"""A Batch as a person writes it."""

import pytest
from pydantic import ValidationError

from stagework.api.batch import BatchSpec

PLAIN = {"pipelineRef": {"name": "ad-image"}, "items": {"inline": [{"uri": "s3://b/1.png"}]}}


def test_a_number_of_failed_items_reads_as_a_share_does() -> None:
    of_number = BatchSpec.model_validate({**PLAIN, "maxFailedItems": 5})
    of_share = BatchSpec.model_validate({**PLAIN, "maxFailedItems": "5%"})
    assert (of_number.maxFailedItems, of_share.maxFailedItems) == ("5", "5%")


@pytest.mark.parametrize("wrong", [-1, "101%", "5 %", "many", True, "1.5%"])
def test_what_is_neither_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError, match="maxFailedItems"):
        BatchSpec.model_validate({**PLAIN, "maxFailedItems": wrong})


@pytest.mark.parametrize("field", ["chunkSize", "parallelism"])
def test_neither_is_zero(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        BatchSpec.model_validate({**PLAIN, field: 0})


def test_it_names_a_pipeline_and_has_no_stages_of_its_own() -> None:
    with pytest.raises(ValidationError, match="stages"):
        BatchSpec.model_validate({**PLAIN, "stages": []})
