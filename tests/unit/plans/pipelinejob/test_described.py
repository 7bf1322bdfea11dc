"""How many lines `kubectl describe` has for a run of nine stages, and what takes them."""

from typing import Any

import orjson

from stagework.api import names
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import Commit, StageStatus
from stagework.cluster.patches import JSON_OPTIONS, stored_document
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import NAMESPACE, T0, after, make_run
from tests.support.described import described, lines_by_field
from tests.support.fakeapi.resources import Json

UID = "3b87ab59-0000-4000-8000-000000000001"
NODE: dict[str, Any] = {"machine": "macmini", "node": "stagework-worker2"}


def _job(name: str) -> dict[str, Any]:
    return {"job": f"ad-3b87-{name}-1-0123abcd", "jobUid": UID}


def _succeeded(name: str) -> StageStatus:
    return StageStatus(
        name=name,
        state="Succeeded",
        startTime=T0,
        completionTime=after(9),
        commit=Commit(attempt=1, pod=UID, digest="d" * 64),
        **_job(name),
        **NODE,
    )


def _running(name: str) -> StageStatus:
    return StageStatus(
        name=name, state="Running", pod=UID, turnTime=T0, startTime=T0, **_job(name), **NODE
    )


def _waiting(name: str, above: str, **more: Any) -> StageStatus:
    reason, message = names.WAIT_DEPENDENCY, f"waits for {above}"
    return StageStatus(name=name, reason=reason, message=message, **more)


def _finished() -> list[StageStatus]:
    return [_succeeded(f"stage{number}") for number in range(9)]


def _in_the_middle() -> list[StageStatus]:
    """Four done, one at work, the Jobs of two made ahead, two that only wait."""
    ahead = [_waiting(f"stage{n}", f"stage{n - 1}", **_job(f"stage{n}")) for n in (5, 6)]
    others = [_waiting(f"stage{n}", f"stage{n - 1}") for n in (7, 8)]
    return [*_finished()[:4], _running("stage4"), *ahead, *others]


def _object(stages: list[StageStatus]) -> Json:
    """As the API server has it, of a run that names a Pipeline."""
    run = make_run(pipeline="ad-image", status=PipelineJobStatus(startTime=T0))
    status = run_status(run, stages, [], after(99))
    written = orjson.dumps(stored_document(status), option=JSON_OPTIONS)
    metadata: Json = {"name": "ad-1", "namespace": NAMESPACE, "uid": UID}
    metadata |= {"creationTimestamp": "", "generation": 1, "resourceVersion": "7"}
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "metadata": metadata,
        "spec": {"pipelineRef": {"name": "ad-image"}},
        "status": orjson.loads(written),
    }


def test_it_counts_as_kubectl_prints() -> None:
    stages: Any = [{"name": "a", "commit": {"pod": "p"}}, {"name": "b"}]
    status: Json = {"stages": stages, "words": ["x"]}
    document: Json = {"kind": "K", "metadata": {"name": "n", "uid": "u"}, "status": status}

    assert described(document)[4:-3] == [
        "kind:  K",
        "metadata:",
        "  uid:  u",
        "status:",
        "  stages:",
        "    commit:",
        "      pod:  p",
        "    name:  a",
        "    name:  b",
        "  words:",
        "    x",
    ]


def test_nine_stages_grow_no_longer() -> None:
    assert len(described(_object(_finished()))) <= 74
    assert len(described(_object(_in_the_middle()))) <= 92


def test_a_stage_that_has_succeeded_is_a_name_a_state_and_one_line() -> None:
    counts = lines_by_field(_object(_finished())["status"]["stages"])

    assert counts == dict.fromkeys(("name", "record", "state"), 9)
