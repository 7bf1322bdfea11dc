"""Method `onnx` of `embed`: the vectors of the pipeline's own network, or a clear reason."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_onnx
import numpy as np
import onnx
import pytest
from docpipe.encoding import embeddings, encoder
from docpipe.encoding.onnx_encoder import OnnxEncoder
from docpipe.outputs import Chunk, Embed
from modelcalls import methods
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

import stagekit
from tests.support import onnxfolders
from tests.unit.document.chain import Chain
from tests.unit.document.test_encoder import TEXTS


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in encoder, exported as anybody's model would be."""
    folder = tmp_path_factory.mktemp("models") / "encoder"
    export_onnx.export(folder)
    return folder


def after(done: Chain, tmp_path: Path, model: str) -> Chain:
    """A run of which the built-in methods have done what `embed` needs."""
    chain = Chain(tmp_path / "run", done.source).run_all("extract", "markdown", "chunk")
    chain.method, chain.model = "onnx", model
    return chain


def test_the_exported_encoder_gives_the_originals_vectors_to_a_ten_thousandth(
    minilm: Path,
) -> None:
    ours = OnnxEncoder(minilm).encode([kept["text"] for kept in TEXTS])
    theirs = np.array([kept["vector"] for kept in TEXTS], dtype=np.float32)
    assert float(np.abs(ours - theirs).max()) < 1e-4


def test_longer_texts_are_read_in_windows_as_by_the_built_in_encoder(minilm: Path) -> None:
    texts = ["The miller opens the sluice at low water. " * 60, "", "조력 방앗간"]
    own, built_in = OnnxEncoder(minilm).encode(texts), encoder.builtin().encode(texts)
    assert float(np.abs(own - built_in).max()) < 1e-4


def test_the_stage_leaves_vectors_that_say_how_they_were_made(
    report: Chain, tmp_path: Path, minilm: Path
) -> None:
    chain = after(report, tmp_path, str(minilm)).run_all("embed")
    chain.published("embed")
    about = chain.read("embed", Embed)
    assert (about.method, about.dimensions) == ("onnx", 384)
    assert about.ids == [piece.id for piece in chain.read("chunk", Chunk).chunks]
    rows = np.load(chain.file("embed", about.file))
    assert rows.dtype == np.float32
    kept = np.load(report.file("embed", "vectors.npy"))
    assert float(np.abs(rows - kept).max()) < 1e-4
    assert chain.values("embed")["method"] == "onnx"
    assert chain.result("embed")["method"] == "onnx"
    text = chain.file("embed", "embed.json").read_text()
    assert "encoder" not in text, "neither the folder's name nor the graph's"


def test_vectors_of_two_models_are_of_two_spaces(tmp_path: Path) -> None:
    one = OnnxEncoder(onnxfolders.counter(tmp_path / "a")).space
    assert OnnxEncoder(onnxfolders.counter(tmp_path / "b")).space == one, "the place is no matter"
    assert OnnxEncoder(onnxfolders.counter(tmp_path / "c", prefix="sea ")).space != one
    (tmp_path / "b" / "vocab.txt").write_text("\n".join([*onnxfolders.WORDS, "more"]))
    assert OnnxEncoder(tmp_path / "b").space != one


def test_vectors_of_a_network_are_never_compared_with_the_encoders(
    report: Chain, tmp_path: Path
) -> None:
    chain = after(report, tmp_path, str(onnxfolders.counter(tmp_path / "models")))
    chain.run_all("embed")
    about = chain.read("embed", Embed)
    assert about.space.startswith("onnx-")
    assert report.read("embed", Embed).space == "builtin"
    chain.method = ""
    chain.run_all("classify", "summarize", "deep_summary")
    for stage in ("classify", "summarize", "deep_summary"):
        ours, kept = (run.file(stage, f"{stage}.json").read_text() for run in (chain, report))
        scores = json.loads(ours).get("scores")
        assert scores == json.loads(kept).get("scores"), stage
    with pytest.raises(embeddings.NotComparable):
        embeddings.encode(["How much did it cost?"], methods.ONNX)


@pytest.mark.parametrize("stage", ["classify", "summarize", "deep_summary"])
def test_a_stage_that_knows_no_network_says_so(report: Chain, tmp_path: Path, stage: str) -> None:
    chain = after(report, tmp_path, str(onnxfolders.counter(tmp_path / "models")))
    assert chain.run(stage) == 2
    assert chain.reason(stage) == "UnknownMethod"


