"""A feed on a real https server becomes runs on the fake API server."""

from pathlib import Path

import pytest

from stagework.api.tasks import MetaCatalogAdData
from stagework.tasks.meta_catalog_ad.task import run
from stagework.tasks.surroundings import TaskFailed
from tests.support.fakeapi.resources import PIPELINE_JOBS
from tests.support.tasks import Place, place
from tests.support.websites import website


def feed(*rows: str) -> bytes:
    return "\n".join(["id,title,price,image_link,stock", *rows]).encode()


def runs(at: Place) -> list[tuple[str, str]]:
    """Subject and prompt of each."""
    specs = [stored.data["spec"] for stored in at.server.store.list(PIPELINE_JOBS)]
    return sorted((spec["subject"], spec["params"]["prompt"]) for spec in specs)


async def test_new_and_changed_products_become_runs_and_no_others(tmp_path: Path) -> None:
    shoes, hat = "S1,Shoes,9,https://p.example.org/1.png,5", "H1,Hat,4,,1"
    with website(tmp_path) as site:
        async with place("meta_catalog_ad", tmp_path, https=site.source) as at:
            data = MetaCatalogAdData(url=site.url("/feed.csv"), pipeline="ad-image")
            site.pages["/feed.csv"] = feed(shoes, hat)
            report = await run(at.surroundings, data)
            assert report.document["products"] == 2
            assert runs(at) == [("H1", "Hat"), ("S1", "Shoes")]
            (first,) = [
                stored.data["spec"]
                for stored in at.server.store.list(PIPELINE_JOBS)
                if stored.data["spec"]["subject"] == "S1"
            ]
            assert first["input"] == {"uri": "https://p.example.org/1.png"}

            site.pages["/feed.csv"] = feed(shoes.replace(",5", ",4"), hat)
            assert (await run(at.surroundings, data)).document["made"] == []

            site.pages["/feed.csv"] = feed(shoes.replace("Shoes", "New shoes"), hat, "B1,Bag,1,,1")
            assert (await run(at.surroundings, data)).summary == "2 runs made, 1 known"
            assert runs(at)[-1] == ("S1", "Shoes")
            assert ("S1", "New shoes") in runs(at)


async def test_a_product_without_an_id_or_with_a_bad_picture_is_told(tmp_path: Path) -> None:
    with website(tmp_path) as site:
        async with place("meta_catalog_ad", tmp_path, https=site.source) as at:
            site.pages["/feed.csv"] = feed(",No id,1,,", "B2,Bad,1,ftp://p/1.png,", "G1,Good,1,,")
            data = MetaCatalogAdData(url=site.url("/feed.csv"), pipeline="ad-image")
            report = await run(at.surroundings, data)
            assert runs(at) == [("G1", "Good")]
            assert report.document["refusedCount"] == 2


async def test_a_feed_that_is_none_makes_nothing(tmp_path: Path) -> None:
    with website(tmp_path) as site:
        async with place("meta_catalog_ad", tmp_path, https=site.source) as at:
            site.pages["/feed.xml"] = b"<rss><item>"
            data = MetaCatalogAdData(url=site.url("/feed.xml"), pipeline="ad-image")
            with pytest.raises(TaskFailed, match="no well-formed XML"):
                await run(at.surroundings, data)


async def test_a_bucket_is_the_one_of_the_values_or_none(tmp_path: Path) -> None:
    data = MetaCatalogAdData(url="s3://feeds/catalogue.csv", pipeline="ad-image")
    async with place("meta_catalog_ad", tmp_path) as at:
        with pytest.raises(TaskFailed, match=r"set tasks\.meta_catalog_ad\.s3"):
            await run(at.surroundings, data)
    (tmp_path / "key").write_text("k")
    s3 = {
        "endpoint": "http://127.0.0.1:1",
        "bucket": "other",
        "secretName": "keys",
        "accessKeyIdFile": str(tmp_path / "key"),
        "secretAccessKeyFile": str(tmp_path / "key"),
    }
    settings = {"tasks": {"s3": {"meta_catalog_ad": s3}}}
    async with place("meta_catalog_ad", tmp_path / "b", settings=settings) as at:
        with pytest.raises(TaskFailed, match="not the one of the values"):
            await run(at.surroundings, data)
