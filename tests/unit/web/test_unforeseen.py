"""What fails beside the requests by a fault of ours ends the process: half a service is worse."""

import asyncio
from pathlib import Path

from stagework.artifacts.local import LocalStore
from stagework.web.app import create_app
from tests.support.history.memory import MemoryHistory
from tests.unit.web.fake_cluster import FakeCluster
from tests.unit.web.service import settings


class Broken(MemoryHistory):
    async def open(self) -> None:
        raise KeyError("two migrations of one number")


def ends(folder: Path, history: MemoryHistory) -> bool:
    """Whether the service asks for its end once it runs."""

    async def main() -> bool:
        asked = asyncio.Event()
        app = create_app(
            FakeCluster(),
            LocalStore(folder, max_file_bytes=1),
            settings(),
            history=history,
            unforeseen=asked.set,
        )
        async with app.router.lifespan_context(app):
            for _ in range(20):
                await asyncio.sleep(0)
            return asked.is_set()

    return asyncio.run(main())


def test_a_fault_beside_the_requests_ends_the_service(tmp_path: Path) -> None:
    assert ends(tmp_path, Broken())


def test_a_service_that_is_well_goes_on_and_ends_without_a_word(tmp_path: Path) -> None:
    assert not ends(tmp_path, MemoryHistory())
