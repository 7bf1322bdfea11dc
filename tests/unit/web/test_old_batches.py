"""The old batch service's routes: its shape to the letter, limits and bad uploads."""

import hashlib
import http.client
import io
import json
import socket
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stagework.settings import BatchSettings, OldClientSettings
from tests.unit.web.service import Answer, Service, running
from tests.unit.web.test_batches import ENDED, RUNNING

OLD = OldClientSettings(namespace="team", pipeline="ad-image")
LIMITS = BatchSettings(
    oldClients=OLD, maxUploadBytes=200_000, maxUploadFiles=20, maxUnpackedBytes=5_000_000
)
RIGHTS = tuple((f"{verb} batches", "team") for verb in ("list", "get", "create"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "volume", batches=LIMITS) as started:
        yield started


def form(*parts: tuple[str, str | None, bytes], boundary: str = "b0undary") -> bytes:
    """Parts as (field, file name, content)."""
    body = b""
    for name, filename, content in parts:
        file = f'; filename="{filename}"' if filename is not None else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def files(*names: str) -> list[tuple[str, str | None, bytes]]:
    return [("files", name, f"content of {name}".encode()) for name in names]


def upload(service: Service, *parts: tuple[str, str | None, bytes], title: str = "shoes") -> Answer:
    token = service.cluster.person("ann", *RIGHTS)
    body = form(("batch_name", None, title.encode()), *parts)
    kind = {"Content-Type": "multipart/form-data; boundary=b0undary"}
    return service.ask("POST", "/pipeline/batch", token, body, kind)


def zipped(*entries: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def manifest(service: Service) -> list[dict[str, str]]:
    (made,) = service.cluster.batches.made
    path = service.root / made["spec"]["items"]["manifest"].removeprefix("artifact://")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_files_become_a_batch_in_the_old_shape(service: Service) -> None:
    answer = upload(service, *files("a.PNG", "b.png"), ("chunk_size", None, b"5"))
    assert answer.status == 200, answer.body
    assert answer.json == {
        "success": True,
        "data": {
            "context_id": "batch-1",
            "message": "batch 'shoes' of 2 files was started",
        },
    }
    (made,) = service.cluster.batches.made
    assert made["metadata"]["namespace"] == "team"
    assert made["spec"]["pipelineRef"] == {"name": "ad-image"}
    assert (made["spec"]["chunkSize"], made["spec"]["title"]) == (5, "shoes")
    items = manifest(service)
    assert [item["id"] for item in items] == ["a.PNG", "b.png"]
    digest = hashlib.sha256(b"content of a.PNG").hexdigest()
    assert items[0]["uri"] == f"artifact://team/uploads/{digest}/item-000000.png"
    assert f"team/uploads/{digest}/item-000000.png" in service.stored()


def test_without_a_chunk_size_the_default_stands(service: Service) -> None:
    upload(service, *files("a.png"))
    assert "chunkSize" not in service.cluster.batches.made[0]["spec"]


def test_the_status_has_the_old_shape_and_counts_failed_images_as_handled(
    service: Service,
) -> None:
    service.cluster.batches.put("shoes", **RUNNING)
    token = service.cluster.person("ann", *RIGHTS)
    answer = service.ask("GET", "/pipeline/batch/shoes", token)
    assert answer.json == {
        "success": True,
        "data": {
            "batch_id": "shoes",
            "status": "STARTED",
            "total_images": 100,
            "completed_images": 45,
            "failed_images": 2,
            "progress_percentage": 47.0,
            "started_at": "2026-11-30T12:00:00Z",
            "estimated_time_remaining": 254,
        },
    }
    listed = service.ask("GET", "/pipeline/batch?limit=10", token)
    assert listed.json == {"success": True, "data": [answer.json["data"]]}


@pytest.mark.parametrize(
    ("status", "word", "remaining"),
    [
        ({}, "STARTED", None),
        ({"conditions": [ENDED]}, "SUCCESS", 0),
        ({"conditions": [ENDED | {"status": "False"}]}, "FAILURE", 0),
        ({"conditions": [ENDED | {"status": "Unknown"}]}, "STARTED", None),
    ],
)
def test_how_it_stands_in_the_old_words(
    service: Service, status: dict[str, Any], word: str, remaining: int | None
) -> None:
    service.cluster.batches.put("shoes", **status)
    token = service.cluster.person("ann", *RIGHTS)
    data = service.ask("GET", "/pipeline/batch/shoes", token).json["data"]
    assert (data["status"], data["estimated_time_remaining"]) == (word, remaining)
    assert (data["total_images"], data["started_at"]) == (0, None)


def test_the_list_is_of_that_pipeline_and_as_long_as_asked(service: Service) -> None:
    for number in range(12):
        service.cluster.batches.put(f"b{number:02}")
    service.cluster.batches.put("z")["spec"]["pipelineRef"] = {"name": "document"}
    token = service.cluster.person("ann", *RIGHTS)
    ids = [
        [
            one["batch_id"]
            for one in service.ask("GET", f"/pipeline/batch{query}", token).json["data"]
        ]
        for query in ("", "?limit=2")
    ]
    assert (len(ids[0]), ids[1]) == (10, ["b11", "b10"])
    assert service.ask("GET", "/pipeline/batch?limit=0", token).status == 400


def test_rights_are_asked_before_a_byte_is_read(service: Service) -> None:
    bob = service.cluster.person("bob", ("get batches", "team"))
    answer = service.ask("POST", "/pipeline/batch", bob, b"no form at all")
    assert (answer.status, "create batches" in answer.json["detail"]) == (403, True)
    assert service.ask("GET", "/pipeline/batch", bob).status == 403
    assert service.stored() == []


def test_without_the_setting_the_routes_say_who_can_help(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        token = service.cluster.person("ann", *RIGHTS)
        for method, path in (("POST", ""), ("GET", ""), ("GET", "/x")):
            answer = service.ask(method, f"/pipeline/batch{path}", token)
            assert answer.status == 404
            assert "settings.batches.oldClients" in answer.json["hint"]


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", "text/plain"])
def test_another_type_of_body_is_415_with_the_way_to_send_it(service: Service, kind: str) -> None:
    token = service.cluster.person("ann", *RIGHTS)
    answer = service.ask("POST", "/pipeline/batch", token, b"{}", {"Content-Type": kind})
    assert answer.status == 415
    assert "curl: -F batch_name=" in answer.json["hint"]


@pytest.mark.parametrize(
    ("parts", "status", "sentence"),
    [
        ([], 400, "the upload has no files"),
        ([("files", "a.png", b"")], 400, "the file 'a.png' is empty"),
        ([*files("a.png"), ("chunk_size", None, b"0")], 400, "chunk_size must be a number"),
        ([*files("a.png"), ("chunk_size", None, b"1001")], 400, "chunk_size must be a number"),
        ([*files("a.png"), ("chunk_size", None, b"ten")], 400, "chunk_size must be a number"),
        ([*files("a.png"), ("chunk_size", None, b"9" * 70_000)], 400, "longer than 65536"),
        ([*files("a.png"), ("x", None, b"\xff")], 400, "the field 'x' is no UTF-8"),
        ([("files", "a.png", b"x" * 250_000)], 413, "more than 200000 bytes"),
        (files(*(f"{n}.png" for n in range(21))), 413, "more than 20 files"),
        (files(*(f"{n}.png" for n in range(200))), 413, "more than 20 files"),
    ],
)
def test_a_bad_upload_says_what_to_change_and_makes_no_batch(
    service: Service,
    parts: list[tuple[str, str | None, bytes]],
    status: int,
    sentence: str,
) -> None:
    answer = upload(service, *parts)
    assert (answer.status, sentence in answer.json["detail"]) == (status, True), answer.body
    assert service.cluster.batches.made == []


@pytest.mark.parametrize("title", ["", "x" * 129, "a\x1b[31m"])
def test_a_batch_needs_a_name_that_can_be_read(service: Service, title: str) -> None:
    answer = upload(service, *files("a.png"), title=title)
    assert (answer.status, "batch_name must be" in answer.json["detail"]) == (400, True)


@pytest.mark.parametrize("end", [-1, -12, 150, 60, 3])
def test_a_form_that_ends_too_early_makes_no_batch(service: Service, end: int) -> None:
    token = service.cluster.person("ann", *RIGHTS)
    body = form(("batch_name", None, b"shoes"), *files("a.png", "b.png"))[:end]
    kind = {"Content-Type": "multipart/form-data; boundary=b0undary"}
    answer = service.ask("POST", "/pipeline/batch", token, body, kind)
    if end == -1:  # the last line break is no loss
        assert answer.status in {200, 400}
        return
    assert answer.status == 400
    assert service.cluster.batches.made == []


def test_an_upload_that_is_cut_off_leaves_no_batch_and_nothing_half(service: Service) -> None:
    token = service.cluster.person("ann", *RIGHTS)
    body = form(("batch_name", None, b"shoes"), ("files", "a.png", b"x" * 50_000))
    head = (
        f"POST /pipeline/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=b0undary\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head.encode() + body[:30_000])
    assert upload(service, *files("b.png")).status == 200, "others go on"
    assert [made["spec"]["title"] for made in service.cluster.batches.made] == ["shoes"]
    assert not [path for path in service.stored() if path.startswith(".incoming")]


@pytest.mark.parametrize(
    ("name", "shown", "extension"),
    [
        ("../../etc/passwd", "../../etc/passwd", ""),
        ("C:\\pictures\\a.png", "a.png", ".png"),
        ("신발 1.png", "신발 1.png", ".png"),
        ("a.png;rm -rf", "a.png;rm -rf", ""),
        ("x" * 300 + ".png", "x" * 190, ".png"),
        (".hidden", ".hidden", ""),
        ("", "item#0", ""),
    ],
)
def test_names_of_files_are_made_by_us_whatever_they_are_called(
    service: Service, name: str, shown: str, extension: str
) -> None:
    answer = upload(service, ("files", name, b"x"))
    assert answer.status == 200, answer.body
    (item,) = manifest(service)
    assert item["id"] == shown
    assert item["uri"].rpartition("/")[2] == f"item-000000{extension}"


def test_equal_names_and_equal_contents_are_items_of_their_own(service: Service) -> None:
    upload(service, *[("files", "a.png", b"same")] * 3)
    assert [item["id"] for item in manifest(service)] == ["a.png", "a.png#1", "a.png#2"]


def test_an_archive_is_unpacked_and_its_entries_are_items(service: Service) -> None:
    archive = zipped(
        ("pictures/", b""),
        ("pictures/1.png", b"one"),
        ("pictures/2.png", b"two"),
        ("__MACOSX/pictures/._1.png", b"x"),
        (".DS_Store", b"x"),
    )
    answer = upload(service, ("files", "all.zip", archive), *files("3.png"))
    assert answer.status == 200, answer.body
    assert [item["id"] for item in manifest(service)] == [
        "pictures/1.png",
        "pictures/2.png",
        "3.png",
    ]


def with_a_longer_list(archive: bytes) -> bytes:
    """Its end says that another record, which the library believes, has the list's length."""
    at = archive.rfind(b"PK\x05\x06")
    return archive[:at] + b"PK\x06\x07" + b"\0" * 16 + archive[at:]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted() -> bytes:
    archive = bytearray(zipped(("a.png", b"x")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.find(signature) + offset
        archive[at] |= 1
    return bytes(archive)


def lying() -> bytes:
    """An entry that says to be shorter than it is."""
    archive = bytearray(zipped(("a.bin", b"x" * 5000), method=zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = archive.find(signature) + offset
        archive[at : at + 4] = (50).to_bytes(4, "little")
    return bytes(archive)


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (zipped(("../a.png", b"x")), "leads out of the archive's folder"),
        (zipped(("/etc/passwd", b"x")), "leads out of the archive's folder"),
        (zipped(("a\\..\\b.png", b"x")), "leads out of the archive's folder"),
        (zipped(("C:/a.png", b"x")), "leads out of the archive's folder"),
        (zipped(("a\x07.png", b"x")), "leads out of the archive's folder"),
        (zipped((link(), b"/etc/passwd")), "is a link or a device"),
        (encrypted(), "is encrypted"),
        (zipped(("inner.zip", zipped(("a", b"x")))), "is an archive in the archive"),
        (zipped(("bomb.bin", b"\0" * 3_000_000)), "grows more than 100-fold"),
        (zipped(*((f"{n}.bin", b"\0" * 900_000) for n in range(6))), "unpacked it has more than"),
        (zipped(*((f"{n}.png", b"x") for n in range(21))), "it has more than 20 files"),
        (zipped(*((f"{n:0200}", b"x") for n in range(200))), "it has more than 20 files"),
        (
            zipped(("a.png", b"x" * 50), method=zipfile.ZIP_BZIP2),
            "packed in a way that is not known",
        ),
        (
            zipped(("a.png", b"x" * 50), method=zipfile.ZIP_LZMA),
            "packed in a way that is not known",
        ),
        (with_a_longer_list(zipped(("a.png", b"x"))), "it is a ZIP64 archive"),
        (zipped(), "it has no files"),
        (zipped(("a.png", b"")), "is empty"),
        (zipped(("a.png", b"x" * 5000))[:-40], "damaged one"),
        (b"PK\x03\x04" + b"x" * 100, "damaged one"),
        (lying(), "is damaged"),
    ],
    ids=[
        *("up", "absolute", "backslash", "drive", "control", "link", "encrypted", "nested", "bomb"),
        *(
            "bytes",
            "files",
            "list",
            "bzip2",
            "lzma",
            "zip64",
            "none",
            "empty",
            "cut",
            "noise",
            "lying",
        ),
    ],
)
def test_an_archive_that_is_not_good_is_refused_as_a_whole(
    service: Service, archive: bytes, sentence: str
) -> None:
    answer = upload(service, ("files", "all.zip", archive))
    assert (answer.status, sentence in answer.json["detail"]) == (400, True), answer.body
    assert answer.json["detail"].startswith("the archive 'all.zip' is refused")
    assert service.cluster.batches.made == []


def test_a_document_that_is_a_zip_inside_is_a_file(service: Service) -> None:
    upload(service, ("files", "letter.docx", zipped(("word/document.xml", b"x"))))
    assert [item["id"] for item in manifest(service)] == ["letter.docx"]


def test_an_upload_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    slow = LIMITS.model_copy(update={"maxUploadSeconds": 1})
    with running(tmp_path / "volume", batches=slow) as service:
        token = service.cluster.person("ann", *RIGHTS)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        connection.putrequest("POST", "/pipeline/batch")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Type", "multipart/form-data; boundary=b0undary")
        connection.putheader("Content-Length", "1000")
        connection.endheaders()
        connection.send(b"--b0undary\r\n")
        answer = connection.getresponse()
        assert answer.status == 408
        assert "took longer than 1 s" in json.loads(answer.read())["detail"]
        connection.close()
        assert service.cluster.batches.made == []
