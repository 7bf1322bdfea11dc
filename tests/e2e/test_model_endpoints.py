"""Stages ask a model endpoint through the API service; the server is stopped in mid-run.

The server is the tests' own (`tests/support/modelserver`): it speaks the protocol and computes its
answers from what it is asked. It runs as a Pod where the release expects it.

The story has more steps one after the other than any other: its runs go first.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.cluster.api import Api
from tests.support.cluster.asking import AD_ASKING, ASKING, DOCUMENT_ASKING, asking, only
from tests.support.cluster.commands import RELEASE_NAMESPACE, Commands, Document
from tests.support.cluster.documents import Done, finished, sample, uploaded
from tests.support.cluster.models import NAMESPACE, URL, ModelPod
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import named_run, object_of, run_of
from tests.support.cluster.waiting import stage_is
from tests.support.modelserver import answers
from tests.support.modelserver.server import KEY, MODEL

PROMPT = "marmalade boots, 640x640"
SECONDS = 840.0
"""For the whole advertisement: a machine that computes for others needs this long."""
FIRST = 100
"""Priority of its runs."""
TEXT_STAGES = ("extract", "markdown", "chunk", "embed", "classify", "summarize", "deep_summary")
SPEECH_STAGES = ("stt", "markdown")
ANY_MACHINE: dict[str, Any] = {
    "runsOn": ["gpu", "macmini", "macbook"], "fallbackAfterSeconds": 0, "retries": 0,
}  # fmt: skip
"""A pool of five slots, and one attempt."""


@pytest.fixture(scope="module")
def server(api: Api, commands: Commands, release: Release) -> Iterator[ModelPod]:
    """The server in a Pod, which the release uses for every role."""
    assert URL in release.settings(), "not the tests' release: make e2e installs it"
    pod = ModelPod(Space(NAMESPACE, api, commands))
    pod.install()
    yield pod
    pod.stop()


@pytest.fixture(scope="module")
def applied(space: Space, server: ModelPod) -> None:
    """Side by side: an advertisement, minutes and speech, whose stages may ask."""
    assert server
    pipelines = {"ad-image": None, "minutes": TEXT_STAGES, "speech": SPEECH_STAGES}
    for name, wanted in pipelines.items():
        whole = sample("pipeline-document" if wanted else "pipeline-ad-image")["spec"]
        stages = only(whole["stages"], wanted) if wanted else whole["stages"]
        stages = [asking(stage, "auto") for stage in stages]
        space.apply(object_of("Pipeline", name, {**whole, "stages": stages}))
    jobs = [uploaded(space, f"document-{name}") for name in ("minutes", "speech")]
    for job in jobs:
        job["spec"]["pipelineRef"]["name"] = job["metadata"]["name"].removeprefix("document-")
        job["spec"]["priority"] = FIRST
    advertisement = named_run("ad", "ad-image", params={"prompt": PROMPT}, priority=FIRST)
    space.apply(advertisement, *jobs)


@pytest.fixture(scope="module")
def advertisement(space: Space, applied: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the advertisement."""
    return finished(space, "ad", tmp_path_factory.mktemp("ad"), SECONDS).folder


