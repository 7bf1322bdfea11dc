"""Questions to other services: asked now, off the path of decisions, answered for a later one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stagework.api.resources import ObjectRef
from stagework.controllers.controller import Key
from stagework.plans.plan import Question
from stagework.service_client.results import LookupFailed

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""Pause before another service is asked again."""


ANSWERS_KEPT: Final = 1024
"""Answers kept of an object, the newest: a batch asks of each chunk, once; what is missed is asked
again."""


@dataclass
class _Asked:
    answers: dict[Question, Any] = field(default_factory=dict[Question, Any])
    under_way: set[Question] = field(default_factory=set[Question])


class Lookups:
    """Answers by uid of the object that they are about."""

    def __init__(
        self, answered: Callable[[Key], None], ask_again: Callable[[Key, float], None]
    ) -> None:
        """`answered`: the object can be decided about; `ask_again`: in so many seconds."""
        self._answered = answered
        self._ask_again = ask_again
        self._asked: dict[str, _Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def answers(self, uid: str) -> Mapping[Any, Any]:
        """What is known so far."""
        asked = self._asked.get(uid)
        return asked.answers if asked is not None else {}

    def ask(
        self,
        key: Key,
        about: ObjectRef,
        question: Question,
        how: Callable[[ObjectRef, Question], Awaitable[Any]],
    ) -> None:
        """Ask, unless the same is being asked already."""
        asked = self._asked.setdefault(about.uid, _Asked())
        if question in asked.under_way:
            return
        asked.under_way.add(question)
        task = asyncio.create_task(self._ask(key, asked, question, how(about, question)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, uid: str) -> None:
        """The object has left memory."""
        self._asked.pop(uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._asked.clear()

    async def _ask(
        self, key: Key, asked: _Asked, question: Question, answer: Awaitable[Any]
    ) -> None:
        try:
            given = await answer
            asked.answers.pop(question, None)
            asked.answers[question] = given
            if len(asked.answers) > ANSWERS_KEPT:
                del asked.answers[next(iter(asked.answers))]
            self._answered(key)
        except LookupFailed as error:
            log.warning("%s: %s not to be had: %s", key, question, error)
            self._ask_again(key, RETRY_SECONDS)
        except Exception:
            # Whatever went wrong, the object must not wait for ever.
            log.exception("%s: %s cannot be asked", key, question)
            self._ask_again(key, RETRY_SECONDS)
        finally:
            asked.under_way.discard(question)
