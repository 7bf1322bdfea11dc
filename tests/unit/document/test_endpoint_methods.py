"""The stages that can ask a model endpoint, with the tests' own server behind the real gateway."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from docpipe import prompts
from docpipe.outputs import Chunk, Classify, DeepSummary, Embed, Markdown, Stt, Summarize
from docpipe.stages import embed

from tests.support.modelserver import answers
from tests.support.modelserver.server import MODEL, ModelServer
from tests.unit.document.chain import Chain
from tests.unit.document.conftest import SAMPLES
from tests.unit.model_gateway.assertions import assert_method_is_stated
from tests.unit.model_gateway.gateway import Gateway

pytestmark = pytest.mark.usefixtures("folder_gateway")
ASKING = ("embed", "classify", "summarize", "deep_summary")
"""The stages that ask an endpoint about a document without sound."""
REPORT = SAMPLES / "document-report.pdf"
SPEECH = SAMPLES / "document-speech.opus"


@pytest.fixture
def no_endpoint(folder_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name no endpoint after all."""

    def none(_link: object, _role: str) -> None:
        return None

    monkeypatch.setattr("stagekit.folder_link.FolderLink.endpoint", none)


def after(done: Chain, tmp_path: Path, method: str, **params: str) -> Chain:
    """A run of which the built-in methods have done what the asking stages need."""
    chain = Chain(tmp_path / "run", done.source, params, method=method)
    for stage in ("extract", "markdown", "chunk"):
        shutil.copytree(done.file(stage, "result.json").parent, chain.file(stage, ""))
        chain.done[stage] = done.done[stage]
    return chain


