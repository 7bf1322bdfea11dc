"""How long an endpoint is waited for: counted tries, asked-for waits, and the stage's own time."""

from collections.abc import Callable

import httpx2
import openai
import pytest
from modelcalls.errors import EndpointRefused, EndpointUnavailable
from modelcalls.patience import Patience

REQUEST = httpx2.Request("POST", "http://api/v1/models/chat/chat/completions")


def answered(status: int, retry_after: str = "") -> openai.APIStatusError:
    """The client's error for such an answer."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    response = httpx2.Response(status, headers=headers, request=REQUEST)
    body = {"error": "the chat endpoint is busy", "hint": "try again"}
    return openai.APIStatusError("secret prompt", response=response, body=body)


class World:
    """Time that passes by sleeping, and an endpoint that answers as told."""

    def __init__(self, *answers: Exception | str, left: float | None = None) -> None:
        self.answers = list(answers)
        self.left = left
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds

    def act(self) -> str:
        """The next answer; the last one stays."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, retries: int = 5) -> str:
        """Ask with patience."""
        left: Callable[[], float | None] = lambda: self.left  # noqa: E731
        return Patience("chat", retries, left, clock=lambda: self.now, sleep=self.sleep).ask(
            self.act
        )


def test_waits_grow_up_to_half_a_minute() -> None:
    world = World(*[answered(502)] * 8, "done")
    assert world.ask(retries=8) == "done"
    for slept, most in zip(world.slept, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert most / 2 <= slept <= most


def test_tries_are_counted_where_no_answer_comes() -> None:
    for error in (answered(500), answered(504), openai.APITimeoutError(REQUEST)):
        world = World(error)
        with pytest.raises(EndpointUnavailable, match="in 4 tries"):
            world.ask(retries=3)


def test_a_rate_limit_is_not_counted_and_waited_for_as_asked() -> None:
    world = World(*[answered(429, "9")] * 30, "done")
    assert world.ask(retries=0) == "done"
    assert all(9 <= pause <= 24 for pause in world.slept)


def test_nothing_is_waited_for_beyond_the_stages_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelcalls.patience.random.random", lambda: 0.5)
    world = World(answered(429, "7"), left=100)
    with pytest.raises(EndpointUnavailable, match="HTTP 429"):
        world.ask()
    assert 60 < world.now <= 80  # a fifth is kept back
    world = World(answered(429, "90"), left=100)
    with pytest.raises(EndpointUnavailable, match="in 1 tries"):
        world.ask()
    assert world.now == 0


def test_a_date_in_retry_after_is_understood_and_nonsense_is_not_minded() -> None:
    for text in ("Fri, 01 Jan 2021 00:00:00 GMT", "soon", "-5"):
        world = World(answered(503, text), "done")
        assert world.ask() == "done"
        assert world.now <= 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 424])
def test_a_refusal_is_final_and_quotes_the_gateway_only(status: int) -> None:
    world = World(answered(status))
    with pytest.raises(EndpointRefused, match="the chat endpoint is busy") as refused:
        world.ask()
    assert "secret" not in str(refused.value)
    assert world.slept == []
