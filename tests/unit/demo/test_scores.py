from hack.demo.scores import composed, scores_table
from stagework.cli.outputs import Fetched, Scalar, StageResult


def test_scores_stand_side_by_side_a_column_a_run() -> None:
    def judged(score: float) -> list[Fetched]:
        values: dict[str, Scalar] = {
            "score": score,
            "method": "builtin",
            "why": "a text that is no score at all",
        }
        return [
            Fetched(StageResult(stage="vlm_judge", values=values), ()),
            Fetched(StageResult(stage="img_gen", values={"picture": "8x8"}), ()),
        ]

    document = [Fetched(StageResult(stage="classify", values={"label": "report"}), ())]
    runs = {"a": judged(0.5), "no scores": document, "b": judged(1)}
    lines = [line.plain for line in scores_table(runs).lines()]
    assert lines == ["SCORE             a     b", "vlm_judge.score   0.5   1"]


def test_the_picture_that_a_run_is_about_is_the_composed_one_else_the_last() -> None:
    drawn = Fetched(StageResult(stage="a"), ("o/a/image.png", "o/a/composed.png", "o/a/ink.png"))
    assert composed([drawn]) == ["o/a/composed.png"]
    assert composed([Fetched(StageResult(stage="a"), ("o/1.png", "o/2.png"))]) == ["o/2.png"]
