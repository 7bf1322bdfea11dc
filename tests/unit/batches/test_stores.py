"""Stores of the settings: whose they are, and what their errors mean."""

import socket
from pathlib import Path
from typing import Any

import pytest
from obstore import exceptions
from obstore.store import MemoryStore
from pydantic import ValidationError

from stagework.batches.errors import Refused
from stagework.batches.stores import ItemStores, StoreUnavailable, connect
from stagework.settings import BatchSettings, ItemStoreSettings
from tests.unit.batches.conftest import PHOTOS
from tests.unit.web.service import settings


def store(**change: Any) -> ItemStoreSettings:
    return ItemStoreSettings.model_validate(PHOTOS.model_dump() | change)


def test_a_store_serves_its_namespaces_or_all() -> None:
    assert [PHOTOS.serves(one) for one in ("team", "other")] == [True, False]
    assert store(namespaces=("*",)).serves("any")
    stores = ItemStores([PHOTOS, store(name="docs", bucket="docs", namespaces=("other",))])
    assert stores.buckets("team") == {"photos": ""}
    assert stores.of_bucket("team", "docs") is None


@pytest.mark.parametrize("same", ["name", "bucket"])
def test_two_stores_of_one_name_or_bucket_are_refused(same: str) -> None:
    other = {"name": "docs", "bucket": "documents"}
    other[same] = "photos"
    with pytest.raises(ValidationError, match=f"two have the {same} 'photos'"):
        BatchSettings(stores=(PHOTOS, store(**other)))


def test_the_bucket_of_the_artifacts_is_no_store_of_items() -> None:
    s3 = {
        "endpoint": "http://s3.example.org",
        "bucket": "photos",
        "accessKeyIdFile": "/none",
        "secretAccessKeyFile": "/none",
    }
    with pytest.raises(ValidationError, match="give items a bucket of their own"):
        settings(batches=BatchSettings(stores=(PHOTOS,)), s3=s3)


class BrokenError(Exception):
    """Not obstore's."""


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (FileNotFoundError, Refused, "has no such object"),
        (exceptions.GenericError, StoreUnavailable, "does not answer as it should .GenericError."),
        (ConnectionError, StoreUnavailable, "does not answer: ConnectionError"),
        (BrokenError, BrokenError, "secret"),
    ],
)
async def test_what_its_errors_mean_and_nothing_of_the_request_is_told(
    error: type[Exception], kind: type[Exception], sentence: str
) -> None:
    def connected(_settings: ItemStoreSettings) -> MemoryStore:
        raise error("Authorization: secret")

    stores = ItemStores([PHOTOS], connected)
    with pytest.raises(kind, match=sentence) as caught:
        await stores.open(PHOTOS, "a.png")
    with pytest.raises(kind, match=sentence):
        [found async for found in stores.found(PHOTOS, "")]
    assert "secret" not in str(caught.value) or kind is BrokenError


@pytest.mark.parametrize(
    "error", [exceptions.PermissionDeniedError, exceptions.UnauthenticatedError]
)
async def test_a_refused_key_ends_a_listing_and_whoever_reads_an_item_waits(
    error: type[Exception],
) -> None:
    def connected(_settings: ItemStoreSettings) -> MemoryStore:
        raise error("Authorization: secret")

    stores = ItemStores([PHOTOS], connected)
    with pytest.raises(Refused, match="refuses our key") as refused:
        [found async for found in stores.found(PHOTOS, "")]
    with pytest.raises(StoreUnavailable, match="refuses our key") as waits:
        await stores.open(PHOTOS, "a.png")
    assert "secret" not in f"{refused.value} {waits.value}"


async def test_an_object_that_is_denied_is_that_items_trouble_alone() -> None:
    def connected(_settings: ItemStoreSettings) -> MemoryStore:
        raise exceptions.PermissionDeniedError("403: <Code>AccessDenied</Code> secret")

    with pytest.raises(Refused, match=r"denies us this \(AccessDenied\): an administrator"):
        await ItemStores([PHOTOS], connected).open(PHOTOS, "a.png")


async def test_a_server_that_is_not_there_is_asked_again_later(tmp_path: Path) -> None:
    for name in ("id", "key"):
        (tmp_path / name).write_text("x\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = store(
        endpoint=f"http://127.0.0.1:{port}",
        accessKeyIdFile=str(tmp_path / "id"),
        secretAccessKeyFile=str(tmp_path / "key"),
    )
    with pytest.raises(StoreUnavailable, match="store 'photos' does not answer"):
        await ItemStores([away]).open(away, "a.png")


def test_keys_that_cannot_be_read_are_no_end() -> None:
    with pytest.raises(StoreUnavailable, match="the keys of store 'photos' cannot be read"):
        connect(PHOTOS)
