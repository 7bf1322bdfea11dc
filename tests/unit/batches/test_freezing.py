"""Manifests: every source frozen, every bad input told with its line and a sentence."""

import gzip

import obstore
import pytest

from stagework.api.batch_book import MAX_ITEMS, BadLine, FreezeRequest, Source
from stagework.batches import small_files
from stagework.batches.errors import Refused
from stagework.batches.freezing import Freezer, StillFreezing
from stagework.batches.manifest_builder import ManifestBuilder
from stagework.batches.sources import Sources
from stagework.batches.stores import StoreUnavailable
from stagework.policies.item_address import Allowed
from stagework.policies.manifest_lines import Given
from tests.unit.batches.conftest import FOLDER, PHOTOS, Bench

SHA = "1" * 64


async def refusal(bench: Bench, **source: object) -> Refused:
    with pytest.raises(Refused) as caught:
        await bench.freeze(**source)
    assert await small_files.read(bench.store, FOLDER.facts, 10**6) is None
    return caught.value


async def test_inline_items_are_frozen_in_their_order(bench: Bench) -> None:
    inline = [
        {"id": "first", "uri": "s3://photos/1.png"},
        {"uri": "s3://photos/2.png", "params": {"prompt": "summer"}},
        {"params": {"prompt": "winter"}},
    ]
    facts = await bench.freeze(inline=inline)
    assert (facts.total, facts.name, facts.source) == (3, "photos", "inline")
    assert await bench.lines() == [
        {"id": "first", "uri": "s3://photos/1.png"},
        {"id": "2.png", "uri": "s3://photos/2.png", "params": {"prompt": "summer"}},
        {"id": "item#2", "params": {"prompt": "winter"}},
    ]


async def test_a_config_maps_text_may_be_json_lines_or_csv(bench: Bench) -> None:
    text = "id,uri,prompt\r\na,s3://photos/a.png,red\r\n\r\nb,s3://photos/b.png,\r\n"
    assert (await bench.freeze(configMap=text)).total == 2
    assert await bench.lines() == [
        {"id": "a", "uri": "s3://photos/a.png", "params": {"prompt": "red"}},
        {"id": "b", "uri": "s3://photos/b.png"},
    ]


async def test_an_uploaded_manifest_is_read_from_the_store(bench: Bench) -> None:
    content = b'{"uri": "s3://photos/a.png"}\n{"uri": "s3://photos/b.png"}'
    await small_files.write(bench.store, f"team/uploads/{SHA}/list.jsonl", content)
    facts = await bench.freeze(manifest=f"artifact://team/uploads/{SHA}/list.jsonl")
    assert facts.total == 2


async def test_objects_of_a_store_are_listed_by_prefix_and_suffix(bench: Bench) -> None:
    for key in ("a/1.png", "a/2.PNG", "a/2.png", "a/b/1.png", "ab/3.png", "z.png"):
        await obstore.put_async(bench.bucket, key, b"x")
    facts = await bench.freeze(s3={"store": "photos", "prefix": "a/", "suffix": ".png"})
    assert facts.total == 3
    assert {(line["id"], line["uri"]) for line in await bench.lines()} == {
        ("1.png", "s3://photos/a/1.png"),
        ("2.png", "s3://photos/a/2.png"),
        ("b/1.png", "s3://photos/a/b/1.png"),
    }


async def test_a_stages_list_or_folder_gives_items(bench: Bench) -> None:
    prefix = "team/run-1/pages/1-pod"
    await small_files.write(bench.store, f"{prefix}/pages/1.png", b"x")
    await small_files.write(bench.store, f"{prefix}/pages/2 b.png", b"x")
    source = {"prefix": prefix, "path": "pages"}
    assert (await bench.freeze(**{"from": source})).beside == prefix
    assert [line["uri"] for line in await bench.lines()] == [
        f"artifact://{prefix}/pages/1.png",
        f"artifact://{prefix}/pages/2%20b.png",
    ]


async def test_ids_of_equal_names_get_their_numbers(bench: Bench) -> None:
    inline = [{"uri": f"s3://photos/{folder}/1.png"} for folder in "abc"]
    await bench.freeze(inline=inline)
    assert [line["id"] for line in await bench.lines()] == ["1.png", "1.png#1", "1.png#2"]