def test_the_stages_use_the_endpoint_and_say_so_without_its_models_name(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", REPORT, method="auto").run_all()
    for stage in (name for name, end in chain.outcomes.items() if end == "Succeeded"):
        assert_method_is_stated(chain, stage, asked=stage in ASKING)
    assert set(ASKING) < set(chain.done)


def test_summaries_are_the_endpoints_words_and_no_reply_is_among_the_values(
    report: Chain, tmp_path: Path
) -> None:
    chain = after(report, tmp_path, "endpoint").run_all("summarize", "deep_summary")
    made = chain.read("summarize", Summarize)
    assert made.summary.startswith("The tide mill at Carrow Creek was built in 1784")
    assert (made.sentences, made.compared_by) == ([], None)
    assert "summary" not in chain.values("summarize")
    deep = chain.read("deep_summary", DeepSummary)
    assert deep.overview == made.summary
    assert [section.heading for section in deep.sections] == [
        section.heading for section in report.read("deep_summary", DeepSummary).sections
    ]
    assert all(section.summary.startswith(section.heading) for section in deep.sections)
    assert all(item["state"] == "Succeeded" for item in chain.items("deep_summary"))


def test_the_label_is_always_a_known_one(report: Chain, tmp_path: Path) -> None:
    chain = after(report, tmp_path, "endpoint", labels="football, water mills, tax law")
    made = chain.run_all("classify").read("classify", Classify)
    assert made.label in {"football", "water mills", "tax law"}
    assert (made.margin, made.scores, made.machine) == (None, [], "gpu")


def test_a_label_that_nobody_offered_is_an_invalid_reply(
    report: Chain, tmp_path: Path, server: ModelServer
) -> None:
    chain = after(report, tmp_path, "endpoint")
    server.show("wrong schema")
    assert chain.run("classify") == 1
    assert chain.reason("classify") == "ReplyInvalid"


def test_the_endpoints_vectors_stand_by_their_chunks_with_length_one(
    report: Chain, tmp_path: Path
) -> None:
    chain = after(report, tmp_path, "endpoint").run_all("embed")
    about = chain.read("embed", Embed)
    assert about.ids == [piece.id for piece in chain.read("chunk", Chunk).chunks]
    assert (about.method, about.dimensions) == ("endpoint", answers.DIMENSIONS)
    rows = np.load(chain.file("embed", about.file))
    assert rows.dtype == np.float32
    assert rows.shape == (len(about.ids), answers.DIMENSIONS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_later_stages_do_not_compare_the_endpoints_vectors_with_the_encoders(
    report: Chain, tmp_path: Path
) -> None:
    chain = after(report, tmp_path, "endpoint").run_all("embed")
    chain.method = "builtin"
    chain.run_all("classify", "summarize")
    assert chain.read("classify", Classify).label == report.read("classify", Classify).label
    assert len(chain.read("summarize", Summarize).sentences) == 5


def test_vectors_of_two_models_never_stand_in_one_file(
    report: Chain, tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWORK_WHEN_DOWN", "builtin")
    monkeypatch.setattr(embed, "BATCH", 4)
    kept = embed.by_endpoint

    def once(*given: object) -> object:
        made = kept(*given)  # pyright: ignore[reportArgumentType]
        server.show("server error")
        return made

    monkeypatch.setattr(embed, "by_endpoint", once)
    chain = after(report, tmp_path, "endpoint").run_all("embed")
    about = chain.read("embed", Embed)
    assert (about.method, about.machine, about.dimensions) == ("builtin", None, 384)
    assert chain.result("embed")["method"] == "builtin"
    assert chain.values("embed")["fallback"] == "EndpointUnavailable"
    assert "model_machine" not in chain.values("embed")
    both = [np.load(run.file("embed", "vectors.npy")) for run in (chain, report)]
    assert np.allclose(*both, atol=1e-5)


FALLBACK = dict.fromkeys(ASKING, (0, "Succeeded", "")) | {"stt": (0, "Skipped", "NoEndpoint")}
"""What a stage does when its endpoint is down and it may do without."""


@pytest.mark.parametrize(
    "told", [(when_down, stage) for when_down in ("fail", "defer", "builtin") for stage in FALLBACK]
)
def test_an_endpoint_that_stays_down_is_met_as_the_pipeline_says(
    report: Chain,
    tmp_path: Path,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[str, str],
) -> None:
    when_down, stage = told
    monkeypatch.setenv("STAGEWORK_WHEN_DOWN", when_down)
    speech = Chain(tmp_path / "speech", SPEECH, method="endpoint")
    chain = speech if stage == "stt" else after(report, tmp_path, "endpoint")
    server.show("server error")
    down = {"fail": (1, "Failed"), "defer": (3, "Deferred")}
    wanted = (*down[when_down], "EndpointUnavailable") if when_down in down else FALLBACK[stage]
    assert (chain.run(stage), chain.outcomes[stage], chain.reason(stage)) == wanted
    if when_down == "builtin":
        assert chain.values(stage)["fallback"] == "EndpointUnavailable"
    if wanted[1] == "Succeeded":
        made = chain.published(stage)
        assert (made["method"], made.get("machine")) == ("builtin", None)


def test_a_deep_summary_without_its_endpoint_is_that_of_the_built_in_method(
    report: Chain, tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWORK_WHEN_DOWN", "builtin")
    server.show("server error")
    made = after(report, tmp_path, "endpoint").run_all("deep_summary")
    deep = made.read("deep_summary", DeepSummary)
    assert deep.compared_by == "embeddings"
    assert deep.sections == report.read("deep_summary", DeepSummary).sections


def test_speech_is_written_down_and_its_text_goes_on_as_a_document(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", SPEECH, {"lang": "eng"}, method="auto")
    chain.run_all("extract", "stt", "markdown", "chunk", "embed")
    heard = chain.read("stt", Stt)
    assert (heard.method, heard.machine) == ("endpoint", "gpu")
    assert set(heard.text.split()) <= {"sound", "silence"}
    assert heard.segments[0].start == 0
    assert heard.segments[-1].end == pytest.approx(heard.seconds, abs=0.01)
    assert MODEL not in chain.file("stt", "stt.json").read_text()
    about = chain.read("markdown", Markdown)
    assert about.origin == "stt"
    assert heard.text in chain.file("markdown", about.file).read_text()
    assert chain.outcomes["embed"] == "Succeeded"


@pytest.mark.usefixtures("no_endpoint")
def test_speech_without_an_endpoint_is_skipped_with_the_reason(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", SPEECH, method="auto")
    assert chain.run("stt") == 0
    assert (chain.outcomes["stt"], chain.reason("stt")) == ("Skipped", "NoEndpoint")


@pytest.mark.usefixtures("no_endpoint")
@pytest.mark.parametrize("stage", ASKING)
def test_without_an_endpoint_auto_is_builtin_and_endpoint_is_refused(
    stage: str, report: Chain, tmp_path: Path
) -> None:
    chain = after(report, tmp_path, "endpoint")
    assert chain.run(stage) == 2
    assert chain.reason(stage) == "EndpointNotSet"
    chain.method = "auto"
    chain.run_all(stage)
    assert chain.result(stage)["method"] == "builtin"


def test_a_document_without_sound_never_asks_for_a_transcript(
    tmp_path: Path, server: ModelServer
) -> None:
    chain = Chain(tmp_path / "run", REPORT, method="endpoint")
    assert chain.run("stt") == 0
    assert chain.reason("stt") == "NoSound"
    assert server.requests == []


def test_a_stage_that_knows_no_endpoint_refuses_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", REPORT, method="endpoint")
    assert chain.run("extract") == 2
    assert chain.reason("extract") == "UnknownMethod"


def test_a_long_document_is_shown_from_beginning_to_end() -> None:
    parts = [f"Sentence {n} of a very long document, which goes on." for n in range(5000)]
    shown = prompts.shortened(parts)
    assert len(shown) <= prompts.MOST_LETTERS
    assert shown.startswith("Sentence 0 ")
    assert "Sentence 49" in shown.splitlines()[-1]
    assert prompts.shortened(parts[:3]) == "\n".join(parts[:3])
