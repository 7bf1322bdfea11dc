"""The sweep of unused revisions goes on, whatever is wrong with one run."""

import asyncio
import logging
from contextlib import suppress

import pytest

from stagework.controllers.pipelinejobs import revisions
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.controllers.pipelinejobs.triggers import RUNS
from tests.support.builders import NAMESPACE, T0, make_own
from tests.support.unwatched import make_cache, nobody
from tests.unit.controllers.standins import let_others_run


async def test_nothing_is_swept_while_it_is_not_known_which_revision_a_run_uses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(revisions, "SWEEP_SECONDS", 0)
    cache = make_cache(RUNS)
    broken = make_own(status={"pipelineRevision": 5})
    cache.offer(RUNS, NAMESPACE, broken, deleted=False)
    sweep = asyncio.create_task(Revisions(nobody(), (), lambda: T0).sweep_for_ever(cache))
    await let_others_run()

    assert not sweep.done()
    assert "unused revisions are not swept: Expected `str`, got `int`" in caplog.text
    sweep.cancel()
    with suppress(asyncio.CancelledError):
        await sweep