async def test_duplicates_are_left_out_and_told_with_their_lines(bench: Bench) -> None:
    text = (
        '{"id": "a", "uri": "s3://photos/1.png"}\n'
        '{"id": "a", "uri": "s3://photos/2.png"}\n'
        '{"uri": "s3://photos/3.png"}\n'
        '{"uri": "s3://photos/3.png"}\n'
        '{"uri": "s3://photos/3.png", "params": {"p": "x"}}'
    )
    facts = await bench.freeze(configMap=text)
    assert (facts.total, facts.duplicates, facts.duplicateCount) == (3, [2, 4], 2)


async def test_an_id_that_was_made_before_is_told_and_not_guessed(bench: Bench) -> None:
    inline = [{"uri": "s3://photos/a.png"}, {"id": "a.png", "uri": "s3://photos/b.png"}]
    facts = await bench.freeze(inline=inline)
    assert facts.total == 1
    assert facts.unreadable[0].line == 2
    assert "give that one an id, too" in facts.unreadable[0].reason


async def test_broken_lines_are_told_with_their_numbers_and_the_others_go_on(bench: Bench) -> None:
    lines = ['{"uri": "s3://photos/1.png"}', "{", "", '{"uri": "s3://elsewhere/1.png"}', "\xff\xfe"]
    content = "\n".join(lines).encode("latin-1")
    await small_files.write(bench.store, f"team/uploads/{SHA}/list", content)
    facts = await bench.freeze(manifest=f"artifact://team/uploads/{SHA}/list")
    assert facts.total == 1
    assert facts.unreadableCount == 3
    assert facts.unreadable == [
        BadLine(2, "it is no JSON"),
        BadLine(
            4, "its address is in a bucket that no store of the settings gives to this namespace"
        ),
        BadLine(5, "it is no UTF-8"),
    ]


async def test_of_many_bad_lines_twenty_are_told_and_all_counted(bench: Bench) -> None:
    text = '{"uri": "s3://photos/1.png"}\n' * 30 + "{\n" * 30
    facts = await bench.freeze(configMap=text)
    assert (len(facts.duplicates), facts.duplicateCount) == (20, 29)
    assert (len(facts.unreadable), facts.unreadableCount) == (20, 30)


async def test_a_line_longer_than_may_be_is_told_and_skipped(bench: Bench) -> None:
    text = (
        '{"uri": "s3://photos/1.png"}\n{"id": "'
        + "x" * 300_000
        + '"}\n{"uri": "s3://photos/2.png"}'
    )
    facts = await bench.freeze(configMap=text)
    assert (facts.total, facts.unreadable) == (2, [BadLine(2, "it is longer than 128 KiB")])


async def test_an_archive_is_no_manifest(bench: Bench) -> None:
    content = gzip.compress(b'{"uri": "s3://photos/1.png"}')
    await small_files.write(bench.store, f"team/uploads/{SHA}/list.gz", content)
    refused = await refusal(bench, manifest=f"artifact://team/uploads/{SHA}/list.gz")
    assert refused.reason == "ManifestUnreadable"


@pytest.mark.parametrize(
    ("source", "reason", "sentence"),
    [
        ({"inline": []}, "EmptyManifest", "the list has no items"),
        ({"configMap": "\n\n"}, "EmptyManifest", "the list has no items"),
        ({"configMap": "uri\n"}, "EmptyManifest", "the list has no items"),
        ({"configMap": "a.png\nb.png"}, "ManifestUnreadable", "its first line is neither"),
        ({"configMap": '{"x": 1}\n'}, "ManifestUnreadable", "line 1: it has a key 'x'"),
        ({"manifest": f"artifact://team/uploads/{SHA}/none"}, "SourceMissing", "upload it (again)"),
        ({"manifest": f"artifact://other/uploads/{SHA}/x"}, "SourceForbidden", "own namespace"),
        (
            {"manifest": "artifact://team/run-1/a/1-p/x"},
            "SourceForbidden",
            "artifact://team/uploads",
        ),
        ({"s3": {"store": "photo"}}, "StoreUnknown", "settings.batches.stores"),
        ({"s3": {"store": "photos", "prefix": "none/"}}, "EmptyManifest", "the list has no items"),
        ({"from": {"prefix": "team/r/s/1-p", "path": "x"}}, "SourceMissing", "has left nothing"),
        (
            {"from": {"prefix": "other/r/s/1-p", "path": "x"}},
            "SourceForbidden",
            "another namespace",
        ),
        ({"from": {"prefix": "team/r/s/1-p", "path": "../x"}}, "SourceMissing", "no path for"),
        ({}, "InvalidSource", "exactly one"),
        ({"configMap": "x", "inline": []}, "InvalidSource", "exactly one"),
    ],
)
async def test_what_cannot_be_frozen_says_what_to_change(
    bench: Bench, source: dict[str, object], reason: str, sentence: str
) -> None:
    refused = await refusal(bench, **source)
    assert (refused.reason, sentence in str(refused)) == (reason, True), str(refused)


