"""An artifact's address, taken apart."""

import pytest

from stagework.web.artifact_path import parse
from stagework.web.errors import ProblemError


@pytest.mark.parametrize("stage", ["ocr", "read-map", "read_map-2"])
def test_a_stage_is_called_as_the_definitions_allow(stage: str) -> None:
    path = parse(f"team/run-1/{stage}/2-pod-1/out.txt")

    assert (path.prefix.stage, path.prefix.attempt, path.prefix.pod_uid) == (stage, 2, "pod-1")


@pytest.mark.parametrize("stage", ["-a", "A", "a.b", "a" * 41, ".."])
def test_what_is_no_stages_name_is_refused(stage: str) -> None:
    with pytest.raises(ProblemError):
        parse(f"team/run-1/{stage}/2-pod-1/out.txt")
