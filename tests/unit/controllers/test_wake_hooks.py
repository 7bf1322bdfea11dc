"""Wake hooks are called once for all that waits, and whatever happens there is an answer."""

import asyncio
from datetime import datetime

from aiohttp import web
from aiohttp.test_utils import TestServer

from stagework.api.machines import WakeHook
from stagework.controllers.pipelinejobs.wake_hooks import WakeHooks, post
from stagework.plans.pipelinejob.snapshot import WakeAnswer, WakeQuestion
from tests.support.builders import MACBOOK, after, make_fleet

HOOK = WakeHook(url="http://wake.example.org/macbook", pauseSeconds=600)
FLEET = make_fleet(MACBOOK.model_copy(update={"wakeHook": HOOK}))


class Clock:
    """Says what it is set to."""

    def __init__(self) -> None:
        self.now = after(0)

    def __call__(self) -> datetime:
        return self.now


class Bridge:
    """Stands in for what wakes machines."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, hook: WakeHook, machine: str) -> str:
        assert hook == HOOK
        self.asked.append(machine)
        await asyncio.sleep(0)
        return f"HTTP 20{len(self.asked)}"


async def test_all_that_is_deferred_together_is_one_request() -> None:
    bridge = Bridge()
    hooks = WakeHooks(FLEET, Clock(), bridge)
    question = WakeQuestion("macbook", after(0))

    answers = await asyncio.gather(*(hooks.wake(question) for _ in range(5)))

    assert answers == [WakeAnswer(after(0), "HTTP 201")] * 5
    assert bridge.asked == ["macbook"]


async def test_a_later_deferral_is_another_one_after_the_pause() -> None:
    bridge, clock = Bridge(), Clock()
    hooks = WakeHooks(FLEET, clock, bridge)
    await hooks.wake(WakeQuestion("macbook", after(0)))
    clock.now = after(100)
    assert (await hooks.wake(WakeQuestion("macbook", after(90)))).at == after(0)

    clock.now = after(600)
    answer = await hooks.wake(WakeQuestion("macbook", after(90)))

    assert answer == WakeAnswer(after(600), "HTTP 202")


async def test_it_is_told_which_class_and_sends_nobody_elsewhere() -> None:
    seen: list[object] = []

    async def bridge(request: web.Request) -> web.Response:
        seen.append(await request.json())
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_post("/macbook", bridge)
    async with TestServer(app) as server:
        hook = WakeHook(url=str(server.make_url("/macbook")))
        assert await post(hook, "macbook") == "HTTP 302"
    assert seen == [{"machine": "macbook"}]


async def test_one_that_is_not_there_is_an_answer_too() -> None:
    hook = WakeHook(url="http://127.0.0.1:1/macbook")
    assert await post(hook, "macbook") == "it cannot be reached"