async def test_a_store_of_others_is_as_unknown_as_none(bench: Bench) -> None:
    bench.settings = (PHOTOS.model_copy(update={"namespaces": ("other",)}),)
    bench.restart()
    assert (await refusal(bench, s3={"store": "photos"})).reason == "StoreUnknown"


async def test_a_picture_of_a_stage_is_no_list(bench: Bench) -> None:
    await small_files.write(bench.store, "team/r/s/1-p/a.png", b"x")
    refused = await refusal(bench, **{"from": {"prefix": "team/r/s/1-p", "path": "a.png"}})
    assert "name a folder, or a list of items" in str(refused)


async def test_a_list_with_too_many_bytes_is_refused(bench: Bench) -> None:
    bench.max_bytes = 100
    bench.restart()
    refused = await refusal(
        bench,
        configMap='{"uri": "s3://photos/1.png"}\n{"uri": "s3://photos/2.png"}\n{"uri": "s3://photos/3.png"}',
    )
    assert refused.reason == "ManifestTooLarge"


def test_the_item_after_the_last_that_a_batch_may_have_is_refused() -> None:
    assert MAX_ITEMS == 1_000_000
    small = ManifestBuilder(Allowed("team"), max_bytes=10**9, max_items=3)
    for number in range(3):
        small.add(number, Given(str(number), "", {"p": ""}))
    with pytest.raises(Refused, match="more than 3 items: make several batches") as caught:
        small.add(4, Given("3", "", {"p": ""}))
    assert caught.value.reason == "TooManyItems"
    small.close()


async def test_what_is_frozen_never_changes(bench: Bench) -> None:
    first = await bench.freeze(inline=[{"uri": "s3://photos/1.png"}])
    assert await bench.freeze(inline=[{"uri": "s3://photos/2.png"}]) == first
    bench.restart()
    assert await bench.freeze(inline=[]) == first


async def test_a_refusal_is_told_again_without_reading_again(bench: Bench) -> None:
    await refusal(bench, configMap="")
    assert (
        await refusal(bench, configMap='{"uri": "s3://photos/1.png"}')
    ).reason == "EmptyManifest"


class Away(Sources):
    """A store that does not answer."""

    async def read(self, source: Source, namespace: str, builder: ManifestBuilder) -> None:
        raise StoreUnavailable("store 'photos' does not answer")


async def test_a_store_that_does_not_answer_is_asked_anew(bench: Bench) -> None:
    away = Away(bench.store, bench.stores, 1000)
    bench.freezer = Freezer(bench.store, away, bench.allowed, patience=10)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await bench.freeze(inline=[])


async def test_a_long_freeze_answers_how_far_it_is(bench: Bench) -> None:
    freezer = Freezer(
        bench.store, Sources(bench.store, bench.stores, 10**9), bench.allowed, patience=0
    )
    text = "".join(f'{{"uri": "s3://photos/{n}.png"}}\n' for n in range(5000))
    request = FreezeRequest("photos", Source(configMap=text))
    first = await freezer.freeze(FOLDER, request)
    assert isinstance(first, StillFreezing)
    await freezer.close()
    assert await small_files.read(bench.store, FOLDER.facts, 10**6) is None