@pytest.fixture(scope="module")
def minutes(space: Space, applied: None, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The minutes, embedded, labelled and summarized."""
    return finished(space, "document-minutes", tmp_path_factory.mktemp("minutes"), SECONDS)


@pytest.fixture(scope="module")
def speech(space: Space, applied: None, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The speech, written down."""
    return finished(space, "document-speech", tmp_path_factory.mktemp("speech"), SECONDS)


def result(folder: Path, stage: str) -> Document:
    """What a stage says of itself."""
    return json.loads((folder / stage / "result.json").read_text())


def test_the_language_stages_use_the_endpoint_and_say_so(advertisement: Path) -> None:
    for stage in sample("pipeline-ad-image")["spec"]["stages"]:
        says_who_did_it(advertisement, stage["name"])


def says_who_did_it(folder: Path, stage: str) -> None:
    """An asking stage names endpoint and machine class, the others their built-in method."""
    output = json.loads((folder / stage / f"{stage}.json").read_text())
    method, machine = ("endpoint", "gpu") if stage in ASKING else ("builtin", None)
    about = result(folder, stage)
    assert (output["method"], about["method"]) == (method, method), stage
    assert (output.get("machine"), about["values"].get("model_machine")) == (machine, machine), (
        stage
    )


def test_the_document_stages_use_the_endpoint_and_say_so(minutes: Done, speech: Done) -> None:
    for stage in TEXT_STAGES:
        says_who_did_it(minutes.folder, stage)
    for stage in SPEECH_STAGES:
        says_who_did_it(speech.folder, stage)


def test_documents_are_described_by_what_the_server_said(minutes: Done, speech: Done) -> None:
    chunks = [chunk["text"] for chunk in minutes.output("chunk")["chunks"]]
    rows = np.load(minutes.folder / "embed" / minutes.output("embed")["file"])
    assert np.allclose(rows, [answers.vector(text) for text in chunks], atol=1e-5)
    assert minutes.output("classify")["scores"] == []
    summary = minutes.output("summarize")
    assert "The committee met on 14 May" in summary["summary"]
    assert summary["sentences"] == []
    sections = minutes.output("deep_summary")["sections"]
    assert [section["heading"] for section in sections] == [
        "Present", "Opening hours", "The roof of the drying shed", "Action items",
    ]  # fmt: skip
    assert all(section["summary"].startswith(section["heading"]) for section in sections)
    heard = speech.output("stt")
    assert heard["text"].split().count("sound") >= 6
    assert len(heard["segments"]) == len(heard["text"].split())
    assert speech.output("markdown")["origin"] == "stt"
    assert heard["text"] in speech.text


def test_what_the_server_said_is_in_the_outputs(advertisement: Path, server: ModelPod) -> None:
    looks = json.loads((advertisement / "vlm_analyze" / "vlm_analyze.json").read_text())
    assert looks["described"]["description"] == "The picture A picture of 640x640"
    plan = json.loads((advertisement / "planner" / "planner.json").read_text())
    assert plan["headline"] == "Language English Wanted marmalade boots"
    with Image.open(advertisement / "overlay" / "composed.png") as picture:
        assert picture.size == (640, 640)


@pytest.mark.usefixtures("advertisement", "minutes", "speech")
def test_every_kind_of_request_came_with_the_settings_model_and_key(server: ModelPod) -> None:
    seen = server.seen()["requests"]
    assert {request["path"].removeprefix("/v1/") for request in seen} == {
        "chat/completions", "images/generations", "embeddings", "audio/transcriptions",
    }  # fmt: skip
    assert {(request["model"], request["key"]) for request in seen} == {(MODEL, KEY)}


def test_model_key_and_prompt_are_found_nowhere_else(
    advertisement: Path, minutes: Done, speech: Done, space: Space, release: Release
) -> None:
    folders = (advertisement, minutes.folder, speech.folder)
    outputs = "".join(path.read_text() for folder in folders for path in folder.rglob("*.json*"))
    runs = {"ad": AD_ASKING, minutes.name: DOCUMENT_ASKING.keys() - {"stt"}, speech.name: ("stt",)}
    pods = json.dumps([space.pods_of(name) for name in runs])
    told_of = [(space.status_of(name), space.events_of(name)) for name in runs]
    status = json.dumps(told_of, ensure_ascii=False)
    logs = [
        release.commands.must("-n", RELEASE_NAMESPACE, "logs", f"deployment/stagework-{which}").out
        for which in ("api", "operator")
    ]
    logs += [space.log_of(name, stage) for name, stages in runs.items() for stage in stages]
    for secret in (MODEL, KEY):
        assert secret not in outputs
        assert secret not in pods
        assert secret not in status
        assert not [log for log in logs if secret in log]
    for word in (
        "marmalade",
        "You said",
        "A picture of",
        "Trevanion",
        "drying shed",
        "sound sound",
    ):
        assert word not in status
        assert not [log for log in logs if word in log]


def short_run(name: str, when_down: str) -> Document:
    """A picture, and a look at it by the endpoint, tried once."""
    stages = {stage["name"]: stage for stage in sample("pipeline-ad-image")["spec"]["stages"]}
    look = asking(stages["vlm_analyze"], "endpoint", when_down=when_down)
    drawn = [{**stage, **ANY_MACHINE} for stage in (stages["img_gen"], look)]
    return run_of(name, *drawn, params={"prompt": PROMPT}, priority=FIRST)


DOWN = {"embed": "defer", "classify": "fail", "summarize": "builtin"}
"""What three stages of one document do when the endpoint is down."""


def short_document(minutes: Done) -> Document:
    """The minutes cut into chunks, and three stages that ask about them side by side."""
    wanted = ("extract", "markdown", "chunk", *DOWN)
    stages = only(sample("pipeline-document")["spec"]["stages"], wanted)
    asked = [
        asking({**stage, "dependsOn": ["chunk"]}, "endpoint", when_down=DOWN[stage["name"]])
        if stage["name"] in DOWN
        else stage
        for stage in stages
    ]
    pooled = [{**stage, **ANY_MACHINE} for stage in asked]
    input_ = minutes.run["spec"]["input"]
    return run_of("down-document", *pooled, input=input_, priority=FIRST)


@pytest.fixture(scope="module")
def stopped(advertisement: Path, minutes: Done, space: Space, server: ModelPod) -> ModelPod:
    """Some of six stages wait for their replies when the server's Pod is removed by force.

    The others find nobody there: there are five slots, and other stories have some of them.
    """
    assert advertisement.exists()
    server.show({"kind": "slow", "seconds": 100})
    space.apply(short_document(minutes))
    space.apply(
        *(short_run(f"down-{when_down}", when_down) for when_down in ("fail", "defer", "builtin"))
    )
    server.wait_for_requests(at_once=3)
    server.stop()
    return server


@pytest.mark.usefixtures("stopped")
def test_fail_fails_with_the_reason(space: Space) -> None:
    space.wait_for_end("down-fail", "StageFailed")
    status = space.stage_of("down-fail", "vlm_analyze")
    assert (status["state"], status["reason"]) == ("Failed", "EndpointUnavailable")
    assert "vision endpoint" in status["message"]
    space.wait_for("down-document", stage_is("classify", state="Failed"))
    status = space.stage_of("down-document", "classify")
    assert (status["reason"], status["attempt"]) == ("EndpointUnavailable", 1)
    assert "chat endpoint" in status["message"]


@pytest.mark.usefixtures("stopped")
def test_builtin_does_it_instead_and_says_so(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("down-builtin", "Completed")
    folder = space.results("down-builtin", tmp_path / "results")
    analyzed = result(folder, "vlm_analyze")
    assert (analyzed["method"], analyzed["values"]["fallback"]) == (
        "builtin",
        "EndpointUnavailable",
    )
    looks = json.loads((folder / "vlm_analyze" / "vlm_analyze.json").read_text())
    assert (looks["method"], looks["described"], looks["machine"]) == ("builtin", None, None)
    space.wait_for("down-document", stage_is("summarize", state="Succeeded"))


def test_defer_waits_and_goes_on_by_itself_when_the_server_is_back(
    space: Space, stopped: ModelPod, tmp_path: Path
) -> None:
    deferred = {"down-defer": "vlm_analyze", "down-document": "embed"}
    roles = {"vlm_analyze": "vision", "embed": "embeddings"}
    for name, stage in deferred.items():
        run = space.wait_for(name, stage_is(stage, state="Deferred", reason="EndpointUnavailable"))
        status = space.stage_of(name, stage)
        said = rf"the {roles[stage]} endpoint gave no answer in \d+ tries: .+"
        assert re.fullmatch(said, status["message"]), status["message"]
        assert status.get("failures", 0) == 0
        assert status["deferrals"] == 1
        # The tests above have seen the end of every other stage.
        assert run["status"]["summary"] == "Deferred"
    stopped.start()
    space.wait_for_end("down-defer", "Completed")
    # One of its stages had failed for good; the deferred one is done all the same.
    space.wait_for_end("down-document", "StageFailed")
    for name, stage in deferred.items():
        assert result(space.results(name, tmp_path / name), stage)["method"] == "endpoint"
    document = tmp_path / "down-document"
    about = result(document, "summarize")
    assert (about["method"], about["values"]["fallback"]) == ("builtin", "EndpointUnavailable")
    made = json.loads((document / "summarize" / "summarize.json").read_text())
    assert (made["method"], made["machine"], len(made["sentences"])) == ("builtin", None, 5)
    assert not (document / "classify").exists()
