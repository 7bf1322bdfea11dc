"""Items of batches from a real S3-compatible store: listed, frozen, given to Pods."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from stagework.api.batch_book import FreezeRequest, ManifestFacts, S3Source, Source
from stagework.artifacts.local import LocalStore
from stagework.batches import small_files
from stagework.batches.errors import Refused
from stagework.batches.freezing import Freezer
from stagework.batches.layout import BatchFolder
from stagework.batches.sources import Sources
from stagework.batches.stores import Found, ItemStores, StoreUnavailable
from stagework.policies.item_address import Allowed
from stagework.settings import BatchSettings, ItemStoreSettings
from tests.support.s3server import Bucket, S3Server
from tests.unit.web.batch_books import Operator
from tests.unit.web.service import Service, running
from tests.unit.web.test_items import pod

MANY = 10_000
FOLDER = BatchFolder("team", "batch-1")
HOSTILE = (
    "a b.png",
    "a%41.png",
    "%2F.png",
    "%.png",
    "a#b?c.png",
    "a+b&c=d.png",
    "quote'\".png",
    "x<y>.png",
    "back\\slash.png",
    "*[x]{y}|z^`~;@:,$!().png",
    "..dots.png",
    ".hidden.png",
    "큰 그림.png",
    "e\u0301.png",
    "\u202egnp.exe.png",
    f"{'x' * 200}.png",
)


def store_of(bucket: Bucket, keys: Path, /, **change: Any) -> ItemStoreSettings:
    """As an administrator sets it."""
    named = {"name": "photos", "namespaces": ["team"], **bucket.settings(keys, **change)}
    return ItemStoreSettings.model_validate(named)


@pytest.fixture
def service(bucket: Bucket, keys: Path, tmp_path: Path) -> Iterator[Service]:
    """The API service, with the bucket as the store `photos` of namespace `team`."""
    settings = BatchSettings(stores=(store_of(bucket, keys),))
    with running(tmp_path / "volume", batches=settings) as started:
        yield started


@pytest.fixture(scope="module")
def many(running_server: S3Server) -> Bucket:
    """With so many objects; whoever uses it changes nothing in it."""
    bucket = running_server.bucket()
    bucket.lay_numbered("in/{:05}.png", MANY)
    return bucket


async def listed(store: ItemStoreSettings, prefix: str = "") -> list[Found]:
    return [found async for found in ItemStores([store]).found(store, prefix)]


async def test_ten_thousand_objects_are_listed_page_by_page_each_once(
    server: S3Server, many: Bucket, keys: Path
) -> None:
    assert server is many.server
    found = await listed(store_of(many, keys), "in/")
    assert [one.key for one in found] == many.laid()
    assert (len(found), {one.size for one in found}) == (MANY, {len("in/00000.png")})


def test_prefix_and_suffix_choose_and_the_stores_own_prefix_bounds(
    bucket: Bucket, keys: Path
) -> None:
    for key in (
        "in/2026/a.png",
        "in/2026/b.jpg",
        "in/2026-old/c.png",
        "in/d.png",
        "out/2026/e.png",
    ):
        bucket.lay(key, b"x")
    store = store_of(bucket, keys, prefix="in/")
    with running(keys / "volume", batches=BatchSettings(stores=(store,))) as service:
        operator = Operator(service)
        for number, (prefix, suffix, ids) in enumerate(
            (
                ("", "", {"2026/a.png", "2026/b.jpg", "2026-old/c.png", "d.png"}),
                ("2026", ".png", {"/a.png", "-old/c.png"}),
                ("2026/", ".png", {"a.png"}),
                ("2026/a", "", {".png"}),
            )
        ):
            base = f"/v1/operator/batches/team/uid-{number}"
            source = {"s3": {"store": "photos", "prefix": prefix, "suffix": suffix}}
            body = {"name": "photos", "source": source}
            assert operator.ask("PUT", "/manifest", body, base).json["total"] == len(ids), prefix
        empty = {"s3": {"store": "photos", "prefix": "out/"}}
        body = {"name": "photos", "source": empty}
        answer = operator.ask("PUT", "/manifest", body, "/v1/operator/batches/team/uid-out")
        assert answer.json["reason"] == "EmptyManifest"


def test_hostile_names_are_items_like_others_and_their_content_is_given(
    bucket: Bucket, service: Service
) -> None:
    for name in HOSTILE:
        bucket.lay(f"in/{name}", name.encode())
    frozen = Operator(service).freeze(s3={"store": "photos", "prefix": "in/"})
    assert (frozen.json["total"], frozen.json["unreadableCount"]) == (len(HOSTILE), 0)
    token = pod(service, 0, len(HOSTILE))
    items = service.ask("GET", "/v1/items", token).json["items"]
    assert {item["uri"] for item in items} == {
        f"s3://{bucket.name}/{quote(f'in/{name}')}" for name in HOSTILE
    }
    for item in items:
        answer = service.ask("GET", f"/v1/items/{item['number']}/content", token)
        assert answer.status == 200, item
        assert quote(f"in/{answer.body.decode()}") == item["uri"].partition(f"{bucket.name}/")[2]


@pytest.mark.parametrize("name", ["line\nbreak.png", "tab\t.png", "\x7f.png"], ids=repr)
def test_a_name_that_no_address_can_hold_ends_the_batch_and_says_so(
    bucket: Bucket, service: Service, name: str
) -> None:
    for other in ("a.png", name, "z.png"):
        bucket.lay(f"in/{other}", b"x")
    answer = Operator(service).freeze(s3={"store": "photos", "prefix": "in/"})
    assert (answer.status, answer.json["reason"]) == (422, "ManifestUnreadable")
    assert "whose key is no path (control characters" in answer.json["detail"]


@pytest.mark.parametrize("prefix", ["../", "a/../b/", "/photos/", "a//b", "a\n/b", "./"], ids=repr)
def test_a_prefix_that_no_key_can_have_is_refused(service: Service, prefix: str) -> None:
    answer = Operator(service).freeze(s3={"store": "photos", "prefix": prefix})
    assert (answer.status, answer.json["reason"]) == (422, "InvalidSource")
    assert "give a prefix such as photos/2026/" in answer.json["detail"]


def test_what_consoles_leave_for_a_folder_is_no_item_and_an_empty_object_is_one(
    bucket: Bucket, service: Service
) -> None:
    bucket.lay_folder_mark("in/2026")
    bucket.lay("in/2026/a.png", b"x")
    bucket.lay("in/empty.png", b"")
    Operator(service).freeze(s3={"store": "photos", "prefix": "in/"})
    items = service.ask("GET", "/v1/items", pod(service, 0, 2)).json["items"]
    assert {item["id"] for item in items} == {"2026/a.png", "empty.png"}


def test_an_object_is_read_as_it_is_now_and_one_that_is_gone_is_said_to_be(
    bucket: Bucket, service: Service
) -> None:
    bucket.lay("in/a.png", b"broken")
    Operator(service).freeze(s3={"store": "photos"})
    token = pod(service, 0, 1)
    assert service.ask("GET", "/v1/items/0/content", token).body == b"broken"
    bucket.lay("in/a.png", b"a good picture")
    assert service.ask("GET", "/v1/items/0/content", token).body == b"a good picture"
    (bucket.folder / "in/a.png").unlink()
    gone = service.ask("GET", "/v1/items/0/content", token)
    assert (gone.status, gone.json["reason"]) == (422, "SourceMissing")


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"secretAccessKeyFile": "wrong"}, "SourceForbidden", "refuses our key (SignatureDoesNot"),
        ({"accessKeyIdFile": "wrong"}, "SourceMissing", "no such bucket for our key (XAdminUser"),
        ({"bucket": "none-of-ours"}, "SourceMissing", "no such bucket for our key (NoSuchBucket)"),
    ],
    ids=["wrong key", "unknown key", "missing bucket"],
)
async def test_a_wrong_key_and_a_missing_bucket_are_refused_and_nothing_of_the_key_is_told(
    bucket: Bucket, keys: Path, change: dict[str, str], reason: str, sentence: str
) -> None:
    wrong = keys.parent / "wrong"
    wrong.write_text("nobody's")
    changed = {key: str(wrong) if text == "wrong" else text for key, text in change.items()}
    store = store_of(bucket, keys, **changed)
    with pytest.raises(Refused) as refused:
        await listed(store)
    assert refused.value.reason == reason
    assert sentence in str(refused.value)
    assert bucket.server.secret not in str(refused.value)
    # What is wrong with the store is no item's fault: whoever reads one waits.
    with pytest.raises(StoreUnavailable) as waits:
        await ItemStores([store]).open(store, "a.png")
    assert sentence in str(waits.value)
    assert bucket.server.secret not in str(waits.value)


def test_a_key_that_was_mended_counts_without_a_restart(
    bucket: Bucket, keys: Path, service: Service
) -> None:
    bucket.lay("in/a.png", b"x")
    Operator(service).freeze(s3={"store": "photos"})
    secret = keys / "secretAccessKey"
    right = secret.read_text()
    secret.write_text("wrong\n")
    token = pod(service, 0, 1)
    waits = service.ask("GET", "/v1/items/0/content", token)
    assert (waits.status, waits.headers["retry-after"]) == (503, "5")
    assert "refuses our key (SignatureDoesNotMatch)" in waits.json["error"]
    secret.write_text(right)
    assert service.ask("GET", "/v1/items/0/content", token).status == 200


def test_a_store_is_of_its_namespaces_alone(bucket: Bucket, service: Service) -> None:
    bucket.lay("in/a.png", b"x")
    body = {"name": "photos", "source": {"s3": {"store": "photos"}}}
    operator = Operator(service)
    other = operator.ask("PUT", "/manifest", body, "/v1/operator/batches/other/uid-1")
    assert (other.status, other.json["reason"]) == (422, "StoreUnknown")
    inline = [{"uri": f"s3://{bucket.name}/in/a.png"}]
    body = {"name": "photos", "source": {"inline": inline}}
    other = operator.ask("PUT", "/manifest", body, "/v1/operator/batches/other/uid-2")
    assert (other.status, other.json["reason"]) == (422, "ManifestUnreadable")
    run = service.cluster.run(uri=inline[0]["uri"], namespace="other", uid="run-2")
    token = service.cluster.stage_pod(run, "ocr", "pod-2")
    assert service.ask("GET", "/v1/input", token).status == 403


def test_while_the_server_is_away_the_batch_waits_and_goes_on_when_it_is_back(
    server: S3Server, bucket: Bucket, service: Service
) -> None:
    bucket.lay("in/a.png", b"x")
    operator = Operator(service)
    server.stop()
    waits = operator.freeze(s3={"store": "photos"})
    assert (waits.status, waits.json["reason"]) == (503, "ArtifactsUnavailable")
    assert "store 'photos' does not answer" in waits.json["detail"]
    server.start()
    assert operator.freeze(s3={"store": "photos"}).json["total"] == 1
    server.stop()
    token = pod(service, 0, 1)
    away = service.ask("GET", "/v1/items/0/content", token)
    assert (away.status, away.headers["retry-after"]) == (503, "5")
    server.start()
    assert service.ask("GET", "/v1/items/0/content", token).body == b"x"


class Interrupted(ItemStores):
    """Its server goes away in the middle of the first listing."""

    def __init__(self, store: ItemStoreSettings, server: S3Server, after: int) -> None:
        super().__init__([store])
        self._server = server
        self._left = after

    async def found(self, store: ItemStoreSettings, prefix: str) -> AsyncIterator[Found]:
        async for found in super().found(store, prefix):
            yield found
            self._left -= 1
            if not self._left:
                self._server.stop()


async def test_a_server_that_goes_away_in_mid_listing_costs_no_object_and_doubles_none(
    server: S3Server, many: Bucket, keys: Path, tmp_path: Path
) -> None:
    stores = Interrupted(store_of(many, keys), server, after=1500)
    volume = LocalStore(tmp_path / "volume", max_file_bytes=10**9)
    allowed = Allowed("team", folders=stores.buckets("team"))
    freezer = Freezer(volume, Sources(volume, stores, 10**9), lambda _: allowed, patience=60)
    request = FreezeRequest("photos", Source(s3=S3Source("photos", "in/")))
    with pytest.raises(StoreUnavailable, match="store 'photos' does not answer as it should"):
        await freezer.freeze(FOLDER, request)
    server.start()
    facts = await freezer.freeze(FOLDER, request)
    assert isinstance(facts, ManifestFacts)
    assert (facts.total, facts.duplicateCount) == (MANY, 0)
    lines = await small_files.read(volume, FOLDER.manifest, 10**9)
    uris = [msgspec.json.decode(line)["uri"] for line in (lines or b"").splitlines()]
    assert uris == [f"s3://{many.name}/{key}" for key in many.laid()]
