"""`classify`: examples, markers, and a lead; without one the document is unknown."""

from __future__ import annotations

import pytest
from docpipe.stages import classify
from docpipe.text import labels, markers

from tests.bench import heldout

TUNING = [about for about in heldout.texts("kinds")["document"] if about["part"] == "tuning"]
KOREAN = [about for about in TUNING if about["language"] == "korean"]


@pytest.mark.parametrize("about", KOREAN, ids=lambda about: about["kind"])
def test_a_korean_document_gets_its_label(about: dict[str, str]) -> None:
    made = classify.judged([about["text"]], labels.LABELS)
    assert made.label == about["kind"]
    assert "compared by letters" in made.note


@pytest.mark.parametrize("kind", ["letter", "form", "data"])
def test_an_english_document_gets_its_label_and_a_lead(kind: str) -> None:
    about = next(a for a in TUNING if (a["language"], a["kind"]) == ("english", kind))
    made = classify.judged([about["text"]], labels.LABELS)
    assert (made.label, made.sure, made.note) == (kind, True, "")
    assert made.margin == pytest.approx(made.scores[0].score - made.scores[1].score, abs=1e-3)


def test_what_is_of_no_kind_is_unknown_and_shows_the_nearest_all_the_same() -> None:
    made = classify.judged(["달빛이 강물에 내려앉으면\n갈대는 고개를 숙이고"], labels.LABELS)
    assert (made.label, made.sure) == (labels.UNKNOWN, False)
    assert len(made.scores) == len(labels.LABELS)
    assert made.margin is not None
    assert made.margin < classify.UNKNOWN_BELOW


def test_markers_count_once_each_and_only_so_many() -> None:
    assert markers.shares("Dear Ann,\nDear Bob,")["letter"] == pytest.approx(1 / markers.ENOUGH)
    full = "Dear Ann,\nI am writing to you. With love,\nyours sincerely, kind regards. Let me know."
    assert markers.shares(full)["letter"] == 1.0


def test_rows_of_numbers_are_data_and_a_sentence_with_commas_is_not() -> None:
    assert markers.shares("11,5,2\n1,2,3\n4,5,6")["data"] == 1.0
    assert markers.shares("Ada, Jonas, Lena and 3 more came.")["data"] == 0.0


def test_labels_that_are_given_have_no_markers_of_ours() -> None:
    given = {"letter": ("letter", "This is about letter."), "tax law": ("tax law",)}
    made = classify.judged(["Dear Ann, yours sincerely, kind regards. I am writing."], given)
    assert all(score.score < 1 for score in made.scores)
    assert {score.label for score in made.scores} == set(given)


@pytest.mark.parametrize("language", ["english", "korean"])
def test_each_held_out_question_is_answered_by_one_passage(language: str) -> None:
    held = heldout.texts(language)
    for question in held["question"]:
        answers = [p for p in held["passage"] if question["answer"] in p["text"]]
        assert len(answers) == 1, question["ask"]


def test_tuning_and_check_share_no_document_and_cover_every_label() -> None:
    for part in ("tuning", "check"):
        for language in ("english", "korean"):
            some = [
                document["kind"]
                for document in heldout.texts("kinds")["document"]
                if (document["part"], document["language"]) == (part, language)
            ]
            assert set(some) == {*labels.LABELS, labels.UNKNOWN}
    written = [document["text"] for document in heldout.texts("kinds")["document"]]
    assert len(written) == len(set(written))


def test_error_rates_count_edits_and_take_any_white_space_as_one() -> None:
    assert heldout.error_rate("ab  cd", "ab\ncd") == 0
    assert heldout.error_rate("abcd", "abxd") == 0.25
    assert heldout.error_rate("abcd", "") == 1
