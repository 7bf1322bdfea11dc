"""Waiting for an endpoint that does not answer now, within the stage's time.

- No connection, timeouts, 5xx: 1, 2, 4, ... 30 s between tries, as many as the settings allow.
- 429: as long as the endpoint asks for, as often as the stage's time allows.
- Any other refusal is final.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar, cast

import openai

from modelcalls.errors import EndpointRefused, EndpointUnavailable
from stagekit.text import clean, say

T = TypeVar("T")

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 30.0
KEPT_BACK: Final = 0.2
"""Share of the stage's time in which no waiting begins: results must still be stored."""
KEPT_BACK_MAX_SECONDS: Final = 60.0
_UNLIMITED_SECONDS: Final = 600.0
_AGAIN: Final = frozenset({408, 425})
_RATE_LIMITED: Final = 429
_SERVER_ERRORS: Final = 500
_TEXT_MAX_BYTES: Final = 200


class _Setback(NamedTuple):
    """What was answered, the wait in seconds that is asked for, and whether it is a failure."""

    sentence: str
    wait_seconds: float = 0.0
    is_failure: bool = True


@dataclass(frozen=True)
class Patience:
    """How long and how often one role's endpoint is asked again."""

    role: str
    retries: int
    seconds_left: Callable[[], float | None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ask(self, action: Callable[[], T]) -> T:
        """Call until there is an answer; raises EndpointUnavailable or EndpointRefused."""
        end = self.clock() + self.time_to_wait()
        tries, failures = 0, 0
        while True:
            tries += 1
            try:
                return action()
            except openai.APIStatusError as error:
                setback = _judged(self.role, error)
            except openai.APIConnectionError as error:
                # Timeouts are among these.
                setback = _Setback(type(error).__name__)
            except openai.APIError:
                setback = _Setback("its answer is not of the protocol")
            failures += setback.is_failure
            # Partly random: many stages must not come back at the same moment.
            step = min(FIRST_SECONDS * 2 ** min(tries - 1, 10), LONGEST_SECONDS) / 2
            pause = (setback.wait_seconds or step) + step * random.random()  # noqa: S311
            if failures > self.retries or self.clock() + pause > end:
                raise EndpointUnavailable(
                    f"the {self.role} endpoint gave no answer in {tries} tries: {setback.sentence}"
                ) from None
            say(f"{self.role} endpoint: {setback.sentence}; trying again in {pause:.1f} s")
            self.sleep(pause)

    def time_to_wait(self) -> float:
        """Seconds from now in which waiting may still begin."""
        left = self.seconds_left()
        if left is None:
            return _UNLIMITED_SECONDS
        return left - min(left * KEPT_BACK, KEPT_BACK_MAX_SECONDS)


def _judged(role: str, error: openai.APIStatusError) -> _Setback:
    """The setback behind an answer's status; raises EndpointRefused where it is final."""
    status = error.status_code
    sentence = f"{_sentence(error)} (HTTP {status})"
    if status == _RATE_LIMITED:
        return _Setback(sentence, _retry_after(error), is_failure=False)
    if status >= _SERVER_ERRORS or status in _AGAIN:
        return _Setback(sentence, _retry_after(error))
    raise EndpointRefused(f"the {role} endpoint refuses: {sentence}") from None


def _sentence(error: openai.APIStatusError) -> str:
    """The gateway's own sentence; it never quotes what the server behind it has said."""
    body = error.body
    if isinstance(body, dict):
        body = cast("dict[str, object]", body).get("error")
    return clean(body, _TEXT_MAX_BYTES) if isinstance(body, str) and body else "no explanation"


def _retry_after(error: openai.APIStatusError) -> float:
    text = error.response.headers.get("Retry-After", "")
    if not text:
        return 0.0
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (when - datetime.now(tz=timezone.utc)).total_seconds())  # noqa: UP017
