"""Which exit codes are tried again, where the stage says which."""

import pytest

from stagework.policies.outcome import (
    Done,
    Ended,
    EndRules,
    Failed,
    Interrupted,
    MarkSeen,
    judge_end,
)
from tests.support.builders import deleting, make_job, make_pod, terminated, ungated

NOTHING = MarkSeen()
FAILED = MarkSeen("Failed", "NoFonts", "no fonts are there")
NOT_NAMED = "is not in retryOnExitCodes"


def _end(code: int, rules: EndRules, mark: MarkSeen = NOTHING, *, reason: str = "") -> Ended:
    pod = terminated(ungated(make_pod(make_job())), code, reason=reason)
    end = judge_end(pod, mark, rules)
    assert isinstance(end, Ended)
    return end


def _rules(*codes: int, by_exit_code: bool = True, memory_limit: str = "") -> EndRules:
    return EndRules(by_exit_code=by_exit_code, memory_limit=memory_limit, retried_codes=codes)


@pytest.mark.parametrize(
    ("code", "codes", "final"),
    [
        pytest.param(3, (3, 4), False, id="named"),
        pytest.param(5, (3, 4), True, id="not named"),
        pytest.param(1, (), True, id="none is named"),
        pytest.param(139, (139,), False, id="a signal, named"),
        pytest.param(137, (3,), True, id="a signal, not named"),
        pytest.param(2, (2,), False, id="refused, but named: the stage knows its program"),
        pytest.param(2, (3,), True, id="refused"),
    ],
)
def test_only_the_codes_that_are_named_are_tried_again(
    code: int, codes: tuple[int, ...], *, final: bool
) -> None:
    end = _end(code, _rules(*codes))

    assert isinstance(end, Failed)
    assert end.final is final


def test_without_a_list_all_are_but_a_refusal() -> None:
    rules = EndRules(by_exit_code=True)
    ends = [_end(code, rules) for code in (1, 3, 137, 2)]

    assert [isinstance(end, Failed) and end.final for end in ends] == [False, False, False, True]


def test_the_sentence_says_which_code_and_where_it_is_missing() -> None:
    end = _end(5, _rules(3))

    assert isinstance(end, Failed)
    assert end.reason == "NonZeroExit"
    assert end.message == f"exit code 5; 5 {NOT_NAMED}"


def test_a_refusal_that_is_named_is_a_failure_like_any_other() -> None:
    end = _end(2, _rules(2))

    assert isinstance(end, Failed)
    assert (end.reason, end.message) == ("NonZeroExit", "exit code 2")


def test_a_failure_by_the_stages_own_mark_is_asked_for_its_code_too() -> None:
    end = _end(1, _rules(3, by_exit_code=False), FAILED)

    assert end == Failed("NoFonts", f"no fonts are there; 1 {NOT_NAMED}", final=True)
    assert _end(3, _rules(3, by_exit_code=False), FAILED) == Failed(
        "NoFonts", "no fonts are there", final=False
    )


def test_a_mark_that_refuses_is_believed_whatever_the_codes() -> None:
    refused = MarkSeen("Refused", "Empty", "no pages")

    assert _end(2, _rules(2, by_exit_code=False), refused) == Failed(
        "Empty", "no pages", final=True
    )


def test_a_mark_without_words_is_said_by_its_code() -> None:
    end = _end(9, _rules(3, by_exit_code=False), MarkSeen("Failed"))

    assert isinstance(end, Failed)
    assert end.message == f"exit code 9; 9 {NOT_NAMED}"


def test_what_is_no_code_of_the_programs_is_judged_as_ever() -> None:
    codes = _rules(3)
    killed = deleting(terminated(ungated(make_pod(make_job())), 143))

    assert isinstance(judge_end(killed, NOTHING, codes), Interrupted)
    assert _end(0, codes) == Done()
    out_of_memory = _end(137, codes, reason="OOMKilled")
    assert isinstance(out_of_memory, Failed)
    assert not out_of_memory.final
