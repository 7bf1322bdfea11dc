"""Stages ask a model endpoint through the API service; the server is stopped in mid-run.

The server is the tests' own (`tests/support/modelserver`): it speaks the protocol and computes its
answers from what it is asked. It runs as a Pod; the release is told of it by `helm upgrade`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.support.cluster.commands import RELEASE_NAMESPACE, ROOT, Document
from tests.support.cluster.models import ModelPod, told
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import named_run, object_of, run_of
from tests.support.cluster.waiting import stage_is
from tests.support.modelserver.server import KEY, MODEL

ASKING = {"img_gen": "images", "vlm_analyze": "vision", "planner": "chat", "vlm_judge": "vision"}
"""Stages that know an endpoint, and the role that they ask."""
PROMPT = "marmalade boots, 640x640"
SECONDS = 280.0
"""For the whole advertisement, on a busy machine."""
SETTINGS: dict[str, Any] = {"machine": "gpu", "timeoutSeconds": 110, "retries": 1}


@pytest.fixture(scope="module")
def server(space: Space, release: Release) -> Iterator[ModelPod]:
    """The server in a Pod, and the release that uses it for three roles."""
    pod = ModelPod(space)
    pod.install()
    with told(release, ("chat", "vision", "images"), pod.url, **SETTINGS):
        yield pod


@pytest.fixture(scope="module")
def advertisement(space: Space, server: ModelPod, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one advertisement whose language stages may ask."""
    stages = [asking(each, "auto") for each in sample()["spec"]["stages"]]
    sample_spec = {**sample()["spec"], "stages": stages}
    space.apply(object_of("Pipeline", "ad-image", sample_spec))
    space.apply(named_run("ad", "ad-image", params={"prompt": PROMPT}))
    space.wait_for_end("ad", "Completed", SECONDS)
    return space.results("ad", tmp_path_factory.mktemp("ad") / "ad")


def sample() -> Document:
    """The sample Pipeline."""
    text = (ROOT / "manifests" / "samples" / "pipeline-ad-image.yaml").read_text()
    return yaml.safe_load(text)


def asking(stage: Document, method: str, **more: Any) -> Document:
    """A stage with a method; `when_down` goes into its environment too."""
    if stage["name"] not in ASKING:
        return stage
    env = [{"name": "STAGEWORK_METHOD", "value": method}]
    if "when_down" in more:
        env.append({"name": "STAGEWORK_WHEN_DOWN", "value": more.pop("when_down")})
    return {**stage, "env": env, **more}


def result(folder: Path, stage: str) -> Document:
    """What a stage says of itself."""
    return json.loads((folder / stage / "result.json").read_text())


def test_the_language_stages_use_the_endpoint_and_say_so(advertisement: Path) -> None:
    for stage in sample()["spec"]["stages"]:
        name = stage["name"]
        found = json.loads((advertisement / name / f"{name}.json").read_text())
        method = "endpoint" if name in ASKING else "builtin"
        assert (found["method"], result(advertisement, name)["method"]) == (method, method), name
        assert found.get("machine") == ("gpu" if name in ASKING else None)


def test_what_the_server_said_is_in_the_outputs(advertisement: Path, server: ModelPod) -> None:
    looks = json.loads((advertisement / "vlm_analyze" / "vlm_analyze.json").read_text())
    assert looks["described"]["description"] == "The picture A picture of 640x640"
    plan = json.loads((advertisement / "planner" / "planner.json").read_text())
    assert plan["headline"] == "Language English Wanted marmalade boots"
    with Image.open(advertisement / "overlay" / "composed.png") as picture:
        assert picture.size == (640, 640)
    paths = [each["path"] for each in server.seen()["requests"]]
    assert "/v1/images/generations" in paths
    assert {(each["model"], each["key"]) for each in server.seen()["requests"]} == {(MODEL, KEY)}


def test_model_key_and_prompt_are_found_nowhere_else(
    advertisement: Path, space: Space, release: Release
) -> None:
    outputs = "".join(each.read_text() for each in advertisement.rglob("*.json"))
    pods = json.dumps(space.pods_of("ad"))
    status = json.dumps(space.status_of("ad")) + json.dumps(space.events_of("ad"))
    logs = [
        release.commands.must("-n", RELEASE_NAMESPACE, "logs", f"deployment/stagework-{which}").out
        for which in ("api", "operator")
    ]
    logs += [space.log_of("ad", stage) for stage in ASKING]
    for secret in (MODEL, KEY):
        assert secret not in outputs
        assert secret not in pods
        assert secret not in status
        assert not [each for each in logs if secret in each]
    for word in ("marmalade", "You said", "A picture of"):
        assert word not in status
        assert not [each for each in logs if word in each]


def short_run(name: str, when_down: str) -> Document:
    """A picture, and a look at it by the endpoint, tried once."""
    stages = [each for each in sample()["spec"]["stages"] if each["name"] in ("img_gen", "planner")]
    drawn = {key: each for key, each in stages[0].items() if key != "env"}
    sees = next(each for each in sample()["spec"]["stages"] if each["name"] == "vlm_analyze")
    look = asking({**sees, "retries": 0}, "endpoint", when_down=when_down)
    # A pool: three runs side by side want three slots.
    pool = {"runsOn": ["gpu", "macmini"], "fallbackAfterSeconds": 0}
    return run_of(name, {**drawn, **pool}, {**look, **pool}, params={"prompt": PROMPT})


@pytest.fixture(scope="module")
def stopped(advertisement: Path, space: Space, server: ModelPod) -> ModelPod:
    """Three runs are waiting for their replies when the server's Pod is removed by force."""
    assert advertisement.exists()
    server.show({"kind": "slow", "seconds": 100})
    space.apply(*(short_run(f"down-{each}", each) for each in ("fail", "defer", "builtin")))
    server.wait_for_requests(at_once=3)
    server.stop()
    return server


@pytest.mark.usefixtures("stopped")
def test_fail_fails_with_the_reason(space: Space) -> None:
    space.wait_for_end("down-fail", "StageFailed")
    found = space.stage_of("down-fail", "vlm_analyze")
    assert (found["state"], found["reason"]) == ("Failed", "EndpointUnavailable")
    assert "vision endpoint" in found["message"]


@pytest.mark.usefixtures("stopped")
def test_builtin_does_it_instead_and_says_so(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("down-builtin", "Completed")
    folder = space.results("down-builtin", tmp_path / "results")
    found = result(folder, "vlm_analyze")
    assert (found["method"], found["values"]["fallback"]) == ("builtin", "EndpointUnavailable")
    looks = json.loads((folder / "vlm_analyze" / "vlm_analyze.json").read_text())
    assert (looks["method"], looks["described"], looks["machine"]) == ("builtin", None, None)


def test_defer_waits_and_goes_on_by_itself_when_the_server_is_back(
    space: Space, stopped: ModelPod, tmp_path: Path
) -> None:
    waits = stage_is("vlm_analyze", state="Waiting", reason="Deferred")
    run = space.wait_for("down-defer", waits)
    found = space.stage_of("down-defer", "vlm_analyze")
    assert found["message"].startswith("EndpointUnavailable: ")
    assert found.get("failures", 0) == 0
    assert found["deferrals"] == 1
    assert run["status"]["summary"] == "Waiting"
    stopped.start()
    space.wait_for_end("down-defer", "Completed")
    assert result(space.results("down-defer", tmp_path / "r"), "vlm_analyze")["method"] == (
        "endpoint"
    )
