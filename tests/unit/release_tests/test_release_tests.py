"""A long story that has passed on the same content of the tree is not told again."""

import subprocess
from pathlib import Path

import pytest

from hack.release_tests.__main__ import run_all, stories, what_of
from hack.release_tests.record import FAILED, PASSED, Record, Result, content_of, page

CRASHES = "tests/e2e/test_crash_points.py"


class Teller:
    """Tells stories; some of them fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.asked: list[str] = []

    def __call__(self, story: str) -> bool:
        self.asked.append(story)
        return story not in self.failing


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "content")


def test_what_has_passed_is_not_told_again_and_what_has_failed_is(record: Record) -> None:
    helm = "tests/e2e/test_helm.py"
    first = run_all([CRASHES, helm], record, Teller(helm))
    assert [result.outcome for result in first] == [PASSED, FAILED]

    second = Teller()
    results = run_all([CRASHES, helm], record, second)

    assert second.asked == [helm]
    assert [result.outcome for result in results] == [PASSED, PASSED]
    assert results[0] == first[0]


def test_a_run_that_was_broken_off_goes_on_where_it_stood(record: Record) -> None:
    def broken_off(story: str) -> bool:
        if story == CRASHES:
            return True
        raise KeyboardInterrupt

    names = [CRASHES, "tests/e2e/test_helm.py"]
    with pytest.raises(KeyboardInterrupt):
        run_all(names, record, broken_off)
    after = Teller()
    run_all(names, record, after)

    assert after.asked == names[1:]


def test_all_are_told_again_when_somebody_asks(record: Record) -> None:
    run_all([CRASHES], record, Teller())
    record.forget()
    again = Teller()
    run_all([CRASHES], record, again)

    assert again.asked == [CRASHES]


def test_a_change_of_any_file_that_git_would_take_is_another_content(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "page").write_text("1")
    before = content_of(tmp_path, "page")

    (tmp_path / "ignored").write_text("1")
    (tmp_path / "page").write_text("2")
    assert content_of(tmp_path, "page") == before

    (tmp_path / "new").write_text("1")
    added = content_of(tmp_path, "page")
    assert added != before
    (tmp_path / "new").write_text("2")
    assert content_of(tmp_path, "page") not in {before, added}


def test_the_page_says_what_each_story_shows_and_how_it_ended() -> None:
    text = page("0123", [Result(CRASHES, "It is killed.", PASSED, 61.0)])

    assert "`0123`" in text
    row = "| [test_crash_points](../tests/e2e/test_crash_points.py) | It is killed. "
    assert f"{row}| passed | 1 min 01 s |" in text.splitlines()


def test_the_stories_are_those_marked_long_and_say_what_they_show() -> None:
    named = stories()

    assert CRASHES in named
    assert "tests/operator/test_random_histories.py" in named
    assert "tests/e2e/test_stuck.py" not in named
    assert what_of(CRASHES).startswith("The operator is killed again and again")
