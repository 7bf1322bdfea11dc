"""A stage's own model: a mounted folder or an uploaded zip, and a clear reason where neither is."""

import io
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

import stagekit
from stagekit import models
from stagekit.context import Context
from stagekit.retry import Patience
from tests.unit.stagekit.local import Local
from tests.unit.web.service import Service, running

QUICK = Patience(first_seconds=0.01, longest_seconds=0.02, total_seconds=2)
ADDRESS = "artifact://team/uploads/abc/shoes.zip"
FILES = {"model.json": b"{}", "tokens/vocab.txt": b"a\nb"}


def zipped(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return held.getvalue()


def opened(local: Local, patch: pytest.MonkeyPatch, named: str, **more: str) -> dict[str, bytes]:
    """Run a stage that opens its model; gives the files that it saw."""
    local.apply(patch, STAGEWORK_MODEL=named, **more)
    seen: dict[str, bytes] = {}

    def detect(ctx: Context) -> None:
        place = ctx.model_folder()
        assert ctx.model_folder() == place
        files = (path for path in place.rglob("*") if path.is_file())
        seen.update({file.relative_to(place).as_posix(): file.read_bytes() for file in files})

    stagekit.main({"ocr": detect}, ["x"], QUICK)
    return seen


def uploaded(local: Local, content: bytes) -> None:
    place = local.folder / "artifacts/team/uploads/abc/shoes.zip"
    place.parent.mkdir(parents=True)
    place.write_bytes(content)


def test_a_mounted_folder_is_taken_as_it_is(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    place = local.folder / "models"
    place.mkdir()
    (place / "model.json").write_bytes(b"{}")
    assert opened(local, monkeypatch, str(place)) == {"model.json": b"{}"}


@pytest.mark.parametrize("top", ["", "shoes/"])
def test_an_uploaded_archive_is_unpacked_once_and_a_folder_around_all_does_not_matter(
    local: Local, monkeypatch: pytest.MonkeyPatch, top: str
) -> None:
    uploaded(local, zipped((top + name, content) for name, content in FILES.items()))
    assert opened(local, monkeypatch, ADDRESS) == FILES
    assert local.mark["outcome"] == "Succeeded"
    left = [path.name for path in (local.folder / "work/model-archive").iterdir()]
    assert left == [], "the archive's bytes are not kept beside what was in it"


def test_the_archive_comes_through_the_real_service(
    local: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running(tmp_path / "volume") as service:
        alice = service.cluster.person("alice", ("create", "team"))
        packed = zipped(FILES.items())
        uri = service.ask("PUT", "/v1/uploads/team/shoes.zip", alice, packed).json["uri"]
        assert opened(local, monkeypatch, uri, **pod(local, service, uri)) == FILES


def test_an_upload_that_is_gone_is_a_reason_and_no_further_attempt(
    local: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running(tmp_path / "volume") as service:
        gone = f"artifact://team/uploads/{'0' * 64}/shoes.zip"
        opened(local, monkeypatch, gone, **pod(local, service, gone))
    assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", "ModelNotFound")
    assert str(local.mark["message"]).startswith("upload the model (again): ")


def pod(local: Local, service: Service, model: str) -> dict[str, str]:
    """A Pod of the service's cluster: its variables."""
    token = local.folder / "token"
    run = service.cluster.run()
    token.write_text(service.cluster.stage_pod(run, "ocr", "pod-1", attempt=2, model=model))
    return {"STAGEWORK_API_URL": service.url, "STAGEWORK_TOKEN_FILE": str(token)}


@pytest.mark.parametrize(
    ("named", "reason"),
    [("", "ModelNotSet"), ("/no/such/folder", "ModelNotFound"), (ADDRESS, "ModelNotFound")],
)
def test_no_model_is_a_clear_reason(
    local: Local, monkeypatch: pytest.MonkeyPatch, named: str, reason: str
) -> None:
    opened(local, monkeypatch, named)
    assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", reason)


def test_an_empty_volume_is_no_model(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    (local.folder / "models").mkdir()
    opened(local, monkeypatch, str(local.folder / "models"))
    assert local.mark["reason"] == "ModelNotFound"
    assert "mount a volume" in local.mark["message"]


def link() -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("model.onnx")
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


HOSTILE = {
    "a way out": zipped([("../escaped", b"x")]),
    "a way out further in": zipped([("a/../../escaped", b"x")]),
    "an absolute path": zipped([("/escaped", b"x")]),
    "a Windows path": zipped([("..\\escaped", b"x")]),
    "a link": zipped([(link(), b"/etc/passwd")]),
    "a file within a file": zipped([("a", b"x"), ("a/b", b"x")]),
    "too many files": zipped((str(n), b"") for n in range(models.MOST_FILES + 1)),
    "nothing": zipped([]),
    "no zip": b"not an archive",
    "half a zip": zipped([("a", bytes(5000)), ("b", b"x")])[:-40],
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_archive_is_refused_and_writes_nothing_outside(
    local: Local, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    uploaded(local, content)
    opened(local, monkeypatch, ADDRESS)
    assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", "ModelBroken")
    assert not list(local.folder.rglob("escaped"))
    assert not (local.folder / "work/model").exists()


def test_an_archive_that_grows_beyond_the_limit_is_refused_before_it_is_unpacked(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MOST_BYTES", 10_000)
    uploaded(local, zipped([("a", bytes(6000)), ("b", bytes(6000))]))
    opened(local, monkeypatch, ADDRESS)
    assert local.mark["reason"] == "ModelBroken"
    assert not list((local.folder / "work").rglob("a"))


def test_a_file_that_is_longer_than_it_says_is_refused(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bytearray(zipped([("a", bytes(5000))]))
    at = packed.rindex(b"PK\x01\x02") + 24  # the central directory's word on the size
    packed[at : at + 4] = (10).to_bytes(4, "little")
    uploaded(local, bytes(packed))
    opened(local, monkeypatch, ADDRESS)
    assert local.mark["reason"] == "ModelBroken"
