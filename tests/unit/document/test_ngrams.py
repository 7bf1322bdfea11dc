"""Texts that the encoder cannot read are known by its tokens, and compared by parts of words."""

# ruff: noqa: RUF001  (letters of other scripts are meant)

from __future__ import annotations

import numpy as np
import pytest
import sample_texts as texts
from docpipe import outputs
from docpipe.encoding import coverage, embeddings, ngrams
from docpipe.outputs import Classify, Embed
from modelcalls import methods

from tests.unit.document.chain import Chain

KOREAN = " ".join(paragraph for section in texts.KOREAN for paragraph in section.paragraphs)
ENGLISH = " ".join(paragraph for section in texts.REPORT for paragraph in section.paragraphs)


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (ENGLISH, methods.BUILTIN),
        ("Die Mühle steht auf einem Damm, und das Becken füllt sich am Abend.", methods.BUILTIN),
        ("12.50 30", methods.BUILTIN),
        ("", methods.BUILTIN),
        (KOREAN, embeddings.NGRAMS),
        ("Мельница стоит на плотине у входа в залив.", embeddings.NGRAMS),
        ("磨坊坐落在海湾入口的堤坝上。", embeddings.NGRAMS),
    ],
    ids=["English", "German", "numbers", "nothing", "Korean", "Russian", "Chinese"],
)
def test_the_encoder_compares_only_what_its_vocabulary_knows(text: str, method: str) -> None:
    assert embeddings.method_for(text) == method


def test_a_page_of_two_languages_is_judged_by_its_share() -> None:
    assert coverage.share(ENGLISH) > 0.9
    assert coverage.share(KOREAN) < 0.1
    assert 0.2 < coverage.share(ENGLISH[:400] + KOREAN[:400]) < 0.8


def test_rows_have_length_one_and_do_not_depend_on_their_neighbours() -> None:
    rows = ngrams.encode(["물길을 열면 물이 빠진다", "", "새가 늘었다"])
    assert rows.shape == (3, ngrams.DIMENSIONS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(rows[2], ngrams.encode(["새가 늘었다"])[0])


def test_forms_of_one_word_are_near_and_other_words_far() -> None:
    gate, gates, bird = ngrams.encode(["수문이 닫힌다", "수문을 닫았다", "철새는 마흔한 종이다"])
    assert gate @ gates > 0.4
    assert abs(gate @ bird) < 0.1


def test_a_korean_document_says_that_it_was_compared_by_parts(korean: Chain) -> None:
    about = korean.read("embed", Embed)
    assert (about.method, about.dimensions) == (embeddings.NGRAMS, ngrams.DIMENSIONS)
    assert korean.values("embed")["method"] == embeddings.NGRAMS
    assert "knows little Hangul" in korean.read("classify", Classify).note


@pytest.mark.parametrize(("question", "answer"), texts.KOREAN_QUESTIONS)
def test_a_korean_question_finds_its_chunk(question: str, answer: str, korean: Chain) -> None:
    about = korean.read("embed", Embed)
    rows = np.load(korean.file("embed", about.file))
    best = about.ids[int(np.argmax(rows @ embeddings.encode([question], about.method)[0]))]
    chunks = {chunk.id: chunk.text for chunk in korean.read("chunk", outputs.Chunk).chunks}
    assert answer in " ".join(chunks[best].split())


@pytest.mark.parametrize("method", [methods.ENDPOINT, methods.ONNX, "builtin-v9"])
def test_a_question_is_never_compared_with_vectors_of_another_method(method: str) -> None:
    with pytest.raises(embeddings.NotComparable):
        embeddings.encode(["수문"], method)
