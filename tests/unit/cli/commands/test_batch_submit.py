"""`stagework batch submit`: what is handed over, what is refused before anything is sent."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from rich.console import Console

from stagework.cli import handed_over
from stagework.cli.cluster import Answer
from stagework.cli.errors import ClusterUnreachable
from stagework.cli.text.terminal import Terminal
from stagework.cli.text.transfer import TransferBar, TransferLines, amount
from tests.unit.cli.batches import ONE_ENDED
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, Request, ok, status

BATCHES = f"{GROUP}/namespaces/default/batches"
UPLOADS = f"{PROXY}/v1/uploads/default/"
PIPELINE = ("--pipeline", "measure")


class Stored(FakeCluster):
    """A cluster whose API service takes uploads."""

    kept: dict[str, bytes]

    def __init__(self) -> None:
        super().__init__()
        self.kept = {}
        self.refuse: Callable[[str], Answer | None] = lambda _: None
        self.objects[f"{GROUP}/namespaces/default/pipelines/measure"] = {"metadata": {}}

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """See Cluster."""
        if method == "PUT" and path.startswith(UPLOADS):
            self.routes[method, path] = self._keep
        return super().request(method, path, **more)

    def _keep(self, asked: Request) -> Answer:
        name = unquote(asked.path.removeprefix(UPLOADS))
        refused = self.refuse(name)
        if refused is not None:
            return refused
        digest = hashlib.sha256(asked.body).hexdigest()
        assert asked.headers["X-Content-SHA256"] == digest
        uri = f"artifact://default/uploads/{digest[:8]}/{name}"
        self.kept[uri] = asked.body
        return ok({"uri": uri}, 201)

    @property
    def made_batches(self) -> list[dict[str, Any]]:
        """Specs of the batches that were made, without those that were only judged."""
        posts = self.sent("POST", "/batches")
        return [asked.json["spec"] for asked in posts if not asked.query]

    def list_of(self, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """The items of the batch, as its list has them."""
        return [json.loads(line) for line in self.kept[spec["items"]["manifest"]].splitlines()]


@pytest.fixture
def cluster() -> Stored:
    return Stored()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them below."""
    path = tmp_path / "photos"
    (path / "more").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "more/c.png", ".hidden", "more/.DS_Store"):
        (path / name).write_bytes(name.encode())
    return path


def nothing_was_sent(cluster: Stored) -> bool:
    return not cluster.kept and not cluster.made_batches


