"""Decoded objects are kept, and stages that many runs bring alike are checked once."""

import orjson
import pytest
from pydantic import ValidationError

from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.controllers import decoded
from stagework.controllers.decoded import Decoded
from stagework.controllers.pipelinejobs.decoding import RunSpec, RunSpecs, decode_status

STAGES = [{"name": "a", "image": "x"}, {"name": "b", "image": "y", "retries": 4}]


def run(uid: str, **spec: object) -> OwnObject:
    meta = {"name": uid, "namespace": "ads", "uid": uid, "generation": 1, "resourceVersion": "1"}
    return from_bytes(orjson.dumps({"metadata": meta, "spec": spec}))


@pytest.fixture
def runs() -> Decoded[RunSpec, PipelineJobStatus]:
    return Decoded(RunSpecs().decode, decode_status)


def test_runs_with_the_same_stages_share_them_and_keep_their_own_params(
    runs: Decoded[RunSpec, PipelineJobStatus],
) -> None:
    one = run("one", stages=STAGES, params={"p": "1"}, priority=3)
    other = run("other", stages=STAGES, params={"p": "2"})
    assert runs.spec(one).spec == PipelineJobSpec.model_validate_json(bytes(one.spec))
    assert runs.spec(other).spec == PipelineJobSpec.model_validate_json(bytes(other.spec))
    assert runs.spec(one).inline is runs.spec(other).inline


def test_runs_with_other_stages_do_not(runs: Decoded[RunSpec, PipelineJobStatus]) -> None:
    one, other = run("one", stages=STAGES), run("other", stages=STAGES[:1])
    assert [stage.name for stage in runs.spec(other).spec.stages or ()] == ["a"]
    assert [stage.name for stage in runs.spec(one).spec.stages or ()] == ["a", "b"]


def test_a_run_that_names_a_pipeline_has_no_stages_of_its_own(
    runs: Decoded[RunSpec, PipelineJobStatus],
) -> None:
    assert runs.spec(run("one", pipelineRef={"name": "ad-image"})).inline is None


def test_a_broken_spec_is_refused_each_time(runs: Decoded[RunSpec, PipelineJobStatus]) -> None:
    runs.spec(run("good", stages=STAGES))
    for _ in range(2):
        with pytest.raises(ValidationError, match="priority"):
            runs.spec(run("bad", stages=STAGES, priority=5000))
        with pytest.raises(ValidationError, match="stages"):
            runs.spec(run("worse", stages=[{"name": "A B"}]))


def test_only_so_many_objects_are_kept(
    runs: Decoded[RunSpec, PipelineJobStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "KEPT", 2)
    known = [run(uid, pipelineRef={"name": "p"}) for uid in "abc"]
    first = runs.spec(known[0])
    assert runs.spec(known[0]) is first
    for later in known[1:]:
        runs.spec(later)
    assert runs.spec(known[0]) is not first


def test_what_we_have_stored_ourselves_is_not_decoded_again(
    runs: Decoded[RunSpec, PipelineJobStatus],
) -> None:
    known, status = run("one", stages=STAGES), PipelineJobStatus(summary="Running")
    runs.stored(known, status)
    assert runs.status(known) is status
