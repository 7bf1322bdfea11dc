from stagework.overview.rows import rows
from tests.support.builders.written_runs import at, new_run, run_of, stage


def test_the_oldest_run_stands_first() -> None:
    listed = rows([run_of(name="young", age=5), run_of(name="old", age=50)], at(0))
    assert [row.name for row in listed] == ["old", "young"]


def test_a_run_that_the_operator_has_not_seen_is_new() -> None:
    assert rows([new_run()], at(3))[0].status == "New"


def test_a_row_counts_in_stages_and_seconds() -> None:
    stages = (stage("a", "Succeeded"), stage("b", "Failed"), stage("c", "NotRun"))
    (row,) = rows([run_of(*stages, age=5, end=20)], at(60))
    assert (row.done, row.total, row.age_seconds, row.elapsed_seconds) == (1, 3, 65, 25)
