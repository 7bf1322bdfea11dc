from stagework.api.intervention import InterventionStatus, RefusedStage
from stagework.cli.outputs import Fetched, StageResult, pictures
from stagework.cli.text.answers import answered, previewed
from stagework.cli.text.values import shown, values_table
from stagework.plans.pipelinejob.interventions import Preview


def test_an_answer_counts_and_gives_a_reason_for_each_refusal() -> None:
    status = InterventionStatus(
        requested=2, affected=1, refused=[RefusedStage(stage="b", reason="StillActive")]
    )
    assert answered(status) == [
        "requested 2, affected 1, refused 1",
        "  refused b: StillActive (it has not ended yet)",
    ]


def test_where_nothing_could_be_decided_the_operators_sentence_follows() -> None:
    refused = [RefusedStage(stage="", reason="NotUnderstood")]
    status = InterventionStatus(refused=refused, message="spec.x: no such field; upgrade")
    assert answered(status) == [
        "requested 0, affected 0, refused 1",
        "  refused the request: NotUnderstood",
        "  spec.x: no such field; upgrade",
    ]


def test_a_preview_names_what_would_change_and_says_that_nothing_was_written() -> None:
    effect = Preview(("a",), ("b", "c"), (), ("d",), ("e",), "CompletedWithSkips")
    assert previewed("Retry", effect) == [
        "requested 1, affected 1, refused 0 (dry run: nothing was written)",
        "  would be tried again: a",
        "  would wait again: b",
        "  would wait again: c",
        "  would not be run: d",
        "  stays not run: e",
        "  the run would end: CompletedWithSkips, if all that is still to run succeeds",
    ]


def test_a_refusal_of_the_whole_request_names_no_stage() -> None:
    refused = (RefusedStage(stage="", reason="NothingFailed"),)
    (_, line) = previewed("Retry", Preview((), (), refused))
    assert (
        line == "  refused the request: NothingFailed (no stage has failed: name one with --stage)"
    )


def test_values_stand_in_one_table_with_the_method_that_made_them() -> None:
    result = StageResult.model_validate(
        {"stage": "ocr_eval", "method": "tesseract", "values": {"cer": 0.0234567, "ok": True}}
    )
    lines = [line.plain for line in values_table([Fetched(result, ())]).lines()]
    assert lines == [
        "STAGE      VALUE   RESULT    METHOD",
        "ocr_eval   cer     0.02346   tesseract",
        "ocr_eval   ok      yes       tesseract",
    ]


def test_pictures_are_found_by_their_ending() -> None:
    fetched = Fetched(StageResult(stage="a"), ("o/a/composed.PNG", "o/a/result.json"))
    assert pictures([fetched]) == ["o/a/composed.PNG"]


def test_a_value_that_is_absent_is_empty() -> None:
    assert shown(None) == ""
    assert shown(3) == "3"
