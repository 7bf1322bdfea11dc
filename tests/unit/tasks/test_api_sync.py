"""A pull from a real https server, and runs on the fake API server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from stagework.api.tasks import ApiSyncData
from stagework.tasks.api_sync.task import run
from stagework.tasks.surroundings import TaskFailed
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.resources import PIPELINE_JOBS
from tests.support.tasks import NAMESPACE, Place, place
from tests.support.websites import Website, website


@dataclass
class Pulled:
    """A cluster and an endpoint."""

    at: Place
    site: Website

    def data(self, **changes: Any) -> ApiSyncData:
        given = {
            "url": self.site.url("/entries"),
            "pipeline": "ad-image",
            "entries": "/items",
            "mapping": {"params": {"prompt": "/text"}},
        }
        return ApiSyncData.model_validate({**given, **changes})

    def serve(self, *ids: int) -> None:
        items = [{"id": number, "text": f"text {number}"} for number in ids]
        self.site.pages["/entries"] = orjson.dumps({"items": items})

    def runs(self, namespace: str = NAMESPACE) -> list[str]:
        objects = self.at.server.store.list(PIPELINE_JOBS)
        return sorted(
            stored.data["spec"]["params"]["prompt"]
            for stored in objects
            if stored.meta["namespace"] == namespace
        )


@asynccontextmanager
async def pulled(folder: Path, **changes: Any) -> AsyncGenerator[Pulled]:
    with website(folder) as site:
        async with place("api_sync", folder, https=site.source, **changes) as at:
            yield Pulled(at, site)


async def test_each_entry_becomes_a_run_once(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1, 2)
        report = await run(on.at.surroundings, on.data())
        assert on.runs() == ["text 1", "text 2"]
        assert report.summary == "2 runs made, 0 known"
        on.serve(1, 2, 3)
        assert (await run(on.at.surroundings, on.data())).document["known"] == 2
        assert on.runs() == ["text 1", "text 2", "text 3"]
        labels = on.at.server.store.list(PIPELINE_JOBS)[0].meta["labels"]
        assert labels["stagework.dev/task"] == "api_sync"


async def test_an_unchanged_answer_is_not_even_sent(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1)
        await run(on.at.surroundings, on.data())
        assert (await run(on.at.surroundings, on.data())).document == {"changed": False}
        assert on.site.answered == [200, 304]
        await run(on.at.surroundings, on.data(limit=7))
        assert on.site.answered[-1] == 200, "with other job data it is another matter"


async def test_a_run_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1)
        report = await run(on.at.surroundings, on.data())
        on.at.server.store.delete(PIPELINE_JOBS, NAMESPACE, report.document["made"][0])
        on.serve(1, 2)
        await run(on.at.surroundings, on.data())
        assert on.runs() == ["text 2"]


async def test_a_memory_that_is_lost_makes_nothing_twice_that_is_there(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1, 2)
        await run(on.at.surroundings, on.data())
        on.at.memory.values.clear()
        report = await run(on.at.surroundings, on.data())
        assert report.summary == "0 runs made, 2 known"
        assert len(on.runs()) == 2


async def test_the_rest_is_made_by_the_next_pass_though_nothing_has_changed(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1, 2, 3)
        data = on.data(limit=2)
        assert (await run(on.at.surroundings, data)).document["left"] == 1
        assert (await run(on.at.surroundings, data)).document["left"] == 0
        assert len(on.runs()) == 3
        assert (await run(on.at.surroundings, data)).document == {"changed": False}


async def test_a_bad_entry_leaves_the_others_alone_and_is_told(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        items = [{"id": 1, "text": ["no", "text"]}, {"id": 2, "text": "good"}, {"text": "no id"}]
        on.site.pages["/entries"] = orjson.dumps({"items": items})
        report = await run(on.at.surroundings, on.data())
        assert on.runs() == ["good"]
        assert [row["entry"] for row in report.document["refused"]] == ["0", "2"]
        assert report.summary == "1 runs made, 0 known, 2 entries refused"


async def test_what_was_made_before_a_failure_is_remembered(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1, 2, 3)

        async def refuse(seen: Seen) -> Failure | None:
            full = seen.verb == "POST" and len(on.runs()) == 2
            return Failure(403, "Forbidden", "exceeded quota: runs") if full else None

        on.at.server.faults.before.append(refuse)
        with pytest.raises(TaskFailed, match=r"after 2 runs.*exceeded quota"):
            await run(on.at.surroundings, on.data())
        on.at.server.faults.clear()
        assert (await run(on.at.surroundings, on.data())).summary == "1 runs made, 2 known"


async def test_a_dry_run_makes_and_remembers_nothing(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.serve(1)
        dry = await run(replace(on.at.surroundings, dry_run=True), on.data())
        assert on.runs() == []
        assert on.at.memory.values == {}
        done = await run(on.at.surroundings, on.data())
        assert done.document["made"] == dry.document["made"]


async def test_only_in_namespaces_that_the_values_name(tmp_path: Path) -> None:
    settings = {"tasks": {"namespaces": {"api_sync": ["team"]}}}
    async with pulled(tmp_path, settings=settings) as on:
        on.serve(1)
        await run(on.at.surroundings, on.data(namespace="team"))
        assert on.runs("team") == ["text 1"]
        with pytest.raises(TaskFailed, match=r"tasks\.api_sync\.namespaces"):
            await run(on.at.surroundings, on.data(namespace="kube-system"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://evil.example.org/entries", "may not be fetched"),
        ("/missing", "answered 404"),
        ("/page", "not JSON"),
    ],
)
async def test_what_cannot_be_fetched_or_read_fails_with_its_cause(
    tmp_path: Path, url: str, why: str
) -> None:
    async with pulled(tmp_path) as on:
        on.site.pages["/page"] = b"<html>"
        address = url if url.startswith("https") else on.site.url(url)
        with pytest.raises(TaskFailed, match=why):
            await run(on.at.surroundings, on.data(url=address))
        assert on.runs() == []


async def test_a_document_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with pulled(tmp_path) as on:
        on.site.pages["/entries"] = b" " * 2000
        with pytest.raises(TaskFailed, match="more than 1024"):
            await run(on.at.surroundings, on.data(maxBytes=1024))