def test_the_model_may_be_an_uploaded_archive(report: Chain, tmp_path: Path) -> None:
    folder = onnxfolders.counter(tmp_path / "models")
    uploaded = tmp_path / "run/store/team/uploads/abc/counter.zip"
    uploaded.parent.mkdir(parents=True)
    with zipfile.ZipFile(uploaded, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    chain = after(report, tmp_path, "artifact://team/uploads/abc/counter.zip").run_all("embed")
    assert chain.read("embed", Embed).dimensions == len(onnxfolders.WORDS)


def counted(folder: Path, text: str) -> dict[str, int]:
    """How often the counting encoder saw each word (its vector, made whole numbers again)."""
    row = OnnxEncoder(folder).encode([text])[0]
    least = row[row > 1e-6].min()
    counts = np.rint(row / least).astype(int)
    return {word: int(n) for word, n in zip(onnxfolders.WORDS, counts, strict=True) if n}


@pytest.mark.parametrize(("rows", "tokens"), [("texts", "tokens"), (1, "tokens"), (2, 16), (5, 9)])
def test_networks_of_a_fixed_size_are_fed_what_they_take(
    tmp_path: Path, rows: int | str, tokens: int | str
) -> None:
    fixed = OnnxEncoder(onnxfolders.counter(tmp_path / "a", rows, tokens))
    free = OnnxEncoder(onnxfolders.counter(tmp_path / "b"))
    texts = ["mill water", "sea", "the sea gate", "", "mill mill gate"]
    assert np.allclose(fixed.encode(texts), free.encode(texts), atol=1e-5)


def test_a_prefix_stands_before_each_text(tmp_path: Path) -> None:
    folder = onnxfolders.counter(tmp_path / "models", prefix="gate ")
    assert counted(folder, "sea") == {"[CLS]": 1, "[SEP]": 1, "gate": 1, "sea": 1}


def described(folder: Path) -> Path:
    """The same words in a tokenizer.json, whose marks stand the other way round."""
    numbers = {word: n for n, word in enumerate(onnxfolders.WORDS)}
    made = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = [("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"])]
    made.post_processor = processors.TemplateProcessing(
        single="[SEP] [SEP] $A [CLS]", special_tokens=marks
    )
    made.enable_truncation(4)  # pyright: ignore[reportUnknownMemberType]
    made.enable_padding(length=12, pad_id=4)  # pyright: ignore[reportUnknownMemberType]
    made.save(str(folder / "tokenizer.json"))
    return folder


def test_a_tokenizer_json_wins_and_its_own_marks_are_used(tmp_path: Path) -> None:
    folder = described(onnxfolders.counter(tmp_path / "models"))
    assert counted(folder, "Sea SEA gate mill water sea") == {
        "[SEP]": 2, "[CLS]": 1, "sea": 3, "gate": 1, "mill": 1, "water": 1,
    }  # fmt: skip


Change = Callable[[Path], object]


def without(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def holding(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content)


def saying(**about: Any) -> Change:
    return lambda folder: onnxfolders.counter(folder, **about)


def graph(operation: str, given: str, *sides: str, **how: Any) -> Change:
    """Another network over the same words."""

    def change(folder: Path) -> None:
        kind = onnx.TensorProto.INT64
        slot = onnx.helper.make_tensor_value_info(given, kind, ["texts", "tokens"])
        nodes = [
            onnx.helper.make_node("Cast", [given], ["numbers"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node(operation, ["numbers"], ["out"], **how),
        ]
        made = onnxfolders.model(nodes, [slot], [onnxfolders.floats("out", *sides)], {})
        onnxfolders.write(folder, made)

    return change


BAD: dict[str, tuple[Change, str, str]] = {
    "no network": (without("model.onnx"), "ModelNotFound", "no model.onnx"),
    "no model.json": (without("model.json"), "ModelNotFound", "no model.json"),
    "no vocabulary": (without("vocab.txt"), "ModelNotFound", "no vocab.txt"),
    "another's vocabulary": (holding("vocab.txt", b"a\nb"), "ModelBroken", "[UNK]"),
    "a broken tokenizer.json": (holding("tokenizer.json", b"\xff"), "ModelBroken", "save it again"),
    "a tokenizer.json of nothing": (holding("tokenizer.json", b"{}"), "ModelBroken", "save it"),
    "a broken network": (holding("model.onnx", b"no network"), "ModelBroken", "export it again"),
    "a detector": (
        holding("model.json", b'{"task": "detection", "width": 64, "height": 64}'),
        "ModelBroken",
        "this stage wants embedding",
    ),
    "too short for its marks": (saying(tokens=2), "ModelBroken", "too few"),
    "a vocabulary larger than the network's": (
        holding("vocab.txt", "\n".join([*"abcdefghijk", *onnxfolders.WORDS]).encode()),
        "ModelBroken",
        "cannot be computed",
    ),
    "an input that nobody knows": (graph("Abs", "pixels"), "ModelBroken", "none of a text encoder"),
    "an output without rows": (
        graph("ReduceMean", "input_ids", keepdims=0),
        "ModelBroken",
        "no vector a text",
    ),
    "a vector of nothing": (
        graph("HardSigmoid", "input_ids", "texts", "tokens", alpha=0.0, beta=0.0),
        "ModelBroken",
        "without direction",
    ),
    "numbers that are none": (
        graph("Atanh", "input_ids", "texts", "tokens"),
        "ModelBroken",
        "finite numbers",
    ),
}


@pytest.mark.parametrize(("change", "reason", "words"), BAD.values(), ids=list(BAD))
def test_what_does_not_fit_is_refused_with_what_to_change(
    tmp_path: Path, change: Change, reason: str, words: str
) -> None:
    folder = onnxfolders.counter(tmp_path / "models")
    change(folder)
    with pytest.raises(stagekit.Refused) as caught:
        OnnxEncoder(folder)
    assert caught.value.reason == reason
    assert words in caught.value.message
    assert len(caught.value.message) <= 128, "a mark would cut it"
    assert "secret-model-name" not in caught.value.message


def test_a_broken_model_ends_the_stage_and_not_only_each_batch(
    report: Chain, tmp_path: Path
) -> None:
    folder = onnxfolders.counter(tmp_path / "models")
    (folder / "model.onnx").write_bytes(b"")
    chain = after(report, tmp_path, str(folder))
    assert chain.run("embed") == 2
    assert (chain.outcomes["embed"], chain.reason("embed")) == ("Refused", "ModelBroken")
    chain.model = ""
    assert chain.run("embed") == 2
    assert chain.reason("embed") == "ModelNotSet"
