"""Asks machines that are away to wake, as their class's hook says: by one HTTP request."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime

import aiohttp
import orjson

from stagework.api.machines import Fleet, WakeHook
from stagework.plans.pipelinejob.snapshot import WakeAnswer, WakeQuestion
from stagework.policies.wake_hook import ask_at

log = logging.getLogger(__name__)


async def post(hook: WakeHook, machine: str) -> str:
    """What was answered, in few words; an answer that does not come is one too."""
    timeout = aiohttp.ClientTimeout(total=hook.timeoutSeconds)
    headers = {"Content-Type": "application/json"}
    body = orjson.dumps({"machine": machine})
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            # Whoever is asked may not send the operator elsewhere.
            session.post(hook.url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return f"HTTP {answer.status}"
    except TimeoutError:
        return f"no answer within {hook.timeoutSeconds:g} s"
    except (aiohttp.ClientError, OSError) as error:
        log.warning("the wake hook of class %s: %s", machine, error)
        return "it cannot be reached"


class WakeHooks:
    """Remembers what each class was answered last: one question at a time."""

    def __init__(
        self,
        fleet: Fleet,
        wall_clock: Callable[[], datetime],
        ask: Callable[[WakeHook, str], Awaitable[str]] = post,
    ) -> None:
        """`ask`: says what was answered; never raises."""
        self._fleet = fleet
        self._wall_clock = wall_clock
        self._ask = ask
        self._answers: dict[str, WakeAnswer] = {}
        self._one_by_one: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def wake(self, question: WakeQuestion) -> WakeAnswer:
        """Ask, unless the class was asked a moment ago: then what was answered to that."""
        key, machine = question.machine, self._fleet.find(question.machine)
        if machine is None or machine.wakeHook is None:
            raise TypeError(f"class {key} has no wake hook")  # the plan would not ask
        async with self._one_by_one[key]:
            last, now = self._answers.get(key), self._wall_clock()
            due = ask_at(question.since, last.at if last is not None else None, machine.wakeHook)
            if last is None or (due is not None and now >= due):
                last = WakeAnswer(at=now, said=await self._ask(machine.wakeHook, key))
                self._answers[key] = last
                log.info("class %s was asked to wake: %s", key, last.said)
            return last
