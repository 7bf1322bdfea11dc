"""What became of each item of a chunk."""

from stagework.api.batch_book import DONE, FAILED, SKIPPED
from stagework.policies.item_outcomes import (
    EndedRun,
    EndedStage,
    ItemResult,
    SaidOfItem,
    first_to_last_seconds,
    results,
)

GOOD = SaidOfItem("Succeeded")
BAD = SaidOfItem("Failed", "BadPicture", "it is cut off")


def stage(state: str = "Succeeded", **said: SaidOfItem) -> EndedStage:
    """A stage whose items are given as `n3=...`."""
    numbered = {int(name[1:]): outcome for name, outcome in said.items()}
    return EndedStage(state, "team/c/s/1-pod", "gpu", numbered)


def run(*stages: EndedStage, succeeded: bool = True) -> EndedRun:
    return EndedRun(succeeded, "StageFailed", "ocr failed", stages)


def one(ended: EndedRun, number: int = 1) -> ItemResult:
    (result,) = results([number], ended)
    return result


def test_what_no_stage_has_set_aside_is_done_where_the_run_succeeded() -> None:
    assert (one(run(stage())).state, one(run(stage())).own) == (DONE, False)
    assert (one(run(stage(n1=GOOD))).state, one(run(stage(n1=GOOD))).own) == (DONE, True)


def test_a_stage_that_sets_an_item_aside_is_believed_whatever_comes_later() -> None:
    failed = one(run(stage(n1=BAD), stage(n1=GOOD)))
    assert (failed.state, failed.reason, failed.message) == (FAILED, "BadPicture", "it is cut off")
    assert one(run(stage(n1=SaidOfItem("Refused", "NoPicture")))).state == FAILED
    assert one(run(stage(n1=SaidOfItem("Skipped", "NoAudio")))).state == SKIPPED


def test_an_item_that_went_no_further_fails_with_the_runs_reason() -> None:
    failed = one(run(stage(n1=GOOD), stage("Failed"), succeeded=False))
    assert (failed.state, failed.reason, failed.own) == (FAILED, "StageFailed", False)
    assert one(run(stage(n1=GOOD), stage("NotRun"), succeeded=False)).state == FAILED
    assert one(run(succeeded=False)).state == FAILED


def test_an_item_that_passed_the_stage_that_failed_is_done_if_it_was_the_last() -> None:
    last = run(stage(), stage("Failed", n1=GOOD, n2=BAD), succeeded=False)
    assert [result.state for result in results([1, 2, 3], last)] == [DONE, FAILED, FAILED]
    assert [result.own for result in results([1, 2, 3], last)] == [True, True, False]
    more = run(stage("Failed", n1=GOOD), stage("NotRun"), succeeded=False)
    assert one(more).state == FAILED


def test_seconds_add_up_and_the_first_item_has_what_came_before_it() -> None:
    first = stage(n1=SaidOfItem("Succeeded", at=5.0), n2=SaidOfItem("Succeeded", at=7.0))
    second = stage(n1=SaidOfItem("Succeeded", at=1.0), n2=SaidOfItem("Succeeded", at=4.0))
    assert [result.seconds for result in results([1, 2, 3], run(first, second))] == [6.0, 5.0, None]
    assert first_to_last_seconds([first, second]) == 5.0
    assert first_to_last_seconds([stage(n1=GOOD)]) is None


def test_outputs_are_what_stages_name_else_all_that_the_last_one_left() -> None:
    named = stage(n1=SaidOfItem("Succeeded", outputs=("items/1.png",)))
    assert one(run(named)).outputs == ("artifact://team/c/s/1-pod/items/1.png",)
    assert one(run(named), 2).outputs == ("artifact://team/c/s/1-pod/",)
    assert one(run(EndedStage("Succeeded"))).outputs == ()


def test_seconds_are_whole_milliseconds() -> None:
    close = stage(n1=SaidOfItem("Succeeded", at=0.29), n2=SaidOfItem("Succeeded", at=0.33))
    assert [result.seconds for result in results([1, 2], run(close))] == [0.29, 0.04]
    assert first_to_last_seconds([close]) == 0.04