def test_a_folder_is_uploaded_listed_and_becomes_a_batch(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    outcome = cli("batch", "submit", folder, *PIPELINE, "--name", "photos", "--chunk-size", 2)
    assert outcome.code == 0, outcome.err
    assert outcome.lines == [
        "batch.stagework.dev/photos created",
        "  next: stagework batch status photos -w",
    ]
    (spec,) = cluster.made_batches
    assert {key: spec[key] for key in ("pipelineRef", "chunkSize")} == {
        "pipelineRef": {"name": "measure"},
        "chunkSize": 2,
    }
    items = cluster.list_of(spec)
    assert [item["id"] for item in items] == ["a.jpg", "b.png", "more/c.png"]
    assert [cluster.kept[item["uri"]] for item in items] == [b"a.jpg", b"b.png", b"more/c.png"]
    assert "uploaded 3 of 3 files, 20 B of 20 B" in outcome.err


def test_the_batch_is_made_by_the_person_and_judged_before_anything_is_sent(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    cli("batch", "submit", folder, *PIPELINE)
    judged, *others = [asked for asked in cluster.requests if asked.method in {"POST", "PUT"}]
    assert (judged.path, judged.query) == (BATCHES, {"dryRun": "All"})
    assert others[-1].path == BATCHES
    assert others[-1].json["metadata"]["generateName"] == "batch-"


def test_a_batch_that_the_api_server_refuses_costs_no_upload(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    denied = status(409, 'batches.stagework.dev "photos" already exists', name="photos")
    cluster.routes["POST", BATCHES] = lambda _: denied
    outcome = cli("batch", "submit", folder, *PIPELINE, "--name", "photos")
    assert outcome.code == 1
    assert "already exists" in outcome.err
    assert not cluster.kept


def test_options_become_the_spec(cli: Cli, cluster: Stored, folder: Path) -> None:
    more = ["--parallelism", "4", "--param", "prompt=a=b", "--param", "lang=en"]
    cli("batch", "submit", folder, *PIPELINE, *more, "--max-failed", "5%", "--suffix", ".png")
    (spec,) = cluster.made_batches
    assert (spec["parallelism"], spec["maxFailedItems"]) == (4, "5%")
    assert spec["params"] == {"prompt": "a=b", "lang": "en"}
    assert [item["id"] for item in cluster.list_of(spec)] == ["b.png", "more/c.png"]


def test_objects_of_a_store_are_named_and_nothing_is_uploaded(cli: Cli, cluster: Stored) -> None:
    cli("batch", "submit", "s3://photos/2026/11/", *PIPELINE, "--suffix", ".jpg")
    cli("batch", "submit", "s3://photos", *PIPELINE)
    assert [spec["items"] for spec in cluster.made_batches] == [
        {"s3": {"store": "photos", "prefix": "2026/11/", "suffix": ".jpg"}},
        {"s3": {"store": "photos"}},
    ]
    assert not cluster.kept


def test_a_list_is_uploaded_as_it_is_and_its_bad_lines_are_told(
    cli: Cli, cluster: Stored, tmp_path: Path
) -> None:
    listed = tmp_path / "list.jsonl"
    listed.write_text('{"uri": "s3://b/1"}\nnonsense\n\n{"uri": "s3://b/2", "id": "two"}\n')
    outcome = cli("batch", "submit", listed, *PIPELINE)
    assert outcome.code == 0, outcome.err
    assert f"warning: {listed}: line 2: it is no JSON" in outcome.err
    assert "1 line holds no item and is left out; 2 items are in it" in outcome.err
    (spec,) = cluster.made_batches
    assert cluster.kept[spec["items"]["manifest"]] == listed.read_bytes()


def test_a_zip_is_unpacked_by_the_services_own_rules(
    cli: Cli, cluster: Stored, tmp_path: Path
) -> None:
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x/one.png", b"1")
        archive.writestr("y/one.png", b"2")
    assert cli("batch", "submit", packed, *PIPELINE).code == 0
    items = cluster.list_of(cluster.made_batches[0])
    assert [(item["id"], cluster.kept[item["uri"]]) for item in items] == [
        ("x/one.png", b"1"),
        ("y/one.png", b"2"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("../up.png", b"1", "leads out of the archive's folder"),
        ("inner.zip", b"1", "is an archive in the archive: unpack it first"),
        ("none.png", b"", "'none.png' in it is empty: leave it out"),
    ],
)
def test_a_hostile_or_useless_zip_is_refused_with_a_sentence(
    cli: Cli, cluster: Stored, tmp_path: Path, *, name: str, content: bytes, sentence: str
) -> None:
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.png", b"1")
        archive.writestr(name, content)
    outcome = cli("batch", "submit", packed, *PIPELINE)
    assert outcome.code == 1
    assert f"{packed} is refused: " in outcome.err
    assert sentence in outcome.err
    assert nothing_was_sent(cluster)


def test_a_zip_that_is_cut_off_is_refused(cli: Cli, cluster: Stored, tmp_path: Path) -> None:
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.png", b"1" * 1000)
    packed.write_bytes(packed.read_bytes()[:-30])
    assert "or a damaged one: pack it again" in cli("batch", "submit", packed, *PIPELINE).err
    assert nothing_was_sent(cluster)


def test_an_empty_folder_is_refused(cli: Cli, cluster: Stored, tmp_path: Path) -> None:
    outcome = cli("batch", "submit", tmp_path, *PIPELINE)
    assert outcome.code == 1
    assert f"{tmp_path} has no files" in outcome.err
    assert f"next: ls -l {tmp_path}" in outcome.err
    assert nothing_was_sent(cluster)


def test_a_folder_without_such_files_says_which_it_looked_for(cli: Cli, folder: Path) -> None:
    outcome = cli("batch", "submit", folder, *PIPELINE, "--suffix", ".tiff")
    assert "has no files that end with .tiff" in outcome.err


def test_a_folder_with_empty_files_names_the_first_and_how_to_find_all(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    for name in ("x.png", "y.png"):
        (folder / name).touch()
    outcome = cli("batch", "submit", folder, *PIPELINE)
    assert "x.png is empty, and 1 more: take out what has no content" in outcome.err
    assert f"next: find {folder} -type f -empty" in outcome.err
    assert nothing_was_sent(cluster)


def test_a_file_that_cannot_be_read_is_named_before_anything_is_sent(
    cli: Cli, cluster: Stored, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_readable(path: Path, _mode: int) -> bool:
        return path.name != "b.png"

    monkeypatch.setattr(os, "access", is_readable)
    assert "b.png" in cli("batch", "submit", folder, *PIPELINE).err
    assert nothing_was_sent(cluster)


def test_more_files_than_a_batch_takes_are_refused(
    cli: Cli, cluster: Stored, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handed_over, "MAX_ITEMS", 2)
    outcome = cli("batch", "submit", folder, *PIPELINE)
    assert "has more than 2 files: make several batches of it" in outcome.err
    listed = folder.parent / "list.csv"
    listed.write_text("uri\ns3://b/1\ns3://b/2\ns3://b/3\n")
    outcome = cli("batch", "submit", listed, *PIPELINE)
    assert "has more than 2 items: make several batches of it" in outcome.err
    assert nothing_was_sent(cluster)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "list is empty"),
        (b"one two\nthree\n", "neither a JSON object nor a head of CSV"),
        (b'{"uri": 5}\n', "has no items; line 1: its uri is no text"),
        (b"uri,lang\n", "has no items; a list is JSON Lines"),
        (b"\xff\xfe\x00", "has no items; line 1: it is no UTF-8"),
    ],
)
def test_a_list_without_items_says_what_a_list_is(
    cli: Cli, cluster: Stored, tmp_path: Path, content: bytes, sentence: str
) -> None:
    listed = tmp_path / "list"
    listed.write_bytes(content)
    outcome = cli("batch", "submit", listed, *PIPELINE)
    assert outcome.code == 1
    assert sentence in outcome.err
    assert nothing_was_sent(cluster)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["/nowhere/at/all"], 1, "cannot read /nowhere/at/all: No such file or directory"),
        (["s3:///prefix"], 1, "names no store: write s3://STORE/PREFIX"),
        (["FOLDER", "--chunk-size", "0"], 2, "--chunk-size"),
        (["FOLDER", "--chunk-size", "1001"], 2, "--chunk-size"),
        (["FOLDER", "--param", "novalue"], 1, "write --param KEY=VALUE"),
        (["FOLDER", "--max-failed", "many"], 1, "--max-failed takes a number or a share"),
        (["s3://Bad_Store/x"], 1, "a store's name has a-z, 0-9 and '-' alone"),
        (["FOLDER", "--param", "A B=1"], 1, "--param takes names of a-z"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    cli: Cli, cluster: Stored, folder: Path, *, words: list[str], code: int, sentence: str
) -> None:
    given = [str(folder) if word == "FOLDER" else word for word in words]
    outcome = cli("batch", "submit", *given, *PIPELINE)
    assert outcome.code == code
    assert sentence in outcome.err
    assert nothing_was_sent(cluster)


def test_a_pipeline_that_is_not_there_is_told_before_anything_is_sent(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    outcome = cli("batch", "submit", folder, "--pipeline", "none")
    assert "there is no Pipeline 'none' in namespace 'default'" in outcome.err
    assert "next: kubectl get pipelines.stagework.dev -n default" in outcome.err
    assert nothing_was_sent(cluster)


def test_a_file_that_is_too_large_fails_the_upload_and_no_batch_is_made(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    too_large = ok({"error": "more than 4 bytes", "hint": "settings.artifacts.maxFileBytes"}, 413)
    cluster.refuse = lambda name: too_large if name == "b.png" else None
    outcome = cli("batch", "submit", folder, *PIPELINE)
    assert outcome.code == 1
    assert "upload b.png: more than 4 bytes (settings.artifacts.maxFileBytes)" in outcome.err
    assert not cluster.made_batches


def test_an_upload_that_nobody_answers_is_tried_again_a_few_times(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    failures: list[str] = []

    def away(name: str) -> None:
        if name == "b.png" and len(failures) < until:
            failures.append(name)
            raise ClusterUnreachable("no answer from the API server")

    until = 3
    cluster.refuse = away
    assert cli("batch", "submit", folder, *PIPELINE).code == 0
    assert cli.slept == [1, 2, 3]
    failures.clear()
    until = 99
    outcome = cli("batch", "submit", folder, *PIPELINE)
    assert (outcome.code, "no answer from the API server" in outcome.err) == (1, True)
    assert len(cluster.made_batches) == 1


def test_a_name_that_no_artifact_may_have_is_made_anew_and_stays_the_items_id(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    name = "a\\b\u200e.PNG"
    (folder / name).write_bytes(b"odd")
    assert cli("batch", "submit", folder, *PIPELINE).code == 0
    items = {item["uri"]: item["id"] for item in cluster.list_of(cluster.made_batches[0])}
    (odd,) = [uri for uri in items if cluster.kept[uri] == b"odd"]
    assert (odd.endswith("/item.png"), items[odd]) == (True, "a\\b.PNG")


def test_one_sign_in_serves_all_uploads(cli: Cli, cluster: Stored, folder: Path) -> None:
    cli("batch", "submit", folder, *PIPELINE)
    assert len(cluster.sent("POST", "/v1/tickets")) == 1


def test_as_json_the_batch_is_printed_and_nothing_else(
    cli: Cli, cluster: Stored, folder: Path
) -> None:
    outcome = cli("batch", "submit", folder, *PIPELINE, "--name", "photos", "-o", "json")
    assert json.loads(outcome.out)["batch"]["name"] == "photos"


def test_with_watch_it_is_followed_to_its_end(cli: Cli, cluster: Stored, folder: Path) -> None:
    cli.on_sleep = lambda: cluster.add_batches(ONE_ENDED.model_copy(update=same_uid(cluster)))
    outcome = cli("batch", "submit", folder, *PIPELINE, "--name", "photos", "-w")
    assert outcome.code == 0, outcome.err
    assert outcome.lines[1:] == [
        "[Batch photos] [0s] no items yet - Queued",
        "[Batch photos] [90s] 100/100 100.0% - CompletedWithFailures: 2 failed, 12.5 a minute",
    ]


def same_uid(cluster: Stored) -> dict[str, Any]:
    """The batch that ends is the one that was made."""
    uid = cluster.objects[f"{BATCHES}/photos"]["metadata"]["uid"]
    return {"metadata": ONE_ENDED.metadata.model_copy(update={"uid": uid})}


def test_amounts_are_short() -> None:
    assert [amount(size) for size in (0, 312, 1024, 4_404_019, 5 * 1024**4, 2048 * 1024**4)] == [
        "0 B",
        "312 B",
        "1.0 KiB",
        "4.2 MiB",
        "5.0 TiB",
        "2048.0 TiB",
    ]


def test_in_a_terminal_a_bar_shows_how_much_is_there() -> None:
    painted = io.StringIO()
    with TransferBar(Console(file=painted, force_terminal=True, width=100)) as progress:
        progress.begin(4, 4096)
        progress.sent(1024)
    assert "uploading" in painted.getvalue()
    assert "1 of 4 files, 1.0 KiB of 4.0 KiB" in painted.getvalue()


def test_lines_come_at_each_tenth_however_many_files_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with TransferLines(Terminal()) as progress:
        progress.begin(1000, 1000)
        for _ in range(1000):
            progress.sent(1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "uploaded 100 of 1000 files, 100 B of 1000 B"
