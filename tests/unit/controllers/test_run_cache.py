"""Decoded runs are kept, and stages that many runs bring alike are checked once."""

import orjson
import pytest
from pydantic import ValidationError

from stagework.cluster.cache import own_objects as views
from stagework.controllers import run_cache
from stagework.controllers.run_cache import RunCache

STAGES = [{"name": "a", "image": "x"}, {"name": "b", "image": "y", "retries": 4}]


def view_of(uid: str, **spec: object) -> views.OwnView:
    meta = {"name": uid, "namespace": "ads", "uid": uid, "generation": 1, "resourceVersion": "1"}
    return views.from_bytes(orjson.dumps({"metadata": meta, "spec": spec}))


def test_runs_with_the_same_stages_share_them_and_keep_their_own_params() -> None:
    cache = RunCache()
    one = view_of("one", stages=STAGES, params={"p": "1"}, priority=3)
    other = view_of("other", stages=STAGES, params={"p": "2"})
    assert cache.spec(one) == views.spec_of(one)
    assert cache.spec(other) == views.spec_of(other)
    assert cache.inline(one) is cache.inline(other)


def test_runs_with_other_stages_do_not() -> None:
    cache = RunCache()
    one, other = view_of("one", stages=STAGES), view_of("other", stages=STAGES[:1])
    assert [each.name for each in cache.spec(other).stages or ()] == ["a"]
    assert [each.name for each in cache.spec(one).stages or ()] == ["a", "b"]


def test_a_run_that_names_a_pipeline_has_no_stages_of_its_own() -> None:
    cache = RunCache()
    assert cache.inline(view_of("one", pipelineRef={"name": "ad-image"})) is None


def test_a_broken_spec_is_refused_each_time_it_is_looked_at() -> None:
    cache = RunCache()
    cache.spec(view_of("good", stages=STAGES))
    for _ in range(2):
        with pytest.raises(ValidationError, match="priority"):
            cache.spec(view_of("bad", stages=STAGES, priority=5000))
        with pytest.raises(ValidationError, match="stages"):
            cache.spec(view_of("worse", stages=[{"name": "A B"}]))


def test_only_so_many_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_cache, "KEPT", 2)
    cache = RunCache()
    runs = [view_of(uid, pipelineRef={"name": "p"}) for uid in "abc"]
    first = cache.spec(runs[0])
    assert cache.spec(runs[0]) is first
    for each in runs[1:]:
        cache.spec(each)
    assert cache.spec(runs[0]) is not first
