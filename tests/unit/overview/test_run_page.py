"""A run as a page draws it."""

from stagework.api import names
from stagework.overview.run_page import RunPage, StageNode, run_page
from tests.support.builders.written_runs import at, run_of, stage

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ("a", "d")}


def page_of(dependencies: dict[str, tuple[str, ...]]) -> RunPage:
    run = run_of(
        stage("a", "Succeeded", start=0, end=9, prefix="default/uid/a/1-pod"),
        stage("b", "Failed", reason=names.EXIT_CODE, message="code 3", attempt=3, start=9, end=20),
        stage("c", "Running", start=9, node="gpu-1"),
        stage("d", reason=names.WAIT_DEPENDENCY),
        stage("e", reason=names.WAIT_DEPENDENCY),
        title="Walk at dusk",
    )
    return run_page(run, dependencies, {"b": 3}, at(60))


def node(page: RunPage, name: str) -> StageNode:
    return next(node for node in page.stages if node.row.stage == name)


def test_a_stage_stands_behind_all_that_it_depends_on() -> None:
    page = page_of(DIAMOND)
    assert [node.column for node in page.stages] == [0, 1, 1, 2, 3]
    assert node(page, "d").depends_on == ("b", "c")


def test_where_nobody_knows_the_order_stages_stand_one_behind_the_other() -> None:
    page = page_of({})
    assert [node.column for node in page.stages] == [0, 1, 2, 3, 4]
    assert node(page, "d").depends_on == ()


def test_what_has_failed_can_be_asked_for_by_its_id() -> None:
    page = page_of(DIAMOND)
    assert node(page, "b").failed_id == f"{page.uid}/b/3"
    assert node(page, "b").max_attempts == 3
    assert {node(page, name).failed_id for name in "acde"} == {""}


def test_each_stage_says_what_to_do_and_the_run_what_to_do_first() -> None:
    page = page_of(DIAMOND)
    assert node(page, "b").step.command == "stagework logs ad-1 b -n default"
    assert node(page, "c").step.command == ""
    assert page.step.command


def test_there_is_a_log_once_an_attempt_has_begun_and_outputs_once_it_is_committed() -> None:
    page = page_of(DIAMOND)
    assert [node.log_attempt for node in page.stages] == [1, 3, 1, 0, 0]
    assert [bool(node.prefix) for node in page.stages] == [True, False, False, False, False]


def test_times_are_those_of_the_status() -> None:
    running = node(page_of(DIAMOND), "c")
    assert (running.started_at, running.ended_at) == (at(9), None)
    assert running.row.elapsed_seconds == 51
