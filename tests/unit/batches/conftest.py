"""Books over a folder and a copy in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from obstore.store import MemoryStore

from stagework.api.batch_book import (
    Child,
    FoldRequest,
    FreezeRequest,
    ManifestFacts,
    Source,
    StageEnd,
)
from stagework.artifacts.local import LocalStore
from stagework.batches import small_files
from stagework.batches.books import Books
from stagework.batches.freezing import Freezer
from stagework.batches.layout import BatchFolder
from stagework.batches.sources import Sources
from stagework.batches.stores import ItemStores
from stagework.policies.item_address import Allowed
from stagework.settings import ItemStoreSettings
from tests.support.history.memory import MemoryHistory

FOLDER = BatchFolder("team", "batch-1")
PHOTOS = ItemStoreSettings(
    name="photos",
    endpoint="http://s3.example.org",
    bucket="photos",
    accessKeyIdFile="/none",
    secretAccessKeyFile="/none",
    namespaces=("team",),
)


@dataclass
class Bench:
    """A store, the books of its batches, and what they are made of."""

    store: LocalStore
    bucket: MemoryStore = field(default_factory=MemoryStore)
    history: MemoryHistory = field(default_factory=MemoryHistory)
    settings: tuple[ItemStoreSettings, ...] = (PHOTOS,)
    max_bytes: int = 10_000_000

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another process with the same files and tables."""
        self.stores = ItemStores(self.settings, lambda _settings: self.bucket)
        sources = Sources(self.store, self.stores, self.max_bytes)
        self.freezer = Freezer(self.store, sources, self.allowed, patience=10)
        self.books = Books(self.store, self.history.items)

    def allowed(self, namespace: str) -> Allowed:
        return Allowed(namespace, frozenset({"example.org"}), self.stores.buckets(namespace))

    async def freeze(self, **source: object) -> ManifestFacts:
        """Freeze what `source` says, for the one batch."""
        request = FreezeRequest("photos", msgspec.convert(source, Source))
        facts = await self.freezer.freeze(FOLDER, request)
        assert isinstance(facts, ManifestFacts)
        return facts

    async def lines(self) -> list[dict[str, object]]:
        """The frozen manifest."""
        raw = await small_files.read(self.store, FOLDER.manifest, 10**9)
        return [msgspec.json.decode(line) for line in (raw or b"").splitlines()]

    async def said(self, child: str, *lines: object, stage: str = "ocr") -> StageEnd:
        """A stage has left these lines on items; it succeeded."""
        prefix = f"team/{child}/{stage}/1-pod"
        content = b"\n".join(msgspec.json.encode(line) for line in lines)
        await small_files.write(self.store, f"{prefix}/outcomes.jsonl", content)
        return StageEnd(stage, prefix, "Succeeded", machine="gpu")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Empty."""
    return Bench(LocalStore(tmp_path / "volume", max_file_bytes=10**9))


@pytest.fixture
def chunk() -> Callable[..., FoldRequest]:
    """Builds what the operator says of an ended chunk: the first `count` positions of a round."""

    def made(*stages: StageEnd, count: int = 4, child: str = "c1", **more: object) -> FoldRequest:
        values: dict[str, object] = {
            "round": 0,
            "start": 0,
            "count": count,
            "attempt": 1,
            "final": True,
            "outcome": "Succeeded",
            **more,
        }
        return FoldRequest(child=Child(child, child), stages=list(stages), **values)  # type: ignore[arg-type]

    return made
